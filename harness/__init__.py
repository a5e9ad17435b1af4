"""The harness: drives any payment gateway against the simulated providers, records what happened, and judges it."""
