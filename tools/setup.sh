#!/bin/sh
# Make .venv and install one locked group into it: tools/setup.sh run|load|dev
# Touches the network only when the lock file of that group has changed since it was installed.
set -eu
group=${1:?usage: tools/setup.sh run|load|dev}
lock=requirements/$group.txt
venv=.venv

say() { printf '%s\n' "setup: $*" >&2; }

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  say "no Python 3.11 or newer on PATH. Install one, or name it: make PYTHON=/path/to/python3.12 …"
  exit 2
}

make_venv() {
  python=$(find_python)
  if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --clear --python "$python" $venv
    return
  fi
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    # Debian ships venv's other half as a package of its own.
    package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      say "this Python has no ensurepip: installing $package"
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } >/dev/null
    else
      say "this Python has no ensurepip. Run: apt-get install $package"
      exit 2
    fi
  fi
  "$python" -m venv --clear $venv
}

install() {
  if command -v uv >/dev/null 2>&1; then
    # Bytecode decides start-up: 0.5 s compiled, 1.35 s not.
    VIRTUAL_ENV=$PWD/$venv uv pip install --quiet --compile-bytecode "$@"
  else
    $venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
  fi
}

stamp=$venv/.installed-$group
[ -f "$stamp" ] && cmp -s "$lock" "$stamp" && exit 0
[ -x $venv/bin/python ] && $venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || make_venv
say "installing $lock (once)"
install --require-hashes -r "$lock"
install --no-deps --no-build-isolation -e .
cp "$lock" "$stamp"
# dev holds all that run and load hold.
if [ "$group" = dev ]; then
  cp requirements/run.txt $venv/.installed-run
  cp requirements/load.txt $venv/.installed-load
elif [ "$group" = load ]; then
  cp requirements/run.txt $venv/.installed-run
fi
