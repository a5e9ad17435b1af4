#!/bin/sh
# Resolve pyproject.toml for every supported Python and platform, and export hashed files that name no index host.
# uv.lock itself names hosts thousands of times, so it is never committed.
set -eu
command -v uv >/dev/null || { echo "lock: needs uv (pip install uv)" >&2; exit 2; }
uv lock --quiet --upgrade
export_group() { file=$1; shift; uv export --quiet --no-emit-project --no-default-groups --no-header "$@" >"requirements/$file.txt"; }
export_group run
export_group load --group load
export_group dev --group load --group dev
