#!/bin/sh
# Fast tests first: nobody waits for servers to learn of a typing slip. No process may survive them.
set -eu
cd "$(dirname "$0")/.."
workers=${PYTEST_WORKERS:-2}
python=.venv/bin/python
run() { $python tools/watched.py $python -m pytest -q -n "$workers" --dist loadfile "$@"; }
run -m "not processes" tests "$@"
run -m "processes" tests "$@"
