"""What each `payproof` command does, one module each; the flags are in `harness/cli.py`."""
