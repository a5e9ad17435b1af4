#!/bin/sh
# Resolve pyproject.toml for every supported Python and platform, and export hashed files that name no index host.
# uv.lock itself names hosts thousands of times, so it is never committed.
# Arguments go to `uv lock`: `tools/lock.sh --upgrade-package ruff` renews one and keeps what uv.lock holds of the rest.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "lock: needs uv (pip install uv)" >&2; exit 2; }
[ $# -gt 0 ] || set -- --upgrade
uv lock --quiet "$@"
export_group() { file=$1; shift; uv export --quiet --no-emit-project --no-default-groups --no-header "$@" >"requirements/$file.txt"; }
export_group run
export_group load --group load
export_group dev --group load --group dev
# By itself: what it needs is in dev already.
export_group sdk-community --only-group sdk-community --prune pycryptodomex --prune pyopenssl
