"""On somebody else's PostgreSQL: asked for once, no more than needed, and nobody's rights change.

The server is Debian's, with passwords. One database is a neighbour's, who has data of their own in
it; another is made for the map, and closed because that was asked for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
import yaml

from flows.opening import open_job
from flows.pipeline import refresh
from geo.errors import ConfigurationError
from geo.settings import Settings, from_environment, project_folder
from geo.store.database import open_engine, transaction
from geo.store.declare import prepare
from geo.store.migrate import execute_script
from schemas.catalogue import load_catalogue
from server.cluster import ensure_database
from server.grants import grants, open_functions
from sql import statement
from tests.cli.conftest import Onemap, environment_of, onemap, warm_onemap
from tests.conftest import reading_by
from tests.db.foreign import PASSWORDS, Server, foreign_server, free_port

__all__ = ["onemap", "warm_onemap"]

pytestmark = pytest.mark.slow

RIGHTS_OF_EVERYBODY = """
select 'database ' || datname, privilege_type
from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0
union all
select 'schema ' || nspname, privilege_type
from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) where grantee = 0
union all
select format('relation %s', pg_class.oid::regclass), privilege_type
from pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
where grantee = 0 and relnamespace in ('public'::regnamespace, 'budget'::regnamespace)
  and relname not in ('geometry_columns', 'geography_columns', 'spatial_ref_sys')
union all
select 'language ' || lanname, privilege_type
from pg_language, aclexplode(coalesce(lanacl, acldefault('l', lanowner))) where grantee = 0
union all
select format('default of %s for %s', defaclrole::regrole, defaclobjtype), privilege_type
from pg_default_acl, aclexplode(defaclacl) where grantee = 0
union all
select format('function %s', pg_proc.oid::regprocedure), privilege_type
from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
where grantee = 0 and pronamespace in ('pg_catalog'::regnamespace, 'budget'::regnamespace)
order by 1, 2
"""
EVERYTHING = """
select 'schema', nspname, nspacl::text from pg_namespace
union all select 'relation', relname, relacl::text from pg_class
union all select 'function', oid::regprocedure::text, proacl::text from pg_proc
union all select 'extension', extname, null from pg_extension
union all select 'role', rolname, rolconfig::text from pg_roles
union all select 'database', datname, datacl::text from pg_database order by 1, 2, 3;
"""
REFERENCE = re.compile(r"\$\{([A-Z_]+)(?::[?-][^}]*)?\}")
QUOTED = re.compile(r"\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'", re.DOTALL)
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
REFUSED = re.compile(r"pg_sleep|.*_to_xml|lo_|pg_.*advisory|pg_terminate|pg_cancel|dblink|ts_stat")
FORBIDDEN = [
    "create table web.mine (a int)",
    "create table onemap.mine (a int)",
    "create table public.mine (a int)",
    "create schema mine",
    "create temporary table mine (a int)",
    "create function pg_temp.mine() returns int language sql as 'select 1'",
    "select * from meta.quarantined_row",
    "select * from meta.run",
    "select * from core.parks",
    "insert into onemap.parks (name_th) values ('mine')",
    "delete from web.parks",
    "update meta.pointer set release = 9",
    "call meta.grant_readers()",
    "select meta.target_release()",
    "set role gis_staff",
    "set role postgres",
    "set session authorization gis_staff",
    "alter role onemap_planner superuser",
    "alter role onemap_web createrole",
    "alter database onemap_sample set work_mem = '1GB'",
    "alter system set work_mem = '1GB'",
    "grant all on schema core to public",
    "create extension dblink",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select loread(0, 1)",
    "select lo_import('/etc/passwd')",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/mine'",
    "select pg_sleep(0)",
    "select query_to_xml('select 1', true, true, '')",
    "select database_to_xml(true, true, '')",
    "select * from ts_stat('select null::tsvector')",
    "select ts_rewrite('a'::tsquery, 'select null::tsquery, null::tsquery')",
    "select pg_advisory_lock(1)",
    "select pg_terminate_backend(pg_backend_pid())",
    "select pg_notify('a', 'b')",
    "select rolpassword from pg_authid",
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with foreign_server() as running:
        yield running


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="onemap-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rights_before(server: Server) -> list[str]:
    """What everybody may do, before the map is in the neighbour's database."""
    return _rights(server)


@pytest.fixture(scope="module")
def city(
    server: Server,
    rights_before: list[str],
    onemap: Onemap,
    forked_reader: Callable[..., object],
    home: Path,
) -> dict[str, str]:
    """Environment of the map in the neighbour's database: prepared once, and run once."""
    environment = server.environment("city")
    asked = onemap("db", "grants", home=home, **environment)
    assert asked.returncode == 0, asked.stderr
    server.administer(asked.stdout)
    job = open_job(_settings(environment, home), "sample")
    with reading_by(forked_reader):
        result = refresh(job, only=["sample_districts", "sample_subdistricts"])
    job.engine.dispose()
    assert result.ended_well and result.release and result.release.number == 1
    return environment


@pytest.fixture(scope="module")
def closed(server: Server, city: dict[str, str], home: Path) -> dict[str, str]:
    """Environment of a map in a database of its own, which was closed to everybody else."""
    environment = server.environment()
    settings = _settings(environment, home)
    server.administer(grants(settings, "sample", close_public=True))
    engine = open_engine(ensure_database(settings, "sample"))
    prepare(engine, load_catalogue().map_view("sample"))
    engine.dispose()
    return environment


def test_one_round_of_grants_and_the_map_is_published(city: dict[str, str], server: Server) -> None:
    with server.connect("onemap_planner", "city") as planner:
        counted = planner.execute("select count(*) from onemap.districts").fetchone()
    assert counted and counted[0] == 50


def test_nothing_is_asked_for_again(city: dict[str, str], onemap: Onemap, home: Path) -> None:
    asked = onemap("db", "grants", home=home, **city)
    assert (
        asked.stdout
        == f"-- {city['ONEMAP_DATABASE_URL'].rpartition('@')[2]}: nothing is missing.\n"
    )


def test_a_server_that_is_not_prepared_yet_is_said_with_what_prepares_it(
    server: Server, onemap: Onemap, home: Path
) -> None:
    unknown = {"ONEMAP_DATABASE_URL": f"postgresql://nobody_yet:p@127.0.0.1:{server.port}/"}
    refused = onemap("run", home=home, **unknown)
    assert refused.returncode == os.EX_UNAVAILABLE
    assert "correct ONEMAP_DATABASE_URL, or have `onemap db grants | psql` run" in refused.stderr


def test_the_whole_list_may_be_run_again(city: dict[str, str], server: Server, home: Path) -> None:
    wrong = city | {"ONEMAP_DATABASE_URL": city["ONEMAP_DATABASE_URL"].replace(":owner", ":other")}
    again = grants(_settings(wrong, home), "sample")
    assert "cannot be entered yet" in again
    before = _rights(server)
    server.administer(again)
    assert _rights(server) == before
    with server.connect("gis_staff", "city"):
        pass  # its password is still the first one


def test_what_everybody_may_do_is_what_it_was(
    city: dict[str, str], rights_before: list[str], server: Server
) -> None:
    after = _rights(server)
    assert after == rights_before
    assert {"schema public|CREATE", "relation streets|INSERT", "database city|TEMPORARY"} <= {
        *after
    }
    assert "function pg_sleep(double precision)|EXECUTE" in after


def test_the_neighbours_go_on_as_before(city: dict[str, str], server: Server) -> None:
    with server.connect("everybody_else", "city") as anybody:
        assert anybody.execute("select year, budget.total() from budget.plan").fetchone() == (1, 3)
        anybody.execute("insert into public.streets values ('Sathon')")
        anybody.execute("create table public.theirs (a int); drop table public.theirs")
        anybody.execute("create temporary table theirs (a int)")
        for ours in ("web.parks", "onemap.parks", "core.parks", "meta.run"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                anybody.execute(f"select * from {ours}")


def test_a_reader_with_another_password_is_told(
    city: dict[str, str], server: Server, home: Path
) -> None:
    other = city["ONEMAP_WEB_DATABASE_URL"].replace("onemap_web:", "onemap_web:other")
    told = grants(_settings(city | {"ONEMAP_WEB_DATABASE_URL": other}, home), "sample")
    assert "\\password onemap_web" in told and "nothing is missing" not in told
    assert all(line.startswith("--") for line in told.splitlines())


def test_no_password_is_printed(city: dict[str, str], home: Path) -> None:
    unreachable = {name: url.replace("127.0.0.1", "localhost:1,") for name, url in city.items()}
    for environment in (city, unreachable, {k: v for k, v in city.items() if "WEB" not in k}):
        printed = grants(_settings(environment, home), "sample", close_public=True)
        assert not any(password in printed for password in PASSWORDS.values())


def test_the_private_cluster_has_no_administrator(onemap: Onemap, tmp_path: Path) -> None:
    refused = onemap("db", "grants", home=tmp_path)
    assert refused.returncode == os.EX_CONFIG and refused.stdout == ""
    assert "postgresql://OWNER:PASSWORD@HOST:5432" in refused.stderr


@pytest.mark.parametrize(
    "name", ['gis\'s "own"; select 1/0; --', "g\\is\n\\! touch it", ":owner ชื่อ GIS"]
)
def test_names_stay_names_however_they_are_written(
    city: dict[str, str], server: Server, home: Path, name: str
) -> None:
    written = quote(name, safe="")
    unreachable = f"postgresql://{written}:p@127.0.0.1:{server.port}/{written}"
    environment = city | {"ONEMAP_DATABASE_URL": unreachable}
    server.administer(grants(_settings(environment, home), "sample"))
    with psycopg.connect(unreachable) as owner:
        assert owner.execute("select current_user, current_database()").fetchone() == (name, name)
    assert "nothing is missing" in grants(_settings(environment, home), "sample")


def test_a_server_that_is_not_there_yet_gets_the_whole_list(home: Path, server: Server) -> None:
    environment = {
        name: url.replace(f":{server.port}/", ":1/")
        for name, url in server.environment(owner="gis_staff").items()
    }
    printed = grants(_settings(environment, home), "sample")
    for part in ("CREATE ROLE", "onemap_planner", "CREATE DATABASE", "CREATE EXTENSION", "GRANT"):
        assert part in printed
    assert "\\set owner 'gis_staff'" in printed and "\\set database 'onemap_sample'" in printed


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("role", ["onemap_planner", "onemap_web"])
def test_readers_do_no_more_than_read(
    closed: dict[str, str], server: Server, role: str, statement: str
) -> None:
    with server.connect(role, "onemap_sample") as reader:
        for setting in ("default_transaction_read_only = off", "statement_timeout = 0"):
            reader.execute(f"set {setting}")  # any role may do that, and gains nothing by it
        for identity in ("reset role", "set role none", "reset session authorization"):
            reader.execute(identity)
        assert reader.execute("select current_user, session_user").fetchone() == (role, role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)


def test_readers_enter_no_other_database(closed: dict[str, str], server: Server) -> None:
    server.administer("create database private; revoke all on database private from public")
    for role in ("onemap_planner", "onemap_web", "gis_staff"):
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            server.connect(role, "private")


def test_personal_columns_are_read_by_nobody(city: dict[str, str], server: Server) -> None:
    with server.connect("gis_staff", "city") as owner:
        personal = owner.execute(
            "select layer_id, column_name from meta.layer_column where privacy = 'personal'"
        ).fetchall()
        assert personal
    for role, schema in (("onemap_planner", "onemap"), ("onemap_web", "web")):
        with server.connect(role, "city") as reader:
            for layer, column in personal:
                with pytest.raises(psycopg.errors.UndefinedColumn):
                    reader.execute(f"select {column} from {schema}.{layer}")


def test_without_a_login_of_their_own_nobody_reads_as_the_owner(
    city: dict[str, str], onemap: Onemap, home: Path
) -> None:
    owner = {"ONEMAP_DATABASE_URL": city["ONEMAP_DATABASE_URL"]}
    for command in (
        ("db", "url", "--role", "onemap_planner"),
        ("db", "url", "--role", "onemap_web"),
        ("db", "psql", "--role", "onemap_planner"),
        ("serve",),
    ):
        refused = onemap(*command, home=home, **owner)
        assert refused.returncode == os.EX_CONFIG
        assert "onemap db grants" in refused.stderr and "DATABASE_URL is not set" in refused.stderr
        assert PASSWORDS["gis_staff"] not in refused.stderr + refused.stdout


def test_a_planner_needs_no_other_login(
    city: dict[str, str], onemap: Onemap, tmp_path: Path
) -> None:
    planner = {"ONEMAP_PLANNER_DATABASE_URL": city["ONEMAP_PLANNER_DATABASE_URL"]}
    printed = onemap("db", "url", "--role", "onemap_planner", home=tmp_path / "none", **planner)
    assert printed.stdout.strip() == planner["ONEMAP_PLANNER_DATABASE_URL"]
    with psycopg.connect(printed.stdout.strip()) as connection:
        connection.execute("select * from onemap.layer_status")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("role", ["onemap", "onemap_planner"])
def test_psql_is_given_no_password_that_others_can_read(
    city: dict[str, str], home: Path, role: str
) -> None:
    with _psql(city, home, role) as psql:
        line = Path(f"/proc/{psql.pid}/cmdline").read_bytes()
        assert b"dbname='city'" in line
        for password in PASSWORDS.values():
            assert password.encode() not in line and quote(password, safe="").encode() not in line
        said, _ = psql.communicate("select session_user;", timeout=20)
    assert {"onemap": "gis_staff"}.get(role, role) in map(str.strip, said.splitlines())


def test_a_schema_of_our_name_that_is_not_ours_is_refused_before_anything_is_changed(
    city: dict[str, str], server: Server, onemap: Onemap, home: Path
) -> None:
    server.administer("create database theirs owner gis_staff")
    server.administer("create schema web; create table web.pages (a int);", "theirs")
    environment = server.environment("theirs")
    before = server.administer(EVERYTHING, "theirs")
    for command in (("run",), ("holds",), ("db", "grants"), ("db", "migrate")):
        refused = onemap(*command, home=home, **environment)
        assert refused.returncode == os.EX_CONFIG, refused
        assert "`web` (of postgres)" in refused.stderr and "Nothing was changed" in refused.stderr
    assert server.administer(EVERYTHING, "theirs") == before


@pytest.mark.parametrize(
    "theirs",
    [
        "create schema meta",
        "create schema meta; create table meta.migration (id int)",
        "create schema meta; create table meta.migration (name text, sha256 text, id int)",
        "create schema meta; create table meta.migration (name text, sha256 text, applied_at"
        " timestamptz); insert into meta.migration values ('0001_init.sql')",
        "create schema core; create schema meta;"
        " create table meta.migration (name text, sha256 text, applied_at timestamptz)",
        "create schema meta; create table meta.other (a int);"
        " create table meta.migration (name text, sha256 text, applied_at timestamptz)",
    ],
)
def test_what_looks_like_ours_is_refused_too(
    city: dict[str, str], server: Server, home: Path, theirs: str
) -> None:
    server.administer("drop database if exists alike; create database alike owner gis_staff")
    server.administer(f"set role gis_staff; {theirs}", "alike")
    with pytest.raises(ConfigurationError, match="not One Map's"):
        ensure_database(_settings(server.environment("alike"), home), "sample")


def test_a_first_run_that_was_killed_goes_on(
    city: dict[str, str], server: Server, home: Path
) -> None:
    """The register of migrations is made first, and may be all that there is."""
    settings = _settings(server.environment("begun"), home)
    server.administer(grants(settings, "sample"))
    engine = open_engine(ensure_database(settings, "sample"))
    with transaction(engine) as connection:
        execute_script(connection, statement("migration_register"))
    prepare(open_engine(ensure_database(settings, "sample")), load_catalogue().map_view("sample"))
    assert ensure_database(settings, "sample")
    engine.dispose()


def test_postgis_in_another_schema_is_found_there(
    city: dict[str, str], server: Server, home: Path
) -> None:
    server.administer("create database elsewhere owner neighbour")
    extensions = "create schema gis; create extension postgis schema gis;"
    server.administer(extensions + "revoke all on schema public from public", "elsewhere")
    settings = _settings(server.environment("elsewhere"), home)
    server.administer(grants(settings, "sample"))
    assert "nothing is missing" in grants(settings, "sample")
    engine = open_engine(ensure_database(settings, "sample"))
    prepare(engine, load_catalogue().map_view("sample"))
    engine.dispose()
    for role, schema in (("onemap_planner", "onemap"), ("onemap_web", "web")):
        with server.connect(role, "elsewhere") as reader:
            reader.execute(f"select st_asgeojson(geom) from {schema}.parks")


def test_a_database_that_keeps_no_unicode_is_refused(
    city: dict[str, str], server: Server, home: Path
) -> None:
    server.administer(
        "create database latin owner gis_staff template template0 encoding 'LATIN1' locale 'C'"
    )
    with pytest.raises(ConfigurationError, match=r"LATIN1.*UTF8"):
        ensure_database(_settings(server.environment("latin"), home), "sample")


@pytest.fixture(scope="module")
def served(city: dict[str, str], server: Server, home: Path) -> Iterator[str]:
    """Address of the web service, which has what docker-compose.yml gives it and nothing else."""
    with _web_service(_composed(server, "web", "city"), home) as address:
        yield address


def test_the_web_service_runs_by_its_own_password_alone(served: str) -> None:
    health = httpx.get(f"{served}/health").json()
    assert health == {"status": "ok", "map": "sample", "release": 1}
    features = httpx.get(f"{served}/api/collections/districts/items").json()
    assert features["numberMatched"] == 50


def test_the_server_of_docker_compose_needs_no_superuser_later(home: Path) -> None:
    """Its script as it stands; then the services' own environments make and read the maps."""
    script = project_folder() / "scripts" / "compose-roles.sh"
    with foreign_server() as server:
        environment = {
            "PATH": os.environ["PATH"],
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": PASSWORDS["postgres"],
            "POSTGRES_USER": "postgres",
            "ONEMAP_DB_PASSWORD": "0wner",
            "ONEMAP_PLANNER_DB_PASSWORD": PASSWORDS["onemap_planner"],
            "ONEMAP_WEB_DB_PASSWORD": PASSWORDS["onemap_web"],
            "ONEMAP_SQL": str(project_folder() / "sql" / "server"),
        }
        subprocess.run([script], env=environment, check=True)
        settings = _settings(_composed(server, "run"), home)
        for map_id in ("sample", "bangkok", "sample"):
            with psycopg.connect(ensure_database(settings, map_id)) as owner:
                assert owner.execute("select st_srid(st_point(0, 0, 4326))").fetchone() == (4326,)
        for role in ("onemap_planner", "onemap_web"):
            with server.connect(role, "onemap_bangkok") as reader:
                reader.execute("set default_transaction_read_only = off")
                for statement in ("select pg_sleep(0)", "create temporary table mine (a int)"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        reader.execute(statement)
            with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
                server.connect(role, "template1")


def test_a_request_that_names_a_function_reaches_no_database(served: str, server: Server) -> None:
    """Everybody may call them here: nothing was closed. The server's log has all statements."""
    with server.connect("onemap_web", "city") as web:
        web.execute("select pg_sleep(0), query_to_xml('select 1', true, true, '')")
    written = server.log.stat().st_size
    with httpx.Client(base_url=served, timeout=20) as client:
        answers = {request: client.get(request) for request in _requests_that_name_functions()}
    for request, answer in answers.items():
        assert answer.status_code in (200, 307, 400, 404), (request, answer.text)
    with server.log.open() as log:
        log.seek(written)
        said = log.read()
    called = {name.lower() for name in CALL.findall(QUOTED.sub("", said))}
    assert called, "the log has the statements of the good requests"
    assert not {name for name in called if REFUSED.match(name)}, called


def test_what_everybody_may_still_do_is_told(
    city: dict[str, str], closed: dict[str, str], onemap: Onemap, home: Path
) -> None:
    left = open_functions(open_engine(city["ONEMAP_DATABASE_URL"]))
    assert any(name.startswith("pg_sleep(") for name in left)
    assert any(name.startswith("query_to_xml(") for name in left)
    assert open_functions(open_engine(ensure_database(_settings(closed, home), "sample"))) == []
    for environment, state, said in (
        (city, "bad", "CREATE ON SCHEMA public"),
        (closed, "ok", "no map"),
    ):
        doctor = onemap("doctor", "--json", "--lang", "en", home=home, **environment)
        (told,) = [row for row in json.loads(doctor.stdout) if row["check"] == "everybody"]
        assert told["state"] == state and said in f"{told['found']} {told['advice']}"


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("postgres", "may do more"),
        ("gis_staff", "as the owner"),
        ("onemap_planner", "is not onemap_web"),
        ("everybody_else", "is not onemap_web"),
    ],
)
def test_the_map_is_not_served_by_a_login_that_may_more_or_is_another(
    city: dict[str, str], server: Server, onemap: Onemap, home: Path, login: str, said: str
) -> None:
    environment = city | {"ONEMAP_WEB_DATABASE_URL": server.url(login, "city")}
    refused = onemap("serve", home=home, **environment)
    assert refused.returncode == os.EX_CONFIG
    assert said in refused.stderr and PASSWORDS[login] not in refused.stderr


def test_the_web_login_that_was_given_more_is_refused(
    city: dict[str, str], server: Server, onemap: Onemap, home: Path
) -> None:
    web = {"ONEMAP_WEB_DATABASE_URL": city["ONEMAP_WEB_DATABASE_URL"]}
    for more in ("gis_staff", "pg_read_all_data", "neighbour"):
        server.administer(f"grant {more} to onemap_web")
        if more == "neighbour":
            continue
        refused = onemap("serve", home=home, **web)
        server.administer(f"revoke {more} from onemap_web")
        assert refused.returncode == os.EX_CONFIG and "may do more" in refused.stderr, more
    server.administer("revoke neighbour from onemap_web")


def test_what_is_not_there_is_said_with_what_to_do(
    city: dict[str, str], server: Server, onemap: Onemap, home: Path
) -> None:
    server.administer("create database empty; create database onemap_other")
    for database, map_id, said in (
        (
            "empty",
            "sample",
            "holds no map yet; take its sources in first, as the owner: `onemap run",
        ),
        ("nowhere", "sample", "does not exist; take its sources in first"),
        ("city", "bangkok", "holds the map `sample`, not `bangkok`"),
    ):
        web = {"ONEMAP_WEB_DATABASE_URL": server.url("onemap_web", database)}
        refused = onemap("serve", "--map", map_id, home=home, **web)
        assert refused.returncode in (os.EX_CONFIG, os.EX_UNAVAILABLE)
        assert said in refused.stderr, refused.stderr


def test_the_guide_shows_what_is_said(
    city: dict[str, str], server: Server, onemap: Onemap, home: Path
) -> None:
    guide = (project_folder() / "docs" / "operating.md").read_text("utf-8")
    _, _, section = guide.partition("## Your own PostgreSQL\n")
    server.administer("create database bare; create database taken owner gis_staff")
    server.administer("create schema web", "taken")
    owner = {"ONEMAP_DATABASE_URL": city["ONEMAP_DATABASE_URL"].removesuffix("/city")}
    web = {"ONEMAP_WEB_DATABASE_URL": server.url("onemap_web", "bare")}
    for command, environment, here, there in (
        ("db url --role onemap_planner", owner, "", ""),
        ("db grants", city, "/city:", "/onemap_sample:"),
        ("run", server.environment("taken"), "/taken ", "/city "),
        ("serve", web, "/bare ", "/onemap_sample "),
    ):
        result = onemap(*command.split(), home=home, **environment)
        said = (result.stdout + result.stderr).splitlines()[-1].replace(here, there)
        shown = said.replace(f"127.0.0.1:{server.port}", "db.city.example:5432")
        assert f"$ onemap {command}\n{shown}\n" in section


def _rights(server: Server) -> list[str]:
    query = f"copy ({RIGHTS_OF_EVERYBODY}) to stdout (delimiter '|');"
    return server.administer(query, "city").splitlines()


def _settings(environment: dict[str, str], home: Path) -> Settings:
    return from_environment(environment | {"ONEMAP_HOME": str(home)})


def _service(name: str) -> dict[str, Any]:
    """A service of docker-compose.yml."""
    with (project_folder() / "docker-compose.yml").open() as file:
        found: dict[str, Any] = yaml.safe_load(file)["services"][name]
    return found


def _composed(server: Server, service: str, database: str = "") -> dict[str, str]:
    """A service's environment in docker-compose.yml, with this server for its database."""
    values = {
        "ONEMAP_MAP": "sample",
        "ONEMAP_DB_PASSWORD": "0wner",
        "ONEMAP_WEB_DB_PASSWORD": quote(PASSWORDS["onemap_web"], safe=""),
    }
    return {
        name: REFERENCE.sub(lambda found: values.get(found[1], ""), value).replace(
            "@postgis:5432", f"@127.0.0.1:{server.port}/{database}"
        )
        for name, value in _service(service)["environment"].items()
    }


@contextmanager
def _web_service(environment: dict[str, str], home: Path) -> Iterator[str]:
    """Runs it, with nothing else in its environment, until it answers."""
    port = free_port()
    program, *arguments = _service("web")["command"]
    assert program == "onemap"
    command = [sys.executable, "-m", "cli", *arguments, "--port", str(port)]
    alone = {"PATH": os.environ["PATH"], "ONEMAP_HOME": str(home), **environment}
    assert not any(PASSWORDS["gis_staff"] in value for value in alone.values())
    process = subprocess.Popen(
        command, env=alone, cwd=project_folder(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "The map is at" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def _psql(environment: dict[str, str], home: Path, role: str) -> Iterator[subprocess.Popen[str]]:
    """`onemap db psql`, once psql has taken its place."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "db", "psql", "--role", role],
        env=environment_of(ONEMAP_HOME=str(home), **environment),
        cwd=project_folder(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        while Path(f"/proc/{process.pid}/comm").read_text().strip() != "psql":
            assert process.poll() is None
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def _requests_that_name_functions() -> list[str]:
    items = "/api/collections/districts/items"
    calls = [
        "pg_sleep(10)",
        "query_to_xml('select 1',true,false,'')",
        "lo_create(0)",
        "pg_advisory_lock(1)",
        "name_th) FROM web.map; SELECT pg_sleep(10) --",
        "'||pg_sleep(10)||'",
        '{"op":"pg_sleep","args":[10]}',
        '{"op":"=","args":[{"op":"query_to_xml","args":["select 1",true,false,""]},1]}',
    ]
    named = [
        f"{path}?{name}={quote(call, safe='')}"
        for call in calls
        for path, names in {
            items: (
                "filter",
                "FILTER",
                "filter-crs",
                "properties",
                "sortby",
                "name_th",
                "bbox",
                "datetime",
                "limit",
                "ids",
                "geom-column",
                "q",
            ),
            "/api/collections": ("filter", "bbox", "q"),
            "/search": ("q", "near", "layer", "lang"),
            "/unplaced": ("layer", "area", "district"),
        }.items()
        for name in names
    ]
    paths = [
        f"{prefix}{quote(call, safe='')}"
        for call in calls
        for prefix in (
            "/api/collections/",
            "/api/functions/",
            f"{items}/",
            "/tiles/0/0/",
            "/places/",
        )
    ]
    cql2 = "filter-lang=cql2-json&filter=" + quote(calls[-1], safe="")
    good = [items, f"{items}?limit=1&sortby=-name_th&bbox=100,13,101,14", f"{items}?{cql2}"]
    return named + paths + good
