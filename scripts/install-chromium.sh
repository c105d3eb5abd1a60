#!/bin/sh
# A browser for the tests: Debian's Chromium. CHROMIUM names another one.
set -eu
here=$(dirname "$0")

if [ -n "${CHROMIUM:-}" ]; then
    [ -x "$CHROMIUM" ] && exit 0
    echo "CHROMIUM is $CHROMIUM, which is no program" >&2
    exit 1
fi
if grep -qs '^ID=ubuntu' /etc/os-release; then
    # Ubuntu's package is a snap, which cannot read the tests' folders.
    command -v google-chrome >/dev/null && exit 0
    echo "the tests need a browser that is no snap: install Google Chrome's .deb package," \
        "or name a Chromium: make test CHROMIUM=/path/to/chromium" >&2
    exit 1
fi
command -v chromium >/dev/null || "$here/apt-install.sh" "Chromium (for the tests)" chromium
