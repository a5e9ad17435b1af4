#!/bin/sh
# Fast tests first: nobody waits for servers to learn of a typing slip.
set -eu
workers=${PYTEST_WORKERS:-2}
.venv/bin/python -m pytest -q -n "$workers" --dist loadfile -m "not processes" tests "$@"
.venv/bin/python -m pytest -q -n "$workers" --dist loadfile -m "processes" tests "$@"
