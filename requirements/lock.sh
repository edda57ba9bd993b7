#!/bin/sh
# Write the lock files anew: every version pinned, every file's hash, no address of an index.
#   lock.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"$1" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet uv
compile() {
	"$tool/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links "$@"
}
compile pyproject.toml --extra all -o requirements/runtime.txt
compile --group build -c requirements/runtime.txt -o requirements/build.txt
compile --group test -c requirements/runtime.txt -c requirements/build.txt -o requirements/test.txt
compile --group fuzz -c requirements/runtime.txt -c requirements/build.txt -c requirements/test.txt -o requirements/fuzz.txt
