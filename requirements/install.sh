#!/bin/sh
# Make .venv and install what is pinned: every file's hash is checked, and only wheels are taken, so nothing is compiled
# and no package's code runs while it is installed.
#   install.sh PYTHON runtime|test|fuzz
set -eu
python=$1
what=$2
cd "$(dirname "$0")/.."

command -v "$python" >/dev/null 2>&1 || {
	echo "There is no $python: install Python 3.11 or newer, or name one with 'make PYTHON=/path/to/python3 ...'." >&2
	exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	echo "$("$python" --version) is too old: install Python 3.11 or newer, or name one with 'make PYTHON=/path/to/python3 ...'." >&2
	exit 1
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
	echo "This Python cannot make a virtual environment: install it (on Debian and Ubuntu: apt-get install python3-venv)." >&2
	exit 1
}

locks="requirements/runtime.txt requirements/build.txt"
[ "$what" = runtime ] || locks="$locks requirements/test.txt"
[ "$what" != fuzz ] || locks="$locks requirements/fuzz.txt"
done=.venv/.installed-$what
stamp=$(cat $locks pyproject.toml | cksum)
[ -x .venv/bin/python ] && [ "$(cat "$done" 2>/dev/null)" = "$stamp $(pwd)" ] && exit 0

[ -x .venv/bin/python ] || "$python" -m venv .venv
count=$(cat $locks | grep -c '^[a-zA-Z0-9].*==')
echo "Installing $count pinned packages into .venv: hashes checked, wheels only ($locks)."
set --
for lock in $locks; do set -- "$@" -r "$lock"; done
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: "$@"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$stamp $(pwd)" >"$done"
[ "$what" = runtime ] || echo "$(cat requirements/runtime.txt requirements/build.txt pyproject.toml | cksum) $(pwd)" >.venv/.installed-runtime
echo "Installed: $(pwd)/.venv/bin/pki-revocation"
