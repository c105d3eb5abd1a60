"""What a file or a source declares as its CRS -> the code of a CRS that One Map knows.

A definition is told by its datum, ellipsoid, projection and units, never by the name of the CRS,
nor by PROJ's guess at a code (it answers 23947 for any Everest with a UTM zone).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from geo.errors import TerminalError

_WGS84_NAMES = re.compile(r"(wgs ?(19)?84|world geodetic system (19)?84)( ensemble)?|unknown.*")
_INDIAN_NAMES = re.compile(r"(?:gcs )?indian (1954|1975)")
_WGS84_ELLIPSOID = (6378137.0, 298.257223563)
_EVEREST_1937 = (6377276.345, 300.8017)
_INIT = re.compile(r"\+?init=epsg:(\d+)", re.IGNORECASE)
_ALIASES = {
    "CRS84": "OGC:CRS84",
    "EPSG:102113": "EPSG:3857",  # Esri's first wkid of Web Mercator; PROJ knows the later ones
    "EPSG:3785": "EPSG:3857",
}
RTSD = (204.4798, 837.8940, 294.7765)
"""Indian 1975 to WGS 84, metres, by the Royal Thai Survey Department."""
EPSG_1153 = (217.0, 823.0, 299.0)
"""Indian 1954 to WGS 84, metres."""
_TRANSLATIONS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("1975", RTSD),
    ("1975", (210.0, 814.0, 289.0)),  # EPSG:1304
    ("1975", (209.0, 818.0, 290.0)),  # EPSG:1154
    ("1975", (204.64, 834.74, 293.8)),  # EPSG:1537
    ("1975", (293.0, 836.0, 318.0)),  # EPSG:1812: wrong, yet it names the datum
    ("1954", EPSG_1153),
)
_ZONES: dict[tuple[float, ...], str] = {
    (0.0, 99.0, 0.9996, 500000.0, 0.0): "zone 47",
    (0.0, 105.0, 0.9996, 500000.0, 0.0): "zone 48",
}
"""Transverse Mercator by all that defines it: origin (lat, lon), scale, false easting, northing."""
_CODES: dict[str | None, dict[str | None, int]] = {
    "WGS84": {"degrees": 4326, "zone 47": 32647, "zone 48": 32648, "web mercator": 3857},
    "1975": {"degrees": 4240, "zone 47": 24047, "zone 48": 24048},
    "1954": {"degrees": 4239, "zone 47": 23947, "zone 48": 23948},
}


@dataclass(eq=False)
class UnknownCrs(TerminalError):
    """A CRS cannot be told safely. `declared` is what was declared, shortened."""

    declared: str
    problem: str
    advice: str = (
        "ask the agency for the datum, then declare `position.crs` in the source, "
        "e.g. EPSG:24047 for Indian 1975 / UTM zone 47N or EPSG:32647 for WGS 84 / UTM zone 47N"
    )
    exit_code = os.EX_DATAERR

    def __str__(self) -> str:
        return f"the CRS {self.declared!r} is not usable: {self.problem}; {self.advice}"


def identify(declared: str | pyproj.CRS | None) -> str:
    """What a file or a source declares -> the code of a CRS, e.g. "EPSG:24047".

    Takes codes ("EPSG:24047", "urn:ogc:def:crs:OGC:1.3:CRS84", "24047"), WKT of any kind, the text
    of a .prj and PROJ strings. Definitions are told by datum, ellipsoid, projection and units, not
    by the name of the CRS nor by PROJ's guess at a code, which answers 23947 for any Everest.

    Raises:
        UnknownCrs: nothing is declared, it cannot be read, or its datum cannot be told safely.
    """
    if isinstance(declared, pyproj.CRS):
        return _classified(declared, declared.name)
    text = (declared or "").strip().strip("\ufeff\0").strip()
    if not text:
        raise UnknownCrs("", "no CRS is declared")
    text = f"EPSG:{text}" if text.isdecimal() else text
    text = _ALIASES.get(text.upper(), text)
    if legacy := _INIT.fullmatch(text):
        text = f"EPSG:{legacy[1]}"
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    if "init=" in text.lower():  # PROJ would open the file that stands behind it
        raise UnknownCrs(shown, "it refers to a file of definitions")
    try:
        crs = pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise UnknownCrs(shown, "it cannot be read as a CRS") from error
    return _classified(crs, shown)


def _classified(crs: pyproj.CRS, shown: str) -> str:
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
    translation: tuple[float, ...] = ()
    if horizontal.is_bound and horizontal.source_crs is not None:
        operation = horizontal.coordinate_operation
        translation = tuple(operation.towgs84) if operation is not None else ()
        horizontal = horizontal.source_crs
    if not (horizontal.is_geographic or horizontal.is_projected):
        raise UnknownCrs(shown, "it is neither geographic nor projected")
    if len(horizontal.axis_info) > 2:  # not for all: `to_2d` makes plain Web Mercator of any
        horizontal = horizontal.to_2d()
    datum = _datum(horizontal, translation, shown)
    code = _CODES.get(datum, {}).get(_projection(horizontal))
    if code is None and datum not in ("1954", "1975"):
        code = horizontal.to_epsg()
    if code is None:
        raise UnknownCrs(shown, "it is none of the CRSs that EPSG or One Map knows")
    return f"EPSG:{code}"


def _datum(crs: pyproj.CRS, translation: tuple[float, ...], shown: str) -> str | None:
    """ "WGS84", "1975", "1954", or none of these; raises where it cannot be told safely."""
    name = _plain(crs.datum.name if crs.datum else "")
    if is_everest(crs):
        return _indian(crs, name, translation, shown)
    if _INDIAN_NAMES.fullmatch(name):
        raise UnknownCrs(shown, f"its datum is called {name!r}, yet its ellipsoid is not Everest")
    shifted = any(abs(value) > 0.001 for value in translation)
    if _WGS84_NAMES.fullmatch(name) and not shifted and _has(crs, _WGS84_ELLIPSOID):
        return "WGS84"
    if shifted or name in ("user defined", "unknown"):
        raise UnknownCrs(shown, f"its datum {name!r} is custom")
    return None


def _indian(crs: pyproj.CRS, name: str, translation: tuple[float, ...], shown: str) -> str:
    by_name = _INDIAN_NAMES.fullmatch(name)
    by_shift = next(
        (
            year
            for year, known in _TRANSLATIONS
            if translation and np.allclose(translation[:3], known, rtol=0, atol=0.5)
        ),
        None,
    )
    years = {by_name.group(1)} if by_name else set()
    years |= {by_shift} if by_shift else set()
    if not _has(crs, _EVEREST_1937):
        raise UnknownCrs(shown, "its Everest ellipsoid is not the one of Thailand (EPSG:7015)")
    if len(years) == 1 and (by_shift or not any(translation)):
        return years.pop()
    if any(translation):
        raise UnknownCrs(shown, f"Everest with the shift {translation[:3]} is no datum we know")
    raise UnknownCrs(
        shown, f"its datum {name!r} on the Everest ellipsoid does not say how it lies to WGS 84"
    )


def _projection(crs: pyproj.CRS) -> str | None:
    """ "degrees", "zone 47", "zone 48", "web mercator", or none that is pinned."""
    if any(abs(axis.unit_conversion_factor - _unit(crs)) > 1e-12 for axis in crs.axis_info):
        return None
    if crs.is_geographic:
        return "degrees"
    operation = crs.coordinate_operation
    if operation is None:
        return None
    values = tuple(round(float(parameter.value), 9) for parameter in operation.params)
    if operation.method_name == "Transverse Mercator":
        return _ZONES.get(values)
    web = operation.method_name == "Popular Visualisation Pseudo Mercator"
    return "web mercator" if web and not any(values) else None


def _unit(crs: pyproj.CRS) -> float:
    return float(np.pi / 180) if crs.is_geographic else 1.0


def is_everest(crs: pyproj.CRS) -> bool:
    """Whether it lies on Everest 1830 in any variant (their semi-major axes are 6377 276-304 m)."""
    return 6377000.0 < _ellipsoid(crs)[0] < 6377350.0


def _has(crs: pyproj.CRS, ellipsoid: tuple[float, float]) -> bool:
    greenwich = crs.prime_meridian is None or crs.prime_meridian.longitude == 0
    return greenwich and bool(np.allclose(_ellipsoid(crs), ellipsoid, rtol=0, atol=(0.01, 1e-4)))


def _ellipsoid(crs: pyproj.CRS) -> tuple[float, float]:
    """Semi-major axis in metres and inverse flattening; not a number where there is none."""
    found = crs.ellipsoid
    return (found.semi_major_metre, found.inverse_flattening) if found else (np.nan, np.nan)


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name.lower().removeprefix("d_")).strip()
