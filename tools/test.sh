#!/bin/sh
# Fast tests first: nobody waits for servers to learn of a typing slip. No process may survive them.
set -eu
cd "$(dirname "$0")/.."
workers=${PYTEST_WORKERS:-2}
python=.venv/bin/python
# Every worker and every server would compile all of it again.
unset PYTHONDONTWRITEBYTECODE
run() { $python tools/watched.py $python -m pytest -q --dist loadfile "$@"; }
run -n "$workers" -m "not processes" tests "$@"
# Who waits for servers leaves a processor free: two thirds of their time is work. Only files with such a test are read.
# shellcheck disable=SC2046
run -n "$((workers + 1))" -m "processes" tests/sdk $(grep -rlE --include="test_*.py" "mark\.processes\b" tests) "$@"
