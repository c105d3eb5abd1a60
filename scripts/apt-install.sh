#!/bin/sh
# Install Debian or Ubuntu packages: apt-install.sh WHY PACKAGE...
# Says what it installs; asks sudo if the caller is not root.
set -eu

why=$1
shift
command="apt-get install $*"
if ! command -v apt-get >/dev/null; then
    echo "$why is missing, and this is no Debian or Ubuntu: install what they call $*" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "$why is missing; have root run: $command" >&2
    exit 1
fi
echo "$why is missing. Installing with apt: $*"
$as_root apt-get update -qq ||
    echo "apt-get update failed; trying with the lists that are there" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "$why could not be installed (see above); mend that, or run: $command" >&2
    exit 1
}
