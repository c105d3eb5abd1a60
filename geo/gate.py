"""Step 5, gate: may this delivery replace what is on the map, or must a person look first?"""

from __future__ import annotations

from typing import Any

from geo.states import Accepted, Validated, Verdict
from schemas.models import Bilingual, Layer


def gate(delivery: Validated, layer: Layer, last: Accepted | None) -> Verdict:
    """Compares a delivery with the last accepted one of the same source.

    `held`, with the first reason that applies: nothing came, too many rows are quarantined, the
    columns are others, or more rows vanished than the layer allows.
    """
    evidence: dict[str, Any] = {
        "rows_in": delivery.rows_in,
        "rows_published": delivery.accepted.num_rows,
        "rows_quarantined": delivery.quarantined.num_rows,
        "compared_with_run": last.run_id if last else None,
        "rows_published_before": last.rows_published if last else None,
    }
    reason = (
        _nothing_came(delivery)
        or _too_many_errors(delivery, layer, evidence)
        or (_columns_changed(delivery, last, evidence) if last else None)
        or (_rows_vanished(delivery, layer, last, evidence) if last else None)
    )
    return Verdict("held" if reason else "accepted", reason, evidence)


def _nothing_came(delivery: Validated) -> Bilingual | None:
    if delivery.accepted.num_rows > 0:
        return None
    if delivery.rows_in > 0:
        return Bilingual(
            th=f"ไม่มีแถวใดใช้ได้ใน {delivery.rows_in} แถว",
            en=f"none of the {delivery.rows_in} rows could be published",
        )
    return Bilingual(th="แฟ้มไม่มีแถวข้อมูล", en="the delivery has no rows")


def _too_many_errors(
    delivery: Validated, layer: Layer, evidence: dict[str, Any]
) -> Bilingual | None:
    considered = delivery.rows_in - delivery.filtered.num_rows
    share = delivery.quarantined.num_rows / considered  # at least one row was accepted
    evidence["error_share"] = round(share, 4)
    limit = layer.gate.max_error_share
    if share <= limit:
        return None
    return Bilingual(
        th=f"กักไว้ {share:.0%} ของแถว (ยอมได้ {limit:.0%})",
        en=f"{share:.0%} of the rows have errors ({limit:.0%} allowed)",
    )


def _columns_changed(
    delivery: Validated, last: Accepted, evidence: dict[str, Any]
) -> Bilingual | None:
    gone = sorted(set(last.schema) - set(delivery.schema))
    new = sorted(set(delivery.schema) - set(last.schema))
    retyped = sorted(
        f"{name} {last.schema[name]} -> {kind}"
        for name, kind in delivery.schema.items()
        if last.schema.get(name, kind) != kind
    )
    if not gone and not new and not retyped:
        return None
    evidence["columns_gone"], evidence["columns_new"] = gone, new
    evidence["columns_retyped"] = retyped
    lost, more, other = _list(gone), _list(new), _list(retyped)
    return Bilingual(
        th=f"ช่องข้อมูลเปลี่ยนไป: หายไป {lost} เพิ่มมา {more} เปลี่ยนชนิด {other}",
        en=f"the columns changed: gone {lost}, new {more}, other type {other}",
    )


def _list(names: list[str]) -> str:
    return ", ".join(names) or "-"


def _rows_vanished(
    delivery: Validated, layer: Layer, last: Accepted, evidence: dict[str, Any]
) -> Bilingual | None:
    before, now = last.rows_published, delivery.accepted.num_rows
    fall = (before - now) / before if before else 0.0
    evidence["fall"] = round(fall, 4)
    limit = layer.gate.max_fall
    if fall <= limit:
        return None
    return Bilingual(
        th=f"จำนวนแถวลดจาก {before} เหลือ {now} (ลดได้ไม่เกิน {limit:.0%})",
        en=f"the rows fell from {before} to {now} (a fall of {limit:.0%} is allowed)",
    )
