"""GDAL driver allow-list and the environment of the child.

GDAL chooses a driver by content, whatever the file is called, and can only be told to leave
drivers out by name, in the environment, before it is loaded. So every driver that the wheels of
pyogrio (GDAL 3.12) and fiona (GDAL 3.9) are known to bring is named here, and the child refuses
to work if it finds one that it did not expect.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.formats import FORMATS

KNOWN_DRIVERS = frozenset(
    name.strip()
    for name in """
    AAIGrid,ACE2,ADBC,ADRG,AIG,AIVector,AVCBin,AVCE00,AirSAR,AmigoCloud,BIGGIF,BMP,BSB,BT,BYN,CAD,
    CALS,CEOS,COASP,COG,COSAR,CPG,CSV,CSW,CTG,Carto,DAAS,DERIVED,DGN,DIMAP,DOQ1,DOQ2,DTED,DXF,
    ECRGTOC,EDIGEO,EEDA,EEDAI,EHdr,EIR,ENVI,ERS,ESAT,ESRI Shapefile,ESRIC,ESRIJSON,Elasticsearch,
    FAST,FlatGeobuf,GDALG,GFF,GIF,GML,GNMDatabase,GNMFile,GPKG,GPSBabel,GPX,GRASSASCIIGrid,GRIB,
    GS7BG,GSAG,GSBG,GSC,GTFS,GTI,GTX,GTiff,GXF,GenBin,GeoJSON,GeoJSONSeq,GeoRSS,Geoconcept,HF2,HFA,
    HTTP,ILWIS,IRIS,ISCE,ISG,ISIS2,ISIS3,Idrisi,JAXAPALSAR,JDEM,JML,JPEG,JSONFG,KML,
    KMLSUPEROVERLAY,KRO,L1B,LAN,LCP,LIBERTIFF,LIBKML,LOSLAS,LVBAG,Leveller,MAP,MBTiles,MEM,MFF,
    MFF2,MRF,MSGN,MVT,MapInfo File,MapML,Memory,MiraMonRaster,MiraMonVector,NDF,NGSGEOID,NGW,NITF,
    NOAA_B,NSIDCbin,NTv2,NWT_GRC,NWT_GRD,OAPIF,ODS,OGCAPI,OGR_GMT,OGR_PDS,OGR_VRT,OSM,OpenFileGDB,
    PAux,PCIDSK,PCRaster,PDF,PDS,PDS4,PGDUMP,PLMOSAIC,PLSCENES,PMTiles,PNG,PNM,PRF,RCM,RIK,RMF,
    ROI_PAC,RPFTOC,RRASTER,RS2,RST,S57,SAFE,SAGA,SAR_CEOS,SENTINEL2,SIGDEM,SNAP_TIFF,SNODAS,SQLite,
    SRP,SRTMHGT,STACIT,STACTA,SVG,SXF,Selafin,TGA,TIGER,TIL,TSX,Terragen,TopoJSON,UK .NTF,USGSDEM,
    VDV,VFK,VICAR,VRT,WAsP,WCS,WFS,WMS,WMTS,XLSX,XYZ,ZMap,Zarr
    """.replace("\n", "").split(",")
)


def environment(format: str, work: str) -> dict[str, str]:
    """The whole environment of a child that reads `format`, with `work` as its home."""
    skipped = ",".join(sorted(KNOWN_DRIVERS - {FORMATS[format].driver}))
    return {
        # GDAL_SKIP leaves out raster and vector drivers alike; naming one in OGR_SKIP too crashes
        "GDAL_SKIP": skipped,
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_PYTHON_DRIVER_PATH": "disable",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_CONNECTTIMEOUT": "1",
        "GDAL_HTTP_MAX_RETRY": "0",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
        "CPL_TMPDIR": work,
        "GML_DOWNLOAD_SCHEMA": "NO",
        "SPATIALITE_LOAD": "NO",
        "PROJ_NETWORK": "OFF",
        "SHAPE_RESTORE_SHX": "NO",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "0",  # the limit is RLIMIT_AS, as for every format
        "HOME": work,
        "TMPDIR": work,
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # arenas of 1 GB do not go with RLIMIT_AS
    }


class UnsafeDrivers(Exception):
    """GDAL brought drivers that this list does not know: extend KNOWN_DRIVERS."""


def check(present: Iterable[str], format: str) -> None:
    """Raise `UnsafeDrivers` if there is any driver that `format` does not need."""
    if more := sorted(set(present) - {FORMATS[format].driver}):
        raise UnsafeDrivers(f"GDAL drivers missing from geo.reader.drivers: {', '.join(more)}")
