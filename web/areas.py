"""Names of districts and subdistricts by their codes, as this release spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from web.releases import Release

CODE_COLUMNS: Final = {"district": "district_code", "subdistrict": "subdistrict_code"}
# What an area is called: Bangkok (province 10) has its own words.
TERMS: Final = {
    ("10", "district"): ("เขต", "Khet"),
    ("10", "subdistrict"): ("แขวง", "Khwaeng"),
    ("", "district"): ("อำเภอ", "Amphoe"),
    ("", "subdistrict"): ("ตำบล", "Tambon"),
}


class AreaNames:
    """Look-up of areas. Codes have 4 digits (districts) or 6 (subdistricts)."""

    def __init__(self, release: Release) -> None:
        self._names: dict[str, dict[str, Any]] = {}
        for layer in release.layers.values():
            if layer["role"] in CODE_COLUMNS:
                self._names |= _read_names(release, layer, layer["role"])

    def of(self, code: str | None) -> dict[str, Any] | None:
        """`{code, level, th, en, term}`, or None for no code. An unknown code names itself."""
        if code is None:
            return None
        return self._names.get(code) or {
            "code": code,
            "level": None,
            "th": code,
            "en": code,
        }

    def search_words(self, codes: pa.ChunkedArray) -> pa.Array:
        """For each code the words by which its area is found, e.g. `1030 เขตจตุจักร chatuchak`."""
        encoded = codes.combine_chunks().dictionary_encode()
        words = pa.array([_words(self.of(code)) for code in encoded.dictionary.to_pylist()])
        if not len(words):
            return pa.repeat(pa.scalar(""), len(encoded))
        return pc.fill_null(words.take(encoded.indices), "")


def _read_names(release: Release, layer: Mapping[str, Any], level: str) -> dict[str, Any]:
    code = CODE_COLUMNS[level]
    path = release.folder / layer["files"]["parquet"]["path"]
    rows = pq.read_table(path, columns=[code, "name_th", "name_en"]).to_pylist()
    return {row[code]: _named(row[code], level, row) for row in rows if row[code]}


def _named(code: str, level: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The name without the word before it: some agencies write เขตจตุจักร, others จตุจักร."""
    term = _term(code, level)
    name = row["name_th"].removeprefix(term["th"]) if row["name_th"] else row["name_th"]
    return {"code": code, "level": level, "th": name, "en": row["name_en"], "term": term}


def _term(code: str, level: str) -> dict[str, str]:
    th, en = TERMS.get((code[:2], level)) or TERMS[("", level)]
    return {"th": th, "en": en}


def _words(area: Mapping[str, Any] | None) -> str:
    if area is None:
        return ""
    term = area.get("term", {"th": ""})["th"]
    english = (area["en"] or "").lower().replace(" ", "")
    return f"{area['code']} {term}{area['th'] or ''} {english}"
