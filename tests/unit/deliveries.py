"""Small deliveries of every format, written byte by byte where a library would be too polite."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from geo.read import ReadLimits, read
from geo.states import RawTable, Refusal

UTM47 = (
    'PROJCS["WGS_1984_UTM_Zone_47N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",'
    'SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",99.0],PARAMETER["Scale_Factor",0.9996],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def shapefile(
    fields: Sequence[tuple[bytes, int]],
    rows: Sequence[Sequence[bytes]],
    *,
    points: Sequence[tuple[float, float] | None] | None = None,
    deleted: Sequence[int] = (),
    cpg: bytes | None = None,
    language: int = 0,
) -> dict[str, bytes]:
    """The parts of a point shapefile by suffix; values are bytes, cut at the field's width.

    A point of None is a null shape; `deleted` are indexes of records marked deleted in the .dbf.
    """
    places = [(665000.0 + i, 1520000.0 + i) for i in range(len(rows))] if points is None else points
    contents = [
        struct.pack("<i", 0) if place is None else struct.pack("<idd", 1, *place)
        for place in places
    ]
    records, index, offset = b"", b"", 50
    for number, content in enumerate(contents, start=1):
        records += struct.pack(">ii", number, len(content) // 2) + content
        index += struct.pack(">ii", offset, len(content) // 2)
        offset += 4 + len(content) // 2
    parts = {
        ".shp": _header(len(records)) + records,
        ".shx": _header(len(index)) + index,
        ".dbf": _dbf(fields, rows, deleted, language),
        ".prj": UTM47.encode(),
    }
    return parts | ({} if cpg is None else {".cpg": cpg})


def _header(content_bytes: int) -> bytes:
    numbers = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + content_bytes) // 2)
    return numbers + struct.pack("<2i8d", 1000, 1, 0, 0, 1e6, 2e6, 0, 0, 0, 0)


def _dbf(
    fields: Sequence[tuple[bytes, int]],
    rows: Sequence[Sequence[bytes]],
    deleted: Sequence[int],
    language: int,
) -> bytes:
    width = 1 + sum(size for _, size in fields)
    start = 33 + 32 * len(fields)
    header = struct.pack("<4BIHH17xB2x", 3, 24, 1, 1, len(rows), start, width, language)
    for name, size in fields:
        header += name[:10].ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([size]) + b"\0" * 15
    body = b""
    for i, row in enumerate(rows):
        body += b"*" if i in deleted else b" "
        for value, (_, size) in zip(row, fields, strict=True):
            body += value[:size].ljust(size, b" ")
    return header + b"\r" + body + b"\x1a"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members; Python sets the UTF-8 flag on names that need it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped_shapefile(parts: Mapping[str, bytes], stem: str = "layer") -> bytes:
    """The parts of one shapefile in a zip."""
    return zipped({f"{stem}{suffix}": content for suffix, content in parts.items()})


def geojson(features: Sequence[Mapping[str, Any]], **members: object) -> bytes:
    """A FeatureCollection; members such as `crs` stand before its features."""
    whole = {"type": "FeatureCollection", **members, "features": features}
    return json.dumps(whole, ensure_ascii=False).encode()


def point_feature(x: float, y: float, **properties: object) -> dict[str, Any]:
    """A GeoJSON feature."""
    geometry = {"type": "Point", "coordinates": [x, y]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def kml(body: str) -> bytes:
    """A KML document around `body`."""
    start = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
    return f"{start}<Document>{body}</Document></kml>".encode()


def placemark(name: str, x: float = 100.5, y: float = 13.7, **data: str) -> str:
    """A KML placemark with a point, and ExtendedData."""
    extended = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in data.items())
    return (
        f"<Placemark><name>{name}</name><ExtendedData>{extended}</ExtendedData>"
        f"<Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
    )


def xlsx(sheet: str, name: str = "Sheet1") -> bytes:
    """The smallest legal workbook around one sheet's `<sheetData>` content."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData>'
        "</worksheet>",
    }
    return zipped({part: text.encode() for part, text in parts.items()})


class Reader:
    """Stores bytes as the snapshot does, under names that say nothing, and reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, members: Mapping[str, bytes]) -> dict[str, Path]:
        """Paths of stored members by their names."""
        stored = {}
        for number, (name, content) in enumerate(members.items()):
            stored[name] = self.folder / f"{number:064x}"
            stored[name].write_bytes(content)
        return stored

    def outcome(
        self, format: str, name: str | Mapping[str, bytes], content: bytes = b"", **options: Any
    ) -> RawTable | Refusal:
        """What `read` says of one file, or of several members."""
        members = {name: content} if isinstance(name, str) else name
        return read(self.files(members), format, **options)

    def table(self, *delivery: Any, **options: Any) -> RawTable:
        """The table of a delivery that must be readable."""
        outcome = self.outcome(*delivery, **options)
        assert isinstance(outcome, RawTable), outcome
        return outcome

    def refused(self, *delivery: Any, **options: Any) -> str:
        """The code of a delivery that must be refused, in two languages."""
        outcome = self.outcome(*delivery, **options)
        assert isinstance(outcome, Refusal), outcome
        assert outcome.message.th != outcome.message.en
        return outcome.code


SMALL = ReadLimits(seconds=60, cpu_seconds=60, unpacked_bytes=1 << 20, members=50)
