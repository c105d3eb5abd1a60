#!/bin/bash
# Runs once, in the postgis container, when its data folder is new: the roles with their passwords,
# and what only a superuser may do, in template1, from which every map's database is made.
# `onemap` then makes the databases itself (server/provision.py); it is no superuser.
set -euo pipefail

sql=${ONEMAP_SQL:-/onemap}
psql=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set owner=onemap)

# psql takes the passwords from its environment: arguments can be read by everybody.
"${psql[@]}" --dbname postgres <<SQL
\\getenv owner_password ONEMAP_DB_PASSWORD
\\getenv planner_password ONEMAP_PLANNER_DB_PASSWORD
\\getenv web_password ONEMAP_WEB_DB_PASSWORD
\\include $sql/roles.sql
ALTER ROLE onemap CREATEDB;
GRANT CONNECT ON DATABASE postgres TO onemap;
SQL
"${psql[@]}" --dbname template1 --set whole_server=yes --set closing=yes \
    --file "$sql/closed.sql" --file "$sql/contents.sql"
