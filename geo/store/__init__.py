"""Store: the map's database: connections, tables, COPY, migrations, leases, and runs."""
