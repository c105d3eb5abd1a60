"""Settings come from the environment, once, and refuse what cannot be meant."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from geo.cluster import database_url
from geo.errors import ConfigurationError
from geo.settings import Settings, from_environment, project_folder


def test_nothing_set_gives_the_sample_in_the_project() -> None:
    settings = from_environment({})
    assert settings.map_id == "sample"
    assert settings.home == project_folder() / ".onemap"
    assert (settings.project / "pyproject.toml").is_file()
    assert settings.database_url is None and settings.web_database_url is None


def test_the_environment_wins(tmp_path: Path) -> None:
    settings = from_environment(
        {
            "ONEMAP_HOME": str(tmp_path / "state"),
            "ONEMAP_MAP": "bangkok",
            "ONEMAP_DATABASE_URL": "postgresql://gis@db.city.example/",
            "ONEMAP_WEB_DATABASE_URL": "postgresql://onemap_web@db.city.example/",
        }
    )
    assert settings.home == tmp_path / "state"
    assert settings.map_id == "bangkok"
    assert settings.releases == tmp_path / "state" / "releases"
    assert database_url(settings, "bangkok") == "postgresql://gis@db.city.example/onemap_bangkok"


def test_empty_variables_count_as_unset() -> None:
    empty = dict.fromkeys(("ONEMAP_HOME", "ONEMAP_MAP", "ONEMAP_DATABASE_URL"), "")
    assert from_environment(empty) == from_environment({})


def test_a_relative_home_is_meant_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_environment({"ONEMAP_HOME": "state"}).home == tmp_path / "state"


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        from_environment({}).map_id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("map_id", ["Bangkok", "../etc", "1st", "a" * 49, "กรุงเทพ"])
def test_a_map_id_that_is_no_identifier_is_refused(map_id: str) -> None:
    with pytest.raises(ConfigurationError, match="ONEMAP_MAP"):
        from_environment({"ONEMAP_MAP": map_id})


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    with pytest.raises(ConfigurationError, match="ONEMAP_HOME"):
        from_environment({"ONEMAP_HOME": str(file)})


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


def test_the_web_role_has_its_own_url_or_acts_through_the_owners_login() -> None:
    own = _configured("postgresql://u@h", web="postgresql://onemap_web:w@h")
    assert database_url(own, "sample", "onemap_web") == "postgresql://onemap_web:w@h/onemap_sample"
    shared = database_url(_configured("postgresql://u@h"), "sample", "onemap_web")
    assert shared == "postgresql://u@h/onemap_sample?options=-c%20role%3Donemap_web"


def test_importing_reads_no_environment_and_makes_nothing(tmp_path: Path) -> None:
    program = "import geo.settings, geo.cluster, geo.errors"
    environment = {"ONEMAP_HOME": str(tmp_path / "state"), "ONEMAP_MAP": "../etc"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=tmp_path, check=True)
    assert not (tmp_path / "state").exists()


def _configured(url: str, web: str | None = None) -> Settings:
    here = Path("/project")
    return Settings(project=here, home=here, database_url=url, web_database_url=web)
