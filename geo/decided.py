"""What follows from a person's earlier word: an approval is of what was seen, a rejection stays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from geo.normalising.hashing import HASH_VERSION
from geo.states import Rejection, Validated, Verdict
from schemas.models import Bilingual

Seen = Mapping[str, Any]
"""What a person sees of a held run: its counts, its issues by code, and a hash of its rows."""


def seen(delivery: Validated) -> Seen:
    """What there is to see of a delivery; two that agree in it would put the same on the map."""
    return {
        "rows in": delivery.rows_in,
        "published": delivery.accepted.num_rows,
        "quarantined": delivery.quarantined.num_rows,
        "filtered": delivery.filtered.num_rows,
        "issues": delivery.issues.counts("code"),
        "content": _content(delivery),
    }


def let_through(delivery: Validated, approved: Seen, evidence: Mapping[str, Any]) -> Verdict:
    """A person approved what they saw: accepted if it is still that, else held again."""
    now = seen(delivery)
    differs = [_change(name, approved[name], now[name]) for name in now if name in approved]
    changes = "; ".join(change for change in differs if change)
    if not changes:
        return Verdict("accepted", None, evidence)
    reason = Bilingual(
        th=f"ไม่ใช่สิ่งที่ผู้อนุมัติเห็นแล้ว ({changes}) โปรดพิจารณาใหม่",
        en=f"it is no longer what was approved ({changes}); it waits for another decision",
    )
    return Verdict("held", reason, evidence)


def hold_rejected(verdict: Verdict, rejection: Rejection) -> Verdict:
    """Bytes that a person rejected are not accepted by themselves, whatever reads them now."""
    day = f"{rejection.at:%Y-%m-%d}"
    reason = Bilingual(
        th=f"{rejection.by} เคยปฏิเสธแฟ้มนี้เมื่อ {day}: {rejection.reason}",
        en=f"{rejection.by} rejected these bytes on {day}: {rejection.reason}",
    )
    earlier = {"run": rejection.run_id, "by": rejection.by, "reason": rejection.reason, "at": day}
    now = verdict.reason.en if verdict.reason else None
    return Verdict("held", reason, {**verdict.evidence, "rejected": earlier, "judged_now": now})


def _change(name: str, before: Any, now: Any) -> str:
    if before == now:
        return ""
    if name == "content":
        return _change_of_content(str(before), str(now))
    if isinstance(now, Mapping):
        codes = sorted(code for code in {*before, *now} if before.get(code, 0) != now.get(code, 0))
        return ", ".join(f"{code} {before.get(code, 0)} -> {now.get(code, 0)}" for code in codes)
    return f"{name} {before} -> {now}"


def _change_of_content(before: str, now: str) -> str:
    """Hashes of different recipes say nothing of each other."""
    same_recipe = before.partition(":")[0] == now.partition(":")[0]
    return "other values, ids or positions" if same_recipe else ""


def _content(delivery: Validated) -> str:
    """Hash of the accepted rows in whatever order, with the version of their hashes."""
    names = ("source_row", "feature_id", "content_hash")
    rows = delivery.accepted.table(list(names)).sort_by("source_row")
    digest = hashlib.sha256()
    for name in names[1:]:
        for part in rows[name].iterchunks():
            digest.update(b"".join(part.to_pylist()))
    return f"{HASH_VERSION}:{digest.hexdigest()}"
