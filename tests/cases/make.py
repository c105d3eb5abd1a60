"""Writes the inputs of the cases anew: `python -m tests.cases.make`. All content is invented."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import shapely

HERE = Path(__file__).parent
SPOTS = [(100.501, 13.756), (100.53, 13.74), (100.56, 13.78), (100.61, 13.73), (100.47, 13.72)]
"""Well inside districts of the sample city: lon, lat."""

RESERVED = (
    *("natural", "order", "user", "select", "group", "limit", "desc", "id", "fid", "gid", "type"),
    *("geometry", "layer", "name", "title", "year", "wkb_geometry", "ogc_fid", "class", "bbox"),
    *("properties", "source_row_id"),
)
INDIAN_1975 = (
    'PROJCS["Indian_1975_UTM_Zone_47N",GEOGCS["GCS_Indian_1975",DATUM["D_Indian_1975",'
    'SPHEROID["Everest_Adjustment_1937",6377276.345,300.8017]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",99.0],PARAMETER["Scale_Factor",0.9996],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def main() -> None:
    """Writes every case."""
    for case in CASES:
        case()


def col_reserved() -> None:
    rows = [[f"A{n}", *spot, *(f"{name}{n}" for name in RESERVED)] for n, spot in enumerate(SPOTS)]
    _csv("col_reserved/r.csv", ["code", "lon", "lat", *RESERVED], rows)


def col_xmin() -> None:
    rows = [[f"A{n}", lon, lon, lat] for n, (lon, lat) in enumerate(SPOTS)]
    _csv("col_xmin/r.csv", ["code", "xmin", "lon", "lat"], rows)


def datum_24047() -> None:
    places = [shapely.Point(662699, 1520978), shapely.Point(668000, 1521500)]
    parts = _shapefile("w", {"code": ["P1", "P2"]}, places, "EPSG:24047")
    _zip("datum_24047/w.zip", parts | {"w.prj": INDIAN_1975.encode()})


def esri_dates() -> None:
    kinds = {"OBJECTID": "OID", "D": "Date", "DO": "DateOnly", "BI": "BigInteger", "S": "String"}
    rows = [
        (1, 1714213354016, "2024-04-27", 1234567890123456789, "007"),
        (2, 1704042000000, None, 9007199254740993, "0010"),
    ]
    features = [
        {
            "attributes": dict(zip(kinds, row, strict=True)),
            "geometry": dict(zip("xy", SPOTS[row[0]], strict=True)),
        }
        for row in rows
    ]
    fields = [{"name": n, "type": f"esriFieldType{k}", "alias": n} for n, k in kinds.items()]
    answer = {
        "objectIdFieldName": "OBJECTID",
        "geometryType": "esriGeometryPoint",
        "spatialReference": {"wkid": 4326, "latestWkid": 4326},
        "fields": fields,
        "features": features,
    }
    _json("esri_dates/q.json", answer)


def geojson_ids() -> None:
    rows = [("c", SPOTS[2], 3), ("a", SPOTS[0], 1), ("x", SPOTS[3], 0), ("b", None, 2)]
    features = [_feature({"n": name}, spot, id=number) for name, spot, number in rows]
    _json("geojson_ids/p.geojson", {"type": "FeatureCollection", "features": features})


def kml_bad_coords() -> None:
    first, second, third = SPOTS[:3]
    _kml(
        "kml_bad_coords/p.kml",
        _placemark("spaces", "{}, {}, 0".format(*first))
        + _placemark("plain", "{},{}".format(*second))
        + _placemark("lines", "\n\t{},{},958.59\n".format(*third)),
    )


def kml_mixed_types() -> None:
    body = ""
    for schema, kind in (("s1", "int"), ("s2", "string")):
        field = f'<SimpleField name="code" type="{kind}"/>'
        body += f'<Schema name="{schema}" id="{schema}">{field}</Schema>'
    rows = (("A", "a", SPOTS[0], "s1", "12"), ("B", "b", SPOTS[1], "s2", "0013"))
    for folder, name, spot, schema, code in rows:
        values = (
            f'<ExtendedData><SchemaData schemaUrl="#{schema}">'
            f'<SimpleData name="code">{code}</SimpleData></SchemaData></ExtendedData>'
        )
        where = "{},{},0".format(*spot)
        body += f"<Folder><name>{folder}</name>{_placemark(name, where, values)}</Folder>"
    _kml("kml_mixed_types/p.kml", body)


def mixed_zm() -> None:
    first, second, third = (_high_triangle(lon) for lon in (100.50, 100.53, 100.56))
    shapes = [
        first,
        shapely.MultiPolygon([second]),
        shapely.GeometryCollection([third, shapely.Point(100.56, 13.75)]),
        shapely.LineString([(100.6, 13.7), (100.61, 13.7)]),
        None,
    ]
    _geopackage("mixed_zm/m.gpkg", shapes, list("abcde"))


def multisurface() -> None:
    """The first shape is a MULTISURFACE of straight lines: the same rings under another type."""
    first, second = (shapely.force_2d(_high_triangle(lon)) for lon in (100.50, 100.53))
    shapes = [shapely.MultiPolygon([shape]) for shape in (first, second)]
    path = _geopackage("multisurface/z.gpkg", shapes, ["A1", "A2"])
    multipolygon, multisurface = (1).to_bytes(1) + (6).to_bytes(4, "little"), b"\1\x0c\0\0\0"
    with sqlite3.connect(path) as package:
        query = "select fid, geom from x where code = 'A1'"
        number, stored = package.execute(query).fetchone()
        changed = stored.replace(multipolygon, multisurface, 1)
        assert changed != stored
        package.execute("update x set geom = ? where fid = ?", (changed, number))


def swapped() -> None:
    features = [_feature({"code": f"A{n}"}, spot[::-1]) for n, spot in enumerate(SPOTS[:3])]
    features.append(_feature({"code": "A3"}, SPOTS[3]))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}
    counts = {"totalFeatures": 4, "numberMatched": 4}
    collection = {"type": "FeatureCollection", "crs": crs, **counts, "features": features}
    _json("swapped/s.geojson", collection)


def utf16_excel() -> None:
    first, second = SPOTS[:2]
    text = "code\tname\tlon\tlat\r\n"
    text += 'A1\t"สวน\nหลวง"\t{}\t{}\r\n'.format(*first)
    text += 'A2\t"ก ""ข"" ค"\t{}\t{}\r\n'.format(*second)
    (HERE / "utf16_excel/reg.txt").write_bytes(text.encode("utf-16"))


def xlsx_x000d() -> None:
    """Line breaks as Excel escapes them, and an escape that is escaped itself."""
    path = HERE / "xlsx_x000d/reg.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["code", "name", "lon", "lat"])
    book.active.append(["A1", "CRLF", *SPOTS[0]])
    book.save(path)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    written = ">สวน_x000D_\nหลวง _x005F_x000D_<".encode()
    _zip("xlsx_x000d/reg.xlsx", {n: part.replace(b">CRLF<", written) for n, part in parts.items()})


def zip_thai_nested() -> None:
    """Names of folder and files in CP874, which no flag of the archive says, beside other files."""
    columns = {"code": ["P1", "P2"], "name": ["สวนก", "สวนข"]}
    parts = _shapefile("a", columns, [shapely.Point(spot) for spot in SPOTS[:2]], "EPSG:4326")
    kept = {
        f"PLACEHOLDER/XXXXXXX{Path(name).suffix}": part
        for name, part in parts.items()
        if not name.endswith(".cpg")
    }
    _zip("zip_thai_nested/z.zip", kept | {"__MACOSX/x/._a.shp": b"junk", "readme.pdf": b"%PDF-"})
    path = HERE / "zip_thai_nested/z.zip"
    named = path.read_bytes().replace(b"PLACEHOLDER", "ชั้นข้อมูลx".encode("cp874"))
    path.write_bytes(named.replace(b"XXXXXXX", "สวนสาธx".encode("cp874")))


CASES = (
    *(col_reserved, col_xmin, datum_24047, esri_dates, geojson_ids, kml_bad_coords),
    *(kml_mixed_types, mixed_zm, multisurface, swapped, utf16_excel, xlsx_x000d, zip_thai_nested),
)


def _csv(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lines = [",".join(map(str, row)) for row in (columns, *rows)]
    (HERE / name).write_text("\n".join([*lines, ""]), encoding="utf-8")


def _json(name: str, content: Mapping[str, Any]) -> None:
    (HERE / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _feature(
    properties: Mapping[str, object], spot: Sequence[float] | None, **more: object
) -> dict[str, object]:
    geometry = spot and {"type": "Point", "coordinates": list(spot)}
    return {"type": "Feature", "properties": properties, "geometry": geometry, **more}


def _kml(name: str, body: str) -> None:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
    text = f"{head}<Document>{body}</Document></kml>"
    (HERE / name).write_text(text, encoding="utf-8")


def _placemark(name: str, where: str, more: str = "") -> str:
    point = f"<Point><coordinates>{where}</coordinates></Point>"
    return f"<Placemark><name>{name}</name>{more}{point}</Placemark>"


def _high_triangle(lon: float) -> shapely.Polygon:
    corners = [(lon, 13.75, 5), (lon + 0.01, 13.75, 6), (lon + 0.01, 13.76, 7), (lon, 13.75, 5)]
    return shapely.Polygon(corners)


def _geopackage(name: str, shapes: Sequence[shapely.Geometry | None], codes: list[str]) -> Path:
    path = HERE / name
    path.unlink(missing_ok=True)
    frame = gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs="EPSG:4326")
    pyogrio.write_dataframe(
        frame, path, layer="x", geometry_type="Unknown", layer_options={"SPATIAL_INDEX": "NO"}
    )
    return path


def _shapefile(
    stem: str, columns: Mapping[str, list[str]], shapes: Sequence[shapely.Geometry], crs: str
) -> dict[str, bytes]:
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)
    with tempfile.TemporaryDirectory() as folder:
        pyogrio.write_dataframe(frame, Path(folder) / f"{stem}.shp", encoding="UTF-8")
        return {part.name: part.read_bytes() for part in sorted(Path(folder).iterdir())}


def _zip(name: str, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(HERE / name, "w") as packed:
        for inside, content in parts.items():
            packed.writestr(zipfile.ZipInfo(inside), content)


if __name__ == "__main__":
    main()
