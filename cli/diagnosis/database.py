"""The map's database: its server, extensions, version, clock, and what was left of runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cli.diagnosis.finding import Check, Finding, Subject, bad, ok, warn
from cli.language import Words

OLDEST: Final = 15
"""PostgreSQL's version that One Map is tested with; newer ones are tested as they come."""
CLOCKS: Final = timedelta(seconds=5)
"""How far two clocks may be apart: far more than an answer takes, less than matters for a day."""


def reachable(subject: Subject) -> Finding:
    """The database answers, or the private cluster waits to be started."""
    from geo.errors import DatabaseUnreachable
    from geo.store.database import connect, run

    if resting := asleep(subject):
        return resting
    try:
        with connect(subject.engine) as connection:
            server = run(connection, "doctor_server").one()
    except DatabaseUnreachable as error:
        return bad(
            "database",
            Words(f"ติดต่อฐานข้อมูลไม่ได้: {error.reason}", str(error)),
            Words(
                "ตรวจ ONEMAP_DATABASE_URL หรือสร้างแผนที่ด้วย onemap run",
                "correct ONEMAP_DATABASE_URL, or make the map with `onemap run`",
            ),
        )
    found = f"PostgreSQL {server.version}"
    if server.major < OLDEST:
        advice = Words(f"ใช้ PostgreSQL {OLDEST} ขึ้นไป", f"use PostgreSQL {OLDEST} or newer")
        return warn("database", Words(found, found), advice)
    return ok("database", found, found)


def asleep(subject: Subject) -> Finding | None:
    """What there is to say of a private cluster that does not run: nothing is started to look."""
    from server import cluster
    from server.postgres import locate

    if cluster.is_configured(subject.settings):
        return None
    if not locate(subject.settings.home).initialised:
        return warn(
            "database",
            Words("ยังไม่มีฐานข้อมูล", "there is no database yet"),
            Words("onemap run จะสร้างให้", "`onemap run` makes it"),
        )
    if not cluster.status(subject.settings).running:
        return warn(
            "database",
            Words("ฐานข้อมูลหยุดอยู่", "the private cluster does not run"),
            Words("onemap db start", "onemap db start"),
        )
    return None


def extensions(subject: Subject) -> Finding:
    """PostGIS and the two others are installed in the map's database."""
    from geo.store.database import connect, run

    with connect(subject.engine) as connection:
        rows = run(connection, "doctor_extensions").all()
    missing = [row.name for row in rows if row.version is None]
    found = ", ".join(f"{row.name} {row.version}" for row in rows if row.version)
    if missing:
        create = "; ".join(f"CREATE EXTENSION {name} SCHEMA public" for name in missing)
        lacks = ", ".join(missing)
        return bad(
            "extensions",
            Words(f"ฐานข้อมูลไม่มี {lacks}", f"the database lacks {lacks}"),
            Words(f"ให้ผู้ดูแลเซิร์ฟเวอร์สั่ง: {create}", f"have the server's administrator run: {create}"),
        )
    return ok("extensions", found, found)


def migrations(subject: Subject) -> Finding:
    """The database is of the version of this code."""
    from geo.store.database import connect
    from geo.store.declare import is_prepared
    from geo.store.migrate import pending

    with connect(subject.engine) as connection:
        lived = is_prepared(connection)
        waiting = pending(connection) if lived else []
    if not lived:
        return ok("migrations", "ยังไม่มีแผนที่ในฐานข้อมูลนี้", "no map lives in this database yet")
    if waiting:
        names = ", ".join(waiting)
        return warn(
            "migrations",
            Words(f"ยังไม่ได้ปรับ: {names}", f"not applied yet: {names}"),
            Words(
                f"สำรองก่อน (onemap backup) แล้วสั่ง onemap db migrate --map {subject.map_id}",
                f"`onemap backup`, then `onemap db migrate --map {subject.map_id}`",
            ),
        )
    return ok("migrations", "เป็นรุ่นเดียวกับโปรแกรม", "of the version of the program")


def clock(subject: Subject) -> Finding:
    """The server's clock and ours agree: `published_at` is the server's, schedules are ours."""
    from geo.store.database import connect, run

    with connect(subject.engine) as connection:
        theirs: datetime = run(connection, "doctor_server").one().clock
    apart = abs(datetime.now(UTC) - theirs)
    seconds = f"{apart.total_seconds():,.1f}"
    if apart > CLOCKS:
        return warn(
            "clock",
            Words(
                f"นาฬิกาของฐานข้อมูลต่างไป {seconds} วินาที",
                f"the database's clock differs by {seconds} s",
            ),
            Words("ตั้งเวลาทั้งสองเครื่องด้วย NTP", "let both machines follow NTP"),
        )
    return ok("clock", f"ต่างกัน {seconds} วินาที", f"{seconds} s apart")


def interrupted(subject: Subject) -> Finding:
    """No run was killed and is still marked as running."""
    from geo.store.database import connect, run
    from geo.store.declare import is_prepared

    with connect(subject.engine) as connection:
        left = run(connection, "doctor_interrupted").all() if is_prepared(connection) else []
    if left:
        runs = ", ".join(f"{row.run_id} ({row.source_id})" for row in left)
        return warn(
            "interrupted runs",
            Words(f"รอบที่ถูกหยุดกลางคัน: {runs}", f"killed, and not mended yet: {runs}"),
            Words(
                "จะปิดเป็นขัดข้องเมื่อชั้นข้อมูลนั้นนำเข้าครั้งต่อไป หรือสั่ง onemap run --again --source ID",
                "they become faults when their layer is taken in next, or by "
                "`onemap run --again --source ID`",
            ),
        )
    return ok("interrupted runs", "ไม่มี", "none")


CHECKS: tuple[Check, ...] = (extensions, migrations, clock, interrupted)
