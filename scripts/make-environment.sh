#!/bin/sh
# A Python environment from a lock with hashes: make-environment.sh PYTHON LOCK [FOLDER]
# Without a folder it is .venv, and has the project itself, too.
set -eu
here=$(dirname "$0")
python=$1
lock=$2
folder=${3:-.venv}

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
    echo "there is no $python: install Python 3.11 or newer, or name one: make run PYTHON=..." >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is Python $version; One Map needs 3.11 or newer: make run PYTHON=python3.12" >&2
    exit 1
}
if [ ! -x "$folder/bin/pip" ]; then
    "$python" -c 'import ensurepip' 2>/dev/null ||
        "$here/apt-install.sh" "Python's venv module" "python$version-venv"
    "$python" -m venv --clear "$folder"
fi
echo "Installing Python packages from $lock into $folder (some minutes at first)"
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$lock"
[ "$folder" != .venv ] ||
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
