"""A database that an earlier version left stays: history, ids, holds and rejections."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from flows import pipeline
from flows.deciding import approve, reject
from flows.keeping.backup import backup
from flows.keeping.restore import restore
from flows.upgrading import preview, upgrade
from geo.rereading import Differences
from geo.store import runs
from geo.store.database import transaction
from tests.db.test_indexes import INDEXES, WHOLE_SET
from tests.flows.kept import rows_of
from tests.upgrade import town
from tests.upgrade.conftest import OldState

pytestmark = pytest.mark.slow


def outcomes(state: OldState) -> dict[str, str]:
    return {source.source_id: source.outcome for source in pipeline.refresh(state.job).sources}


def waiting(state: OldState) -> runs.Hold:
    (hold,) = [one for one in runs.holds(state.job.engine) if one.source_id == "town_parks"]
    return hold


def test_every_release_answers_as_it_did(old_state: OldState) -> None:
    before = old_state.as_of()
    assert len({at for at, _ in before}) == 3
    assert any(before.values())
    old_state.upgrade()
    assert old_state.as_of() == before
    pipeline.refresh(old_state.job)
    after = old_state.as_of()
    assert {key: after[key] for key in before} == before


def test_it_is_kept_as_it_was_before_an_upgrade(old_state: OldState, tmp_path: Path) -> None:
    """A backup needs none of what later versions brought, and migrates nothing."""
    url = old_state.job.engine.url.set(drivername="postgresql")
    owner = url.render_as_string(hide_password=False)
    settings = replace(old_state.job.settings, database_url=owner)
    before = rows_of(owner)
    assert backup(settings, "town", tmp_path / "kept").missing == ()
    old_state.upgrade()
    assert rows_of(owner) != before
    restore(settings, tmp_path / "kept", replace=True)
    assert rows_of(owner) == before
    old_state.upgrade()


def test_no_feature_is_closed_and_opened_anew(old_state: OldState) -> None:
    before = old_state.history()
    old_state.upgrade()
    pipeline.refresh(old_state.job)
    assert old_state.history() == before


def test_views_that_planners_built_stay_and_show_the_same(old_state: OldState) -> None:
    built = "create view public.{0} as select feature_id, geom, name_th from onemap.{0}"
    shown = "select feature_id, st_asewkt(geom), name_th from public.{} order by 1"
    views = ("parks", "place", "clinics")
    with transaction(old_state.job.engine) as connection:
        for view in views:
            connection.execute(text(built.format(view)))
    before = [old_state.all(shown.format(view)) for view in views]
    assert all(before)
    old_state.upgrade()
    assert [old_state.all(shown.format(view)) for view in views] == before


def test_its_tables_have_the_indexes_and_the_checks_of_new_ones(old_state: OldState) -> None:
    """Those that harm readers' plans and loads are gone; what somebody else made stays."""
    own = "create index mine on core.parks (name_th)"
    with transaction(old_state.job.engine) as connection:
        connection.execute(text(own))
    old_state.upgrade()
    indexed = [definition for (definition,) in old_state.all(INDEXES.format("parks"))]
    assert indexed == sorted([*WHOLE_SET, "btree (name_th)"])
    checked = "select distinct contype from pg_constraint where connamespace = 'core'::regnamespace"
    assert old_state.all(checked) == [("c",)]


def test_rows_on_their_way_have_no_tables_that_all_runs_share(old_state: OldState) -> None:
    shared = "select count(*) > 0 from pg_class where relnamespace = 'staging'::regnamespace"
    assert old_state.all(shared) == [(True,)]
    old_state.upgrade()
    assert old_state.all(shared) == [(False,)]


def test_what_failed_is_a_fault(old_state: OldState) -> None:
    assert old_state.all("select count(*) from meta.run where outcome = 'failed'") == [(1,)]
    old_state.upgrade()
    assert old_state.all("select count(*) from meta.run where outcome = 'failed'") == [(0,)]
    assert old_state.all("select count(*) from meta.run where outcome = 'fault'") == [(1,)]


def test_no_release_where_nothing_changed(old_state: OldState) -> None:
    """One release may bring the products to a new format; then there is none."""
    old_state.upgrade()
    pipeline.refresh(old_state.job)
    again = pipeline.refresh(old_state.job)
    assert again.release is None
    (found,) = old_state.all("select max(release) from meta.release")
    assert found[0] in (3, 4)


def test_the_hold_of_an_earlier_version_is_approved(old_state: OldState) -> None:
    old_state.upgrade()
    result = approve(old_state.job, waiting(old_state).run_id, by="สมชาย", reason="half closed")
    assert [source.outcome for source in result.sources] == ["accepted"], result
    assert old_state.all("select count(*) from onemap.parks") == [(10,)]


def test_the_hold_of_an_earlier_version_is_approved_after_a_run(old_state: OldState) -> None:
    assert outcomes(old_state)["town_parks"] == "held"
    result = approve(old_state.job, waiting(old_state).run_id, by="สมชาย", reason="half closed")
    assert [source.outcome for source in result.sources] == ["accepted"], result


def test_the_hold_of_an_earlier_version_is_rejected(old_state: OldState) -> None:
    old_state.upgrade()
    reject(old_state.job, waiting(old_state).run_id, by="สมชาย", reason="a page is missing")
    assert outcomes(old_state)["town_parks"] == "held", "what decides has changed since"
    assert old_state.all("select count(*) from onemap.parks") == [(21,)]


def test_what_was_rejected_is_held_again_with_the_earlier_word(old_state: OldState) -> None:
    assert outcomes(old_state)["town_clinics"] == "held"
    (hold,) = [one for one in runs.holds(old_state.job.engine) if one.source_id == "town_clinics"]
    assert "สมหญิง" in hold.reason and "four are missing" in hold.reason
    assert outcomes(old_state)["town_clinics"] == "held"
    assert old_state.all("select count(*) from onemap.clinics") == [(6,)]


def test_a_dry_run_meets_the_database_as_it_was_left(old_state: OldState) -> None:
    migrations = old_state.all("select name from meta.migration order by 1")
    changes = {change.source_id: change for change in preview(old_state.job)}
    assert changes.keys() == {source.id for source in old_state.job.view.sources}
    for change in changes.values():
        assert isinstance(change.gives, Differences) and not change.gives.any, change
        assert "earlier version" in change.because
    assert old_state.all("select name from meta.migration order by 1") == migrations


def test_an_upgrade_of_what_is_the_same_asks_nobody(old_state: OldState) -> None:
    result = upgrade(old_state.job, by="สมชาย", reason="version 2")
    assert {source.outcome for source in result.sources} == {"accepted"}
    assert old_state.all("select count(*) from meta.run where upgrade_id is not null") == [(0,)]


def test_a_delivery_after_the_upgrade_is_taken_in(old_state: OldState) -> None:
    old_state.upgrade()
    town.parks(old_state.job.drops, {n: f"สวน {n}" for n in range(1, 23)})
    assert outcomes(old_state)["town_parks"] == "accepted"
    assert old_state.all("select count(*) from onemap.parks") == [(22,)]
