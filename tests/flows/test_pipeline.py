"""The whole road: what is taken in, what is held, what a person decides, what readers see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn
from uuid import UUID

import pytest
from sqlalchemy import text

from flows import publishing
from flows.copying import Copying
from flows.deciding import approve, reject
from geo.errors import ConfigurationError, LeaseHeld, UnknownRun
from geo.store import lease, runs
from geo.store.database import connect, open_engine, transaction
from geo.unify import unify
from schemas.models import Source
from tests.flows.conftest import SmallCity, write_boundaries

PARKS = "bangkok_parks"


def published_parks(city: SmallCity) -> int:
    return len(city.scalars("select feature_id from onemap.parks"))


def test_drops_become_a_release_and_the_same_drops_nothing(small_city: SmallCity) -> None:
    outcomes, release = small_city.refresh()
    assert {o.outcome for o in outcomes.values()} == {"accepted"}, outcomes
    assert release == 1
    assert (outcomes[PARKS].rows_in, outcomes[PARKS].at_area) == (20, 20)
    assert (small_city.job.settings.releases / "bangkok" / "1" / "manifest.json").is_file()
    outcomes, release = small_city.refresh()
    assert {o.outcome for o in outcomes.values()} == {"unchanged"}
    assert release is None
    assert small_city.scalars("select count(*) from meta.run") == [4], "nothing was read again"


def test_what_another_run_did_while_we_waited_is_not_done_again(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = lease.hold

    @contextmanager
    def after_another_run(*arguments: Any, **more: Any) -> Iterator[UUID]:
        monkeypatch.setattr(lease, "hold", hold)
        outcomes, _ = small_city.refresh()
        assert {o.outcome for o in outcomes.values()} == {"accepted"}
        with hold(*arguments, **more) as token:
            yield token

    monkeypatch.setattr(lease, "hold", after_another_run)
    outcomes, _ = small_city.refresh()
    assert {o.outcome for o in outcomes.values()} == {"unchanged"}
    assert small_city.scalars("select count(*) from meta.run") == [4]


def test_half_a_delivery_is_held_and_the_map_stays(small_city: SmallCity) -> None:
    small_city.refresh()
    small_city.parks(10)
    outcomes, release = small_city.refresh()
    assert outcomes[PARKS].outcome == "held"
    assert "fell from 20 to 10" in str(outcomes[PARKS].reason)
    assert release is None
    assert published_parks(small_city) == 20
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].outcome == "held", "the same bytes wait on; they are not read again"
    assert len(runs.holds(small_city.job.engine)) == 1


def test_approval_lets_a_held_delivery_through(small_city: SmallCity) -> None:
    small_city.refresh()
    small_city.parks(10)
    outcomes, _ = small_city.refresh()
    run_id = outcomes[PARKS].run_id
    assert run_id is not None
    result = approve(small_city.job, run_id, by="สมชาย", reason="the old register was closed")
    assert result.release is not None and result.release.number == 2
    assert published_parks(small_city) == 10
    assert runs.holds(small_city.job.engine) == []
    decided = (
        "select decided_by || ': ' || decided_reason from meta.run where decided_at is not null"
    )
    assert small_city.scalars(decided) == ["สมชาย: the old register was closed"]
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("unchanged", None)


def test_rejection_does_not(small_city: SmallCity) -> None:
    small_city.refresh()
    small_city.parks(10)
    outcomes, _ = small_city.refresh()
    run_id = outcomes[PARKS].run_id
    assert run_id is not None
    reject(small_city.job, run_id, by="สมชาย", reason="half is missing")
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("rejected", None)
    assert published_parks(small_city) == 20
    with pytest.raises(UnknownRun, match="does not wait"):
        approve(small_city.job, run_id, by="x", reason="y")
    small_city.parks(19)
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("accepted", 2), "other bytes are a new delivery"


def test_an_approval_that_was_killed_was_never_made(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_city.refresh()
    small_city.parks(10)
    outcomes, _ = small_city.refresh()
    run_id = outcomes[PARKS].run_id
    assert run_id is not None
    with monkeypatch.context() as patch:
        patch.setattr(Copying, "load", _killed)
        with pytest.raises(KeyboardInterrupt):
            approve(small_city.job, run_id, by="สมชาย", reason="closed")
    assert [hold.run_id for hold in runs.holds(small_city.job.engine)] == [run_id]
    assert small_city.refresh()[0][PARKS].outcome == "held"
    approve(small_city.job, run_id, by="สมชาย", reason="closed")
    assert published_parks(small_city) == 10


def _killed(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def test_a_source_that_fails_does_not_stop_the_others(small_city: SmallCity) -> None:
    small_city.write("parks/public_park.csv", b"<html><body>Not found</body></html>")
    small_city.write("health/hospital/bkk_hospital.csv", b"")
    (small_city.drops / "health/hospital/bkk_hospital.csv").unlink()
    outcomes, release = small_city.refresh()
    assert outcomes[PARKS].outcome == "refused"
    assert outcomes["bangkok_hospitals"].outcome == "absent"
    assert outcomes["bangkok_subdistricts"].outcome == "accepted"
    assert release == 1
    why = small_city.scalars(
        "select latest_reason from onemap.layer_status where layer_id = 'parks'"
    )
    assert why[0], "the reason is there for planners to read"


def test_a_column_that_is_gone_is_refused_and_a_new_one_held(small_city: SmallCity) -> None:
    small_city.refresh()
    small_city.parks(20, columns="id,dcode,name,area")
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].outcome == "refused"
    assert "park_name" in str(outcomes[PARKS].reason)
    small_city.write(
        "parks/public_park.csv",
        b"id,dcode,park_name,area,note\n"
        + "\n".join(f"{n},{1001 + n % 2},สวน {n},{1000 + n},x" for n in range(1, 21)).encode(),
    )
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].outcome == "held"
    assert "note" in str(outcomes[PARKS].reason)
    assert published_parks(small_city) == 20


def test_bad_rows_are_quarantined_as_they_were_delivered(small_city: SmallCity) -> None:
    rows = "\n".join(f"{n},{1001 + n % 2},สวน {n},{1000 + n}" for n in range(1, 30))
    bad = "\n30,9999,ไม่มีเขตนี้,5\n7,1001,ซ้ำรหัส,77"
    small_city.write("parks/public_park.csv", f"id,dcode,park_name,area\n{rows}{bad}".encode())
    outcomes, _ = small_city.refresh()
    assert (outcomes[PARKS].published, outcomes[PARKS].quarantined) == (29, 2)
    with connect(small_city.job.engine) as connection:
        kept = connection.execute(
            text("select source_row, codes, raw from meta.quarantined_row order by 1")
        ).all()
    assert [(row.source_row, row.codes) for row in kept] == [
        (31, ["place_missing"]),
        (32, ["key_duplicate"]),
    ]
    assert kept[0].raw == {"id": "30", "dcode": "9999", "park_name": "ไม่มีเขตนี้", "area": "5"}


def test_a_killed_run_is_closed_by_the_next_one(small_city: SmallCity) -> None:
    small_city.refresh()
    with transaction(small_city.job.engine) as connection:
        connection.execute(
            text("insert into meta.run (source_id, layer_id) values ('bangkok_parks', 'parks')")
        )
    small_city.parks(21)
    small_city.refresh()
    outcomes = small_city.scalars(
        "select outcome from meta.run where layer_id = 'parks' order by run_id"
    )
    assert outcomes == ["accepted", "fault", "accepted"]


def test_a_decision_has_a_name_and_a_reason(small_city: SmallCity) -> None:
    small_city.refresh()
    small_city.parks(10)
    outcomes, _ = small_city.refresh()
    run_id = outcomes[PARKS].run_id
    assert run_id is not None
    for by, reason in (("", "why"), ("who", "  ")):
        with pytest.raises(ConfigurationError, match="a name and a reason"):
            approve(small_city.job, run_id, by=by, reason=reason)
    assert published_parks(small_city) == 20


def test_rejecting_the_newest_delivery_does_not_bring_back_an_older_one(
    small_city: SmallCity,
) -> None:
    small_city.refresh()
    small_city.parks(10)
    small_city.refresh()
    small_city.parks(9)
    outcomes, _ = small_city.refresh()
    run_id = outcomes[PARKS].run_id
    assert run_id is not None
    assert [hold.run_id for hold in runs.holds(small_city.job.engine)] == [run_id]
    reject(small_city.job, run_id, by="สมชาย", reason="half is missing")
    assert runs.holds(small_city.job.engine) == []
    assert small_city.scalars("select bool_or(held) from onemap.layer_status") == [False]


def test_nothing_is_loaded_between_unify_and_publish(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[str] = []

    def unify_and_be_disturbed(*arguments: Any) -> dict[str, int]:
        placed = unify(*arguments)
        with (
            pytest.raises(LeaseHeld),
            lease.hold(small_city.job.engine, ["hospitals"], wait_seconds=0.3),
        ):
            pass
        met.append("held off")
        return placed

    monkeypatch.setattr(publishing, "unify", unify_and_be_disturbed)
    small_city.refresh()
    assert met == ["held off"]
    unplaced = "select count(*) from onemap.hospitals where subdistrict_code is null"
    assert small_city.scalars(unplaced) == [0]


def test_a_key_belongs_to_the_first_row_that_is_sound(small_city: SmallCity) -> None:
    rows = "\n".join(f"{n},{1001 + n % 2},สวน {n},{1000 + n}" for n in range(1, 30))
    twins = "\n30,9999,ไม่มีเขตนี้,5\n30,1001,สวนที่ถูก,5"
    small_city.write("parks/public_park.csv", f"id,dcode,park_name,area\n{rows}{twins}".encode())
    outcomes, _ = small_city.refresh()
    assert (outcomes[PARKS].published, outcomes[PARKS].quarantined) == (30, 1)
    assert small_city.scalars("select codes[1] from meta.quarantined_row") == ["place_missing"]
    assert "สวนที่ถูก" in small_city.scalars("select name_th from onemap.parks")


def test_moved_boundaries_have_places_judged_anew(small_city: SmallCity) -> None:
    small_city.refresh()
    write_boundaries(small_city.drops, shift=0.015)
    outcomes, _ = small_city.refresh()
    assert outcomes["bangkok_subdistricts"].outcome == "accepted"
    assert outcomes["bangkok_hospitals"].outcome == "held", "none of its rows is inside any more"
    assert small_city.refresh()[0]["bangkok_parks"].outcome == "unchanged"


def test_a_release_of_another_database_is_left_alone(
    small_city: SmallCity, database: Callable[..., str]
) -> None:
    small_city.refresh()
    manifest = small_city.job.settings.releases / "bangkok" / "1" / "manifest.json"
    before = manifest.read_bytes()
    engine = open_engine(database("other"))
    with transaction(engine) as connection:  # a clone of the tests' template has its identity
        connection.execute(text("update meta.pointer set database_id = gen_random_uuid()"))
    other = SmallCity(replace(small_city.job, engine=engine))
    with pytest.raises(ConfigurationError, match="another database"):
        other.refresh()
    assert manifest.read_bytes() == before


def test_a_source_that_is_no_longer_declared_ends_and_may_come_back(small_city: SmallCity) -> None:
    small_city.refresh()
    whole = small_city.job
    view = whole.view
    fewer = replace(view, sources=tuple(s for s in view.sources if s.id != PARKS))
    small_city.job = replace(whole, view=fewer)
    _, release = small_city.refresh()
    assert release == 2
    assert published_parks(small_city) == 0
    assert small_city.scalars("select count(*) from onemap.hospitals") == [1]
    small_city.job = whole
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("accepted", 3)
    assert published_parks(small_city) == 20


def test_a_style_that_is_declared_anew_is_published(small_city: SmallCity) -> None:
    small_city.refresh()
    view = small_city.job.view
    layers = [
        layer.model_copy(update={"style": layer.style.model_copy(update={"colour": "#123456"})})
        if layer.id == "parks"
        else layer
        for layer in view.layers
    ]
    small_city.job = replace(small_city.job, view=replace(view, layers=tuple(layers)))
    outcomes, release = small_city.refresh()
    assert release == 2
    style = small_city.job.settings.releases / "bangkok" / "2" / "style.json"
    assert "#123456" in style.read_text("utf-8")
    assert outcomes["bangkok_hospitals"].outcome == "unchanged"
    assert small_city.refresh()[1] is None


def test_positions_are_moved_by_the_pinned_operation_and_lineage_says_so(
    small_city: SmallCity,
) -> None:
    small_city.refresh()
    names = small_city.scalars(
        "select lineage->'operation'->>'source_crs' from meta.run where layer_id = 'subdistricts'"
    )
    assert names == ["EPSG:32647"]


def test_what_does_not_come_is_late_only_past_its_promise(small_city: SmallCity) -> None:
    def absence(days: int) -> tuple[str, str, object]:
        sources = (
            replace_promise(source, days) if source.id == PARKS else source
            for source in small_city.job.view.sources
        )
        view = replace(small_city.job.view, sources=tuple(sources))
        small_city.job = replace(small_city.job, view=view)
        outcomes, _ = small_city.refresh()
        (late,) = small_city.scalars(
            f"select late from onemap.layer_status where source_id = '{PARKS}'"
        )
        return outcomes[PARKS].outcome, outcomes[PARKS].reason or "", late

    small_city.refresh()
    (small_city.drops / "parks/public_park.csv").unlink()
    with transaction(small_city.job.engine) as connection:
        connection.execute(text("update meta.run set fetched_at = now() - interval '31 days'"))
    outcome, reason, late = absence(40)
    assert (outcome, late) == ("absent", False)
    assert "late" not in reason
    outcome, reason, late = absence(30)
    assert (outcome, late) == ("absent", True)
    assert "late: new content is promised every 30 days" in reason


def replace_promise(source: Source, days: int) -> Source:
    return source.model_copy(update={"promise_days": days})
