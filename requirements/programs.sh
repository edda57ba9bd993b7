#!/bin/sh
# The system programs that some tests drive, or that benchmarks measure against and load with. As root on Debian or
# Ubuntu they are installed, after saying so; elsewhere what needs a missing one is skipped, and says why.
#   programs.sh tests|benchmarks
set -eu
what=${1:-tests}
PATH=$PATH:/usr/sbin
case $what in
benchmarks) wanted="openssl:openssl nginx:nginx-light wrk:wrk cfssl:golang-cfssl softhsm2-util:softhsm2" ;;
*)
	wanted="openssl:openssl nginx:nginx-light curl:curl chromium:chromium certtool:gnutls-bin ocsptool:gnutls-bin"
	wanted="$wanted crlutil:libnss3-tools java:default-jdk-headless javac:default-jdk-headless softhsm2-util:softhsm2"
	wanted="$wanted systemd-analyze:systemd cc:gcc gcc:gcc uacme:uacme"
	;;
esac
missing=
for pair in $wanted; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing what some $what need from this system's packages:$missing."
	log=$(mktemp)
	(apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing) >"$log" 2>&1 || {
		tail -5 "$log" >&2
		echo "That failed: the $what that need$missing will be skipped." >&2
	}
	rm -f "$log"
else
	echo "Some $what need programs that are not here, and will be skipped; to run them: apt-get install$missing"
fi
