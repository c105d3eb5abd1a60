#!/bin/bash
# Runs once, in the postgis container, when its data folder is new: the roles with their passwords,
# and what only a superuser may do, in template1, from which every map's database is made.
# `onemap` then makes the databases itself (server/provision.py); it is no superuser.
set -euo pipefail

psql=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER")
"${psql[@]}" --dbname postgres \
    --set owner="$ONEMAP_DB_PASSWORD" \
    --set planner="$ONEMAP_PLANNER_DB_PASSWORD" \
    --set web="$ONEMAP_WEB_DB_PASSWORD" <<'SQL'
CREATE ROLE onemap LOGIN CREATEDB CREATEROLE PASSWORD :'owner';
SET ROLE onemap;  -- so that it may set and grant the readers' roles
CREATE ROLE onemap_planner LOGIN NOINHERIT PASSWORD :'planner';
CREATE ROLE onemap_web LOGIN NOINHERIT PASSWORD :'web';
RESET ROLE;
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO onemap;
SQL
{ cat "${ONEMAP_SQL:-/onemap}/database.sql"; echo '\gexec'; } | "${psql[@]}" --dbname template1
