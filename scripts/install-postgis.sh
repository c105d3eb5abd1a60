#!/bin/sh
# PostgreSQL with PostGIS from the distribution, unless it is there or another server is configured.
# The distribution's own cluster (`main`) is neither made nor started: One Map has a private one.
set -eu
here=$(dirname "$0")

server=
for bin in /usr/lib/postgresql/*/bin; do
    [ -x "$bin/initdb" ] || continue
    server=$(basename "$(dirname "$bin")")
    [ -f "/usr/lib/postgresql/$server/lib/postgis-3.so" ] && exit 0
done
[ -z "${ONEMAP_DATABASE_URL:-}" ] || exit 0

if [ -n "$server" ]; then
    exec "$here/apt-install.sh" "PostGIS for PostgreSQL $server" "postgresql-$server-postgis-3"
fi

"$here/apt-install.sh" "PostgreSQL" postgresql-common
[ "$(id -u)" -eq 0 ] && as_root= || as_root=sudo
no_main=/etc/postgresql-common/createcluster.d/onemap-install.conf
$as_root mkdir -p "$(dirname "$no_main")"
echo "create_main_cluster = false" | $as_root tee "$no_main" >/dev/null
trap '$as_root rm -f "$no_main"' EXIT
version=$(apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p')
"$here/apt-install.sh" "PostgreSQL with PostGIS" \
    "postgresql-$version" "postgresql-$version-postgis-3"
