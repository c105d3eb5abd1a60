"""The map: its declarations, its drops, and the release that its readers follow."""

from __future__ import annotations

from cli.diagnosis.finding import Check, Finding, Subject, bad, ok, warn
from cli.language import Words


def declarations(_: Subject) -> Finding:
    """Lint finds nothing."""
    from schemas.lint import lint

    findings = lint()
    if findings:
        return bad(
            "declarations",
            Words(
                f"พบ {len(findings)} จุดที่ผิด: {findings[0]}",
                f"{len(findings)} findings: {findings[0]}",
            ),
            Words("onemap lint", "onemap lint"),
        )
    return ok("declarations", "ถูกต้อง", "in order")


def drops(subject: Subject) -> Finding:
    """The folder of the map's deliveries is there and can be read."""
    from schemas.catalogue import load_catalogue

    one_map = load_catalogue().map_view(subject.map_id).map
    folder = subject.settings.drops_of(subject.map_id)
    if one_map.sample:
        return ok("drops", "สร้างเองจากเมืองตัวอย่าง", "the sample makes its own")
    try:
        entries = sum(1 for _ in folder.iterdir())
    except OSError as error:
        return warn(
            "drops",
            Words(
                f"เปิด {folder} ไม่ได้ ({error.strerror})",
                f"{folder} cannot be opened ({error.strerror})",
            ),
            Words(
                "กำหนด ONEMAP_DROPS เป็นโฟลเดอร์ที่หน่วยงานส่งไฟล์มา",
                "set ONEMAP_DROPS to the folder of what the agencies deliver",
            ),
        )
    return ok("drops", f"{folder} ({entries})", f"{folder} ({entries})")


def release(subject: Subject) -> Finding:
    """The files of the release that readers follow are on this machine."""
    from geo.publishing.named import MANIFEST, named_files
    from geo.store import keeping

    current, manifest = keeping.current_release(subject.engine)
    if manifest is None:
        return ok("release", "ยังไม่มีรุ่นที่เผยแพร่", "nothing is published yet")
    folder = subject.settings.releases / subject.map_id / str(current)
    files = [MANIFEST, *(file.path for file in named_files(manifest))]
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        return bad(
            "release",
            Words(f"รุ่น {current} ขาดไฟล์ {missing[0]}", f"release {current} lacks {missing[0]}"),
            Words(
                "คืนจากชุดสำรอง: onemap restore FOLDER --replace",
                "bring it back from a backup: `onemap restore FOLDER --replace`",
            ),
        )
    return ok("release", f"รุ่น {current} ครบ", f"release {current} is whole")


CHECKS: tuple[Check, ...] = (declarations, drops)
PUBLISHED: tuple[Check, ...] = (release,)
