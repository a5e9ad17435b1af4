#!/bin/sh
# Make .venv and install one locked group into it: tools/setup.sh run|load|dev
# Touches the network only when the lock files of that group have changed since they were installed.
# With dev come SDKs of other languages, where node and npm, go, or mvn and javac are there; without them their tests say so.
set -eu
cd "$(dirname "$0")/.."
group=${1:?usage: tools/setup.sh run|load|dev}
venv=.venv
sdk=$venv/sdk/python-alipay-sdk
node_sdk=$venv/sdk/node
go_sdk=$venv/sdk/go
java_sdk=$venv/sdk/java
place=$(pwd -P)

# Which lock files a group consists of.
case $group in
  run) locks=run ;;
  load) locks="run load" ;;
  dev) locks="run load dev sdk-community" ;;
  *) echo "setup: no group $group: run, load or dev" >&2; exit 2 ;;
esac

say() { printf '%s\n' "setup: $*" >&2; }

has_uv() { command -v uv >/dev/null 2>&1; }

# A stamp is a copy of the lock file that was installed.
installed() { python_installed && project_installed && { [ "$group" != dev ] || { node_ready && go_ready go && go_ready gopay && java_ready; }; }; }

python_installed() {
  # The scripts in .venv/bin name the folder they were made in: in a copied or moved checkout they are somebody else's.
  [ "$(cat $venv/.place 2>/dev/null)" = "$place" ] || return 1
  for lock in $locks; do
    cmp -s "requirements/$lock.txt" "$venv/.installed-$lock" || return 1
  done
}

# What the project says of itself: its commands and its entry points are written down when it is installed.
project() { sed -n '/^\[project/,/^\[dependency-groups\]/p' pyproject.toml 2>/dev/null; }
project_installed() { project | cmp -s - $venv/.installed-project; }

install_project() {
  install --no-deps --no-build-isolation -e .
  project >$venv/.installed-project
}

# The lock file that npm installed lies beside what it installed.
has_node() { command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; }
node_ready() { ! has_node || cmp -s tests/sdk/node/package-lock.json $node_sdk/.installed; }
# So do the sources of which go built a program: tests/sdk/go, and tests/sdk/gopay with what runs the steps.
go_kit() { [ "$1" = go ] || echo tests/sdk/go/main.go tests/sdk/go/world.go; }
go_sources() { cat $(go_kit "$1") tests/sdk/$1/*.go tests/sdk/$1/go.mod tests/sdk/$1/go.sum 2>/dev/null; }
go_ready() { ! command -v go >/dev/null 2>&1 || go_sources "$1" | cmp -s - "$go_sdk/.built-$1"; }
# And the sources that javac compiled, with the pom whose packages they want.
has_java() { command -v javac >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1; }
java_sources() { cat tests/sdk/java/pom.xml tests/sdk/java/*.java 2>/dev/null; }
java_ready() { ! has_java || java_sources | cmp -s - $java_sdk/.built; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  say "no Python 3.11 or newer on PATH. Install one, or name it: make PYTHON=/path/to/python3.12 …"
  exit 2
}

usable() {
  [ "$(cat $venv/.place 2>/dev/null)" = "$place" ] && new_enough $venv/bin/python || return 1
  # What uv made has no pip in it.
  has_uv || $venv/bin/python -c 'import pip' 2>/dev/null
}

need_ensurepip() {
  "$1" -c 'import ensurepip; ensurepip.version()' 2>/dev/null && return
  # Debian ships venv's other half as a package of its own.
  package=$("$1" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "this Python has no ensurepip: installing $package"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } >/dev/null
  else
    say "this Python has no ensurepip. Run: sudo apt-get install $package (or put uv on PATH)"
    exit 2
  fi
}

make_venv() {
  python=$(find_python)
  rm -rf $venv
  if has_uv; then
    uv venv --quiet --python "$python" $venv
  else
    need_ensurepip "$python"
    "$python" -m venv $venv
  fi
  printf "%s" "$place" >$venv/.place
}

install() {
  if has_uv; then
    # Bytecode decides start-up: 0.5 s compiled, 1.35 s not.
    VIRTUAL_ENV=$PWD/$venv uv pip install --quiet --compile-bytecode "$@"
  else
    # Nothing is ever installed into the machine's own Python, whatever has become of .venv.
    PIP_REQUIRE_VIRTUALENV=1 $venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
  fi
}

# Both Python SDKs of Alipay install the file alipay/__init__.py, so one of them gets a folder of its own. It comes as
# source: setuptools out of the lock builds it, not the newest of the day.
install_sdk() {
  rm -rf $sdk
  # --use-pep517: otherwise an old pip wants the package wheel. uv does nothing else.
  has_uv && pep517= || pep517=--use-pep517
  install --require-hashes --no-deps --no-build-isolation $pep517 --target $sdk -r requirements/sdk-community.txt
}

# Built aside and moved in, so that what is there is whole. A failure costs the tests of these SDKs, which say why.
install_node_sdk() {
  aside=$node_sdk.new
  rm -rf $aside $node_sdk
  mkdir -p $aside
  cp tests/sdk/node/package.json tests/sdk/node/package-lock.json tests/sdk/node/.npmrc $aside/
  say "installing tests/sdk/node/package-lock.json (once)"
  if (cd $aside && npm ci --silent >npm.log 2>&1); then
    cp tests/sdk/node/package-lock.json $aside/.installed
    mv $aside $node_sdk
  else
    say "npm ci failed, so the tests of npm SDKs will be skipped:"
    tail -5 $aside/npm.log >&2
  fi
}

# A program for each folder that has a module of its own, so that one package that cannot be had costs its own tests only.
build_go_sdk() {
  aside=$go_sdk/$1.new
  rm -rf "$aside" "$go_sdk/.built-$1"
  mkdir -p "$aside" $go_sdk/bin
  cp $(go_kit "$1") tests/sdk/$1/*.go tests/sdk/$1/go.mod tests/sdk/$1/go.sum "$aside/"
  say "building tests/sdk/$1 (once)"
  # The go that is there or none: it would fetch another one.
  if (cd "$aside" && GOTOOLCHAIN=local CGO_ENABLED=0 go build -buildvcs=false -o "$place/$go_sdk/bin/$1" . 2>go.log); then
    go_sources "$1" >"$go_sdk/.built-$1"
  else
    rm -f "$go_sdk/bin/$1"
    say "go build failed, so the tests of Go SDKs in tests/sdk/$1 will be skipped:"
    tail -5 "$aside/go.log" >&2
  fi
  rm -rf "$aside"
}

build_java_sdk() {
  aside=$java_sdk.new
  rm -rf $aside $java_sdk
  mkdir -p $aside/classes
  cp tests/sdk/java/pom.xml $aside/
  say "building tests/sdk/java (once)"
  if (cd $aside && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
        -DoutputDirectory=lib -DincludeScope=runtime >mvn.log 2>&1) &&
     javac -proc:none -encoding UTF-8 -cp "$aside/lib/*" -d $aside/classes tests/sdk/java/*.java >$aside/javac.log 2>&1; then
    java_sources >$aside/.built
    mv $aside $java_sdk
  else
    say "mvn or javac failed, so the tests of Java SDKs will be skipped:"
    tail -5 $aside/*.log >&2
  fi
}

installed && exit 0
# Two makes in one checkout wait for each other; the kernel gives the lock back, however its holder ends.
if [ "${2:-}" != locked ]; then
  python=$(find_python)
  exec "$python" -c '
import fcntl, os, sys
folder = os.open(".", os.O_RDONLY)
os.set_inheritable(folder, True)
fcntl.flock(folder, fcntl.LOCK_EX)
os.execv("/bin/sh", ["sh", *sys.argv[1:]])' tools/setup.sh "$group" locked
fi
usable || make_venv
if ! python_installed; then
  say "installing requirements/$group.txt (once)"
  rm -f $venv/.installed-*
  install --require-hashes -r "requirements/$group.txt"
  install_project
  [ "$group" != dev ] || install_sdk
  for lock in $locks; do
    cp "requirements/$lock.txt" "$venv/.installed-$lock"
  done
fi
project_installed || install_project
[ "$group" != dev ] || node_ready || install_node_sdk
[ "$group" != dev ] || for module in go gopay; do go_ready $module || build_go_sdk $module; done
[ "$group" != dev ] || java_ready || build_java_sdk
