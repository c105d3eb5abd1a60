"""docker-compose.yml: every command is one of ours, no secret is in it, nothing listens outside.

No Docker engine is needed; what only an engine could tell is not claimed here.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import app
from geo.settings import project_folder

FILE = project_folder() / "docker-compose.yml"
EXAMPLE = project_folder() / ".env.example"
SECRET = re.compile(r"PASSWORD|AUTH|TOKEN|SECRET")
REFERENCE = re.compile(r"\$\{([A-Z_]+)(:[?-][^}]*)?\}")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return found


def test_it_has_the_services_that_the_readme_names(services: dict[str, Any]) -> None:
    assert set(services) == {"postgis", "prefect", "deploy", "worker", "web", "run"}


def test_every_onemap_command_is_a_real_one(services: dict[str, Any]) -> None:
    group = typer.main.get_command(app)
    commands = [service["command"] for service in services.values()]
    ours = [command[1:] for command in commands if command[0] == "onemap"]
    assert sorted(name for name, *_ in ours) == ["deploy", "run", "serve", "worker"]
    for name, *arguments in ours:
        command = group.commands[name]  # type: ignore[attr-defined]
        command.make_context(name, list(arguments))  # parses; raises for an unknown option


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service["environment"].items():
            secrets = [part for part in REFERENCE.findall(value) if SECRET.search(part[0])]
            assert all(required.startswith(":?") for _, required in secrets), (name, value)
            if SECRET.search(name):
                assert REFERENCE.fullmatch(value), (name, value)
            if "://" in value and "@" in value:
                password = value.split("://")[1].rsplit("@", 1)[0].split(":", 1)[1]
                assert REFERENCE.fullmatch(password), (name, value)


def test_each_service_has_the_passwords_that_it_needs_and_no_other(
    services: dict[str, Any],
) -> None:
    held = {
        name: {
            secret
            for value in service["environment"].values()
            for secret, _ in REFERENCE.findall(value)
            if SECRET.search(secret)
        }
        for name, service in services.items()
    }
    owner = {"ONEMAP_DB_PASSWORD", "PREFECT_AUTH"}
    assert held.pop("postgis") == {
        "POSTGRES_PASSWORD",
        "ONEMAP_DB_PASSWORD",
        "ONEMAP_PLANNER_DB_PASSWORD",
        "ONEMAP_WEB_DB_PASSWORD",
    }
    assert held.pop("web") == {"ONEMAP_WEB_DB_PASSWORD"}
    assert held.pop("prefect") == held.pop("deploy") == {"PREFECT_AUTH"}
    assert held == {"worker": owner, "run": owner}


def test_the_example_names_every_variable_and_no_secret() -> None:
    wanted = {name for name, _ in REFERENCE.findall(FILE.read_text())}
    lines = [line.partition("=") for line in EXAMPLE.read_text().splitlines() if "=" in line]
    given = {name: value for name, _, value in lines if not name.startswith("#")}
    assert set(given) == wanted
    assert not any(value for name, value in given.items() if SECRET.search(name))


def test_ports_are_bound_to_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_runs_for_long_is_watched_and_restarted(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name not in {"deploy", "run"}:
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["restart"] == "unless-stopped", name
    for name in ("worker", "web", "run"):
        waits = services[name]["depends_on"]
        assert waits["postgis"] == {"condition": "service_healthy"}


def test_prefect_is_closed_and_silent(services: dict[str, Any]) -> None:
    environment = services["prefect"]["environment"]
    assert environment["PREFECT_SERVER_API_AUTH_STRING"].startswith("${")
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://localhost:4200"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith(".filesystem")
    assert not any("DB_PASSWORD" in value for value in environment.values())


def test_prefects_server_has_an_image_of_its_own(services: dict[str, Any]) -> None:
    built = services["prefect"]["build"]
    assert services["prefect"]["image"] != services["worker"]["image"]
    stages = (project_folder() / "Dockerfile").read_text().split("\nFROM ")
    (stage,) = [one for one in stages if one.splitlines()[0].endswith(f" AS {built['target']}")]
    assert "-r requirements-prefect-server.lock" in stage
    assert "-r requirements.lock" in stages[-1], "the last one is built where none is named"


def test_the_image_can_dump_its_database(services: dict[str, Any]) -> None:
    """A dump that a newer pg_dump made cannot be restored into an older server."""
    server = services["postgis"]["image"].partition(":")[2].partition("-")[0]
    assert f" postgresql-client-{server} " in (project_folder() / "Dockerfile").read_text()


def test_what_deploys_waits_for_the_server_and_ends(services: dict[str, Any]) -> None:
    assert services["deploy"]["restart"] == "no"
    assert services["deploy"]["depends_on"] == {"prefect": {"condition": "service_healthy"}}


def test_both_locks_hold_the_same_prefect() -> None:
    def pins(lock: str) -> dict[str, str]:
        lines = (project_folder() / lock).read_text().splitlines()
        found = (line.split()[0].partition("==") for line in lines if re.match(r"\S+==", line))
        return {name.partition("[")[0]: version for name, _, version in found}

    ours, theirs = pins("requirements.lock"), pins("requirements-prefect-server.lock")
    assert ours["prefect"] == theirs["prefect"]
    assert tuple(map(int, theirs["whenever"].split(".")[:2])) >= (0, 11), "else its cron fails"
    assert not {"geopandas", "tipg", "psycopg"} & theirs.keys(), "it is no second application"


def test_the_lock_of_the_server_names_no_place() -> None:
    text = (project_folder() / "requirements-prefect-server.lock").read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text and "index-url" not in text and "file:" not in text


def test_scheduled_runs_find_the_delivered_files(services: dict[str, Any]) -> None:
    for name in ("deploy", "worker", "run"):
        folder = services[name]["environment"]["ONEMAP_DROPS"]
        assert any(mount.endswith(f":{folder}:ro") for mount in services[name]["volumes"]), name


@pytest.mark.parametrize("named", ["", "/srv/our city"])
def test_a_city_s_own_project_is_where_its_variable_says(
    services: dict[str, Any], named: str
) -> None:
    def filled(value: str) -> str:
        return re.sub(r"\$\{ONEMAP_DECLARATIONS:-([^}]*)\}", lambda r: named or r[1], value)

    for name in ("deploy", "worker", "run", "web"):
        service = services[name]
        assert filled(service["environment"]["ONEMAP_DECLARATIONS"]) == named, name
        mounts = [filled(mount) for mount in service["volumes"] if "DECLARATIONS" in mount]
        assert mounts == ([f"{named}:{named}:ro"] if named else ["./schemas:/built-in:ro"]), name


def test_what_is_mounted_from_the_project_is_there(services: dict[str, Any]) -> None:
    mounts = [mount for service in services.values() for mount in service.get("volumes", ())]
    local = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert local
    assert all((project_folder() / path).is_file() for path in local)
