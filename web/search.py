"""Search by name, code or area over all public features of a release.

The index is read from the release's own GeoParquet files, once per release: two text columns that
are searched with Arrow's vectorised kernels. Thai is compared as people type it: composed or
decomposed sara am, Thai or Arabic digits, with or without spaces and prefixes of areas.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from web.areas import AreaNames
from web.releases import Release

MAX_RESULTS: Final = 50
MAX_QUERY: Final = 100
COLUMNS: Final = (
    "feature_id",
    "name_th",
    "name_en",
    "district_code",
    "subdistrict_code",
    "location_precision",
)
THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
IGNORED: Final = re.compile(r"[\s\u200b-\u200d\u2060\ufeff\u00a0]+")
SARA_AM: Final = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")
AREA_WORDS: Final = "เขต|แขวง|อำเภอ|ตำบล|khet|khwaeng|amphoe|tambon|district|subdistrict"
AREA_PREFIX: Final = re.compile(f"^({AREA_WORDS})(?=.)")
ROLE_ORDER: Final = {"district": 0, "subdistrict": 1, "area": 2, "place": 3}


def search_key(text: str) -> str:
    """Text as it is compared: NFC, one sara am, Arabic digits, lower case, no spaces."""
    text = unicodedata.normalize("NFC", text).translate(THAI_DIGITS).lower()
    return IGNORED.sub("", SARA_AM.sub("\\1\u0e33", text))


class SearchIndex:
    """All features of a release that have a name or are an area."""

    def __init__(self, release: Release, names: AreaNames) -> None:
        parts = [_read_layer(release, layer) for layer in release.layers.values()]
        self._table = pa.concat_tables(parts).combine_chunks()
        self._names = names
        self._th = _name_keys(self._table)
        self._en = _key_column(self._table["name_en"])
        self._text = _haystack(self._table, self._th, self._en, names)
        self._rank = self._table["role_order"].to_numpy()
        self._length = pc.fill_null(pc.utf8_length(self._table["name_th"]), 0).to_numpy()

    def find(self, query: str, limit: int) -> dict[str, Any]:
        """Best matches first: the name itself, its beginning, within it, then by area and code.

        Every word of the query must be found in the feature's names, codes or areas.
        """
        words = {key for word in query.split() if (key := search_key(word))}
        if not words:
            return {"total": 0, "results": []}
        found = np.logical_and.reduce([_contains(self._text, word) for word in words])
        rows = np.flatnonzero(found)
        order = np.lexsort((self._length[rows], self._rank[rows], self._closeness(rows, query)))
        chosen = self._table.take(pa.array(rows[order][:limit])).to_pylist()
        return {
            "total": int(rows.size),
            "results": [self._result(row) for row in chosen],
        }

    def _closeness(self, rows: np.ndarray, query: str) -> np.ndarray:
        """0 the whole name, 1 its beginning, 2 within it, 3 elsewhere (a code, an area)."""
        key = search_key(query)
        keys = {key, AREA_PREFIX.sub("", key)}
        closeness = np.full(rows.size, 3)
        chosen = pa.array(rows)
        for column in (self._th.take(chosen), self._en.take(chosen)):
            for wanted in keys:
                within = _contains(column, wanted)
                starts = _true(pc.starts_with(column, pattern=wanted))
                same = _true(pc.equal(column, wanted))
                closeness = np.minimum(closeness, np.select([same, starts, within], [0, 1, 2], 3))
        return closeness

    def _result(self, row: Mapping[str, Any]) -> dict[str, Any]:
        at_area = row["location_precision"] != "exact"
        return {
            "layer": row["layer"],
            "feature_id": row["feature_id"],
            "name": {"th": row["name_th"], "en": row["name_en"]},
            "location_precision": row["location_precision"],
            "district": self._names.of(row["district_code"]),
            "subdistrict": self._names.of(row["subdistrict_code"]),
            "bounds": None if at_area else row["bounds"],
        }


def _read_layer(release: Release, layer: Mapping[str, Any]) -> pa.Table:
    path = release.folder / layer["files"]["parquet"]["path"]
    table = pq.read_table(path, columns=[*COLUMNS, "geom"])
    bounds = shapely.bounds(shapely.from_wkb(table["geom"].to_numpy(zero_copy_only=False)))
    table = table.select(COLUMNS).cast(pa.schema([(name, pa.string()) for name in COLUMNS]))
    count = table.num_rows
    table = table.append_column("layer", pa.array(np.full(count, layer["id"])))
    role = pa.array(np.full(count, ROLE_ORDER[layer["role"]]))
    table = table.append_column("role_order", role)
    flat = pa.array(np.round(bounds, 6).ravel())
    return table.append_column("bounds", pa.FixedSizeListArray.from_arrays(flat, 4))


def _key_column(names: pa.ChunkedArray) -> pa.Array:
    """`search_key` of a whole column."""
    keys = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(names, ""), form="NFC"))
    for thai, arabic in THAI_DIGITS.items():
        keys = pc.replace_substring(keys, chr(thai), chr(arabic))
    keys = pc.replace_substring_regex(keys, "\u0e4d([\u0e48-\u0e4b]?)\u0e32", "\\1\u0e33")
    spaces = r"[\s\x{200b}-\x{200d}\x{2060}\x{feff}\x{a0}]+"
    return pc.replace_substring_regex(keys, spaces, "").combine_chunks()


def _name_keys(table: pa.Table) -> pa.Array:
    """Keys of the Thai names; those of areas without the word before them (เขต, ตำบล)."""
    keys = _key_column(table["name_th"])
    is_area = pc.less(table["role_order"], ROLE_ORDER["area"]).combine_chunks()
    return pc.if_else(is_area, pc.replace_substring_regex(keys, f"^({AREA_WORDS})", ""), keys)


def _haystack(table: pa.Table, th: pa.Array, en: pa.Array, names: AreaNames) -> pa.Array:
    """Everything a word of the query may be found in."""
    districts = names.search_words(table["district_code"])
    subdistricts = names.search_words(table["subdistrict_code"])
    return pc.binary_join_element_wise(th, en, districts, subdistricts, "\n")


def _contains(column: pa.Array, wanted: str) -> np.ndarray:
    return _true(pc.match_substring(column, pattern=wanted))


def _true(mask: pa.Array) -> np.ndarray:
    found: np.ndarray = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return found
