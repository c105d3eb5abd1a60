"""The readers' roles: that they are there, and may do no more than read what is theirs.

Each check is a function of a `Subject` that answers a `Finding`; what stands in `CHECKS` is asked
where the database answers.
"""

from __future__ import annotations

from cli.diagnosis.finding import Check, Finding, Subject, bad, ok, warn
from cli.language import Words


def roles(subject: Subject) -> Finding:
    """Both roles are there, and neither is mighty."""
    from geo.store.database import connect, run

    with connect(subject.engine) as connection:
        rows = run(connection, "doctor_roles").all()
    if missing := ", ".join(row.name for row in rows if not row.found):
        return bad(
            "roles",
            Words(f"ไม่มีสิทธิ์ผู้อ่าน {missing}", f"the server has no role {missing}"),
            Words("ดู onemap db grants", "see `onemap db grants`"),
        )
    if mighty := ", ".join(row.name for row in rows if row.mighty):
        return bad(
            "roles",
            Words(f"{mighty} มีสิทธิ์ของผู้ดูแลเซิร์ฟเวอร์", f"{mighty} has rights of an administrator"),
            Words(
                "ถอนสิทธิ์ด้วย ALTER ROLE ... NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
                "NOBYPASSRLS",
                "take them away: ALTER ROLE ... NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
                "NOBYPASSRLS",
            ),
        )
    found = ", ".join(row.name for row in rows)
    return ok("roles", found, found)


def rights(subject: Subject) -> Finding:
    """What readers may do in the map's schemas is what they were given."""
    from geo.store.database import connect, run

    with connect(subject.engine) as connection:
        found = list(run(connection, "doctor_rights").scalars())
    if found:
        few = "; ".join(found[:3]) + (" ..." if len(found) > 3 else "")
        return bad(
            "rights",
            Words(f"ผู้อ่านทำได้เกินที่ควร: {few}", f"readers may do too much: {few}"),
            Words("ถอนด้วย REVOKE ... FROM", "take it away with REVOKE ... FROM"),
        )
    return ok("rights", "ผู้อ่านอ่านได้เฉพาะส่วนของตน", "readers read what is theirs, and no more")


def everybody(subject: Subject) -> Finding:
    """What everybody may do in this database, and so the readers' roles, although no map needs it.

    On somebody else's server it stays so until its administrator is asked; requests from the web
    reach none of these functions in any case (`web.calls`). Where anybody may create in `public`,
    they can put functions there for the map's owner to run: that is no matter of taste.
    """
    from server.grants import open_doors

    doors = open_doors(subject.engine)
    if not doors:
        return ok("everybody", "ไม่มีสิทธิ์ที่เกินจำเป็น", "PUBLIC may do nothing that no map needs")
    anybody_plants = any(door.startswith("CREATE ") for door in doors)  # functions, among others
    few = ", ".join(doors[:3]) + (f" ... ({len(doors)})" if len(doors) > 3 else "")
    tell = bad if anybody_plants else warn
    return tell(
        "everybody",
        Words(
            f"ทุกคน (PUBLIC) ยังใช้ได้: {few} แต่คำขอจากเว็บเรียกใช้ไม่ได้",
            f"PUBLIC still has {few}; requests from the web reach none of it",
        ),
        Words(
            f"ให้ผู้ดูแลเซิร์ฟเวอร์สั่ง: onemap db grants --close-public --map {subject.map_id} | psql",
            "have the server's administrator run: "
            f"onemap db grants --close-public --map {subject.map_id} | psql",
        ),
    )


CHECKS: tuple[Check, ...] = (roles, rights, everybody)
