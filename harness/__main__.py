"""
`python -m harness` is `payproof`.
"""

from harness.cli import main

main()
