"""Settings come from the environment, once, and refuse what cannot be meant."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from geo.errors import ConfigurationError
from geo.settings import REQUIRED_WALLS, WALLS, Settings, from_environment, project_folder
from server.cluster import database_url
from server.postgres import Account, Place, make_passable


def test_nothing_set_gives_the_sample_in_the_project() -> None:
    settings = from_environment({})
    assert settings.home == project_folder() / ".onemap"
    assert (settings.project / "pyproject.toml").is_file()
    assert settings.database_url is None and settings.web_database_url is None


def test_the_environment_wins(tmp_path: Path) -> None:
    settings = from_environment(
        {
            "ONEMAP_HOME": str(tmp_path / "state"),
            "ONEMAP_DROPS": str(tmp_path / "drops"),
            "ONEMAP_DATABASE_URL": "postgresql://gis@db.city.example/",
            "ONEMAP_WEB_DATABASE_URL": "postgresql://onemap_web@db.city.example/",
        }
    )
    assert settings.home == tmp_path / "state"
    assert settings.delivered == tmp_path / "drops"
    assert settings.releases == tmp_path / "state" / "releases"
    assert database_url(settings, "bangkok") == "postgresql://gis@db.city.example/onemap_bangkok"


def test_empty_variables_count_as_unset() -> None:
    empty = dict.fromkeys(("ONEMAP_HOME", "ONEMAP_DROPS", "ONEMAP_DATABASE_URL"), "")
    assert from_environment(empty) == from_environment({})


def test_a_relative_home_is_meant_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_environment({"ONEMAP_HOME": "state"}).home == tmp_path / "state"


def test_a_home_of_nobody_is_a_name_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert from_environment({"ONEMAP_HOME": "~/state"}).home == Path("/home/me/state")
    assert from_environment({"ONEMAP_HOME": "~no-body/s"}).home == tmp_path / "~no-body" / "s"


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        from_environment({}).home = Path("/other")  # type: ignore[misc]


@pytest.mark.parametrize("name", ["ONEMAP_HOME", "ONEMAP_DROPS"])
def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "state"
    file.touch()
    with pytest.raises(ConfigurationError, match=name):
        from_environment({name: str(file)})


def test_a_folder_that_cannot_be_entered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", denied)  # root may enter every folder
    with pytest.raises(ConfigurationError, match="cannot be entered"):
        from_environment({"ONEMAP_HOME": "/root/state"})


def test_folders_that_cannot_be_made_are_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="ONEMAP_HOME"):
        make_passable(tmp_path / "file" / "state")
    account = Account("me", os.geteuid(), os.getegid())
    with pytest.raises(ConfigurationError, match="ONEMAP_HOME"):
        Place(tmp_path / "file" / "state" / "cluster", account).make_folders()


def test_drops_are_the_map_s_own_folder_or_the_whole(tmp_path: Path) -> None:
    plain = from_environment({"ONEMAP_HOME": str(tmp_path)})
    assert plain.drops_of("bangkok") == tmp_path / "drops" / "bangkok"
    told = from_environment({"ONEMAP_DROPS": str(tmp_path / "files")})
    assert told.drops_of("bangkok") == tmp_path / "files"
    (tmp_path / "files" / "bangkok").mkdir(parents=True)
    assert told.drops_of("bangkok") == tmp_path / "files" / "bangkok"
    assert told.drops_of("songkhla") == tmp_path / "files"


@pytest.mark.parametrize(
    "url", ["mysql://root:s3cret@host/db", "host=db password=s3cret", "http://["]
)
def test_a_database_address_that_is_no_postgresql_url_is_refused_without_repeating_it(
    url: str,
) -> None:
    with pytest.raises(ConfigurationError, match="ONEMAP_DATABASE_URL") as caught:
        from_environment({"ONEMAP_DATABASE_URL": url})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("configured", "meant"),
    [
        ("postgresql://u:p@h:6432", "postgresql://u:p@h:6432/onemap_bangkok"),
        ("postgresql://u@h/?sslmode=require", "postgresql://u@h/onemap_bangkok?sslmode=require"),
        ("postgresql://u@h/city_{map}_v2", "postgresql://u@h/city_bangkok_v2"),
        ("postgresql://u@h/gis", "postgresql://u@h/gis"),
    ],
)
def test_the_database_of_a_map_on_a_configured_server(configured: str, meant: str) -> None:
    assert database_url(_configured(configured), "bangkok") == meant


def test_each_role_has_a_login_of_its_own() -> None:
    own = _configured("postgresql://u@h", web="postgresql://onemap_web:w@h")
    assert database_url(own, "sample", "onemap_web") == "postgresql://onemap_web:w@h/onemap_sample"


@pytest.mark.parametrize("role", ["onemap_planner", "onemap_web"])
def test_nobody_acts_through_the_owners_login(role: str) -> None:
    configured = _configured("postgresql://gis:s3cret@h:6432/city_{map}?sslmode=require")
    with pytest.raises(ConfigurationError, match="onemap db grants") as caught:
        database_url(configured, "sample", role)
    assert f"postgresql://{role}:PASSWORD@h:6432/city_{{map}}" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_owners_login_under_a_readers_name_is_refused() -> None:
    configured = _configured("postgresql://gis:s@h", web="postgresql://gis:s@other/")
    with pytest.raises(ConfigurationError, match="as the owner"):
        database_url(configured, "sample", "onemap_web")


def test_who_has_a_readers_login_alone_owns_nothing() -> None:
    configured = _configured(None, web="postgresql://onemap_web:s3cret@h")
    with pytest.raises(ConfigurationError, match="ONEMAP_DATABASE_URL is not set") as caught:
        database_url(configured, "sample")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", REQUIRED_WALLS),
        ("all", frozenset(WALLS)),
        ("none", frozenset()),
        ("seccomp", {"seccomp"}),
        (" Landlock , network ", {"landlock", "network"}),
    ],
)
def test_required_walls_are_named(said: str, meant: frozenset[str]) -> None:
    assert from_environment({"ONEMAP_REQUIRE_WALLS": said}).required_walls == meant


@pytest.mark.parametrize("said", ["landlok", "landlock seccomp", "none,seccomp", "all,none", ","])
def test_walls_that_do_not_exist_are_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ONEMAP_REQUIRE_WALLS.*landlock, seccomp"):
        from_environment({"ONEMAP_REQUIRE_WALLS": said})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", 2 * 10**9),
        ("2GB", 2 * 10**9),
        ("500 mb", 500 * 10**6),
        ("1.5GiB", 3 << 29),
        ("1000", 1000),
    ],
)
def test_the_size_of_a_delivery_has_a_unit(said: str, meant: int) -> None:
    assert from_environment({"ONEMAP_MAX_DELIVERY": said}).max_delivery == meant


@pytest.mark.parametrize("said", ["2 apples", "-1GB", "0", "GB", "nan", "1e9", "9" * 400 + "GB"])
def test_a_size_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ONEMAP_MAX_DELIVERY.*2GB"):
        from_environment({"ONEMAP_MAX_DELIVERY": said})


def test_importing_reads_no_environment_and_makes_nothing(tmp_path: Path) -> None:
    program = "import geo.settings, server.cluster, geo.errors"
    environment = {"ONEMAP_HOME": str(tmp_path / "state"), "ONEMAP_DATABASE_URL": "no url"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=tmp_path, check=True)
    assert not (tmp_path / "state").exists()


def _configured(url: str | None, web: str | None = None) -> Settings:
    here = Path("/project")
    return Settings(project=here, home=here, database_url=url, web_database_url=web)


def test_the_public_address_is_written_as_browsers_write_it() -> None:
    for given, kept in {
        "https://map.example.go.th/": "https://map.example.go.th",
        "HTTP://Map.Example:80": "http://map.example",
        "https://map.example:8443": "https://map.example:8443",
        "http://[::1]:8000": "http://[::1]:8000",
        "https://แผนที่.ไทย": "https://xn--o3cdi6h8b4b.xn--o3cw4h",
    }.items():
        assert from_environment({"ONEMAP_PUBLIC_URL": given}).public_url == kept
    assert from_environment({"ONEMAP_PUBLIC_URL": ""}).public_url is None


@pytest.mark.parametrize("name", ["ONEMAP_PUBLIC_URL", "ONEMAP_ALLOWED_ORIGINS"])
@pytest.mark.parametrize(
    "given",
    [
        "map.example",
        "//map.example",
        "ftp://map.example",
        "https://",
        "https://map.example/one",
        "https://map.example?one",
        "https://me@map.example",
        "https://map.example:port",
        "https://map.example:99999",
        "https://map..example",
        "https://*.example",
        'https://map"example',
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(name: str, given: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is .*it must be like https://"):
        from_environment({name: given})


def test_any_site_may_read_unless_some_are_named() -> None:
    assert from_environment({}).allowed_origins == ("*",)
    named = {"ONEMAP_ALLOWED_ORIGINS": "https://a.example http://B.example:8000/"}
    assert from_environment(named).allowed_origins == (
        "https://a.example",
        "http://b.example:8000",
    )
