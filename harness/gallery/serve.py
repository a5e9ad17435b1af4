"""
A broken gateway as a process: `python -m harness.gallery.serve MUTANT`; otherwise just like the reference gateway.
"""

import sys
from collections.abc import Sequence

from harness.gallery import MUTANTS
from reference_gateway.__main__ import main as serve_gateway


def main(argv: Sequence[str]) -> int:
    """
    Serve one mutant; settings come from GATEWAY_ variables.
    """
    if len(argv) != 1 or argv[0] not in MUTANTS:
        sys.stderr.write(f"usage: python -m harness.gallery.serve MUTANT, one of {', '.join(MUTANTS)}\n")
        return 2
    return serve_gateway([], **MUTANTS[argv[0]].parts())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
