#!/bin/sh
# The system programs that some tests drive. As root on Debian or Ubuntu they are installed, after saying so; elsewhere
# the tests that need one that is missing are skipped, and say why.
set -eu
missing=
for pair in openssl:openssl chromium:chromium certtool:gnutls-bin javac:default-jdk-headless; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing what some tests need from this system's packages:$missing."
	log=$(mktemp)
	(apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing) >"$log" 2>&1 || {
		tail -5 "$log" >&2
		echo "That failed: the tests that need$missing will be skipped." >&2
	}
	rm -f "$log"
else
	echo "Some tests need programs that are not here, and will be skipped; to run them: apt-get install$missing"
fi
