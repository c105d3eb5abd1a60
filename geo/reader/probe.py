"""Does the sandbox hold? Opens what it must not be able to open, and says what it got."""

from __future__ import annotations

import socket
from pathlib import Path

from geo.reader import drivers
from geo.reader.job import Job

SECRET_FILE, ADDRESS_FILE = "secret", "address"


def run(job: Job) -> list[str]:
    """Names of the probes that got through. Raises UnsafeDrivers.

    The job's files are pointer files, for GDAL; one that is called `secret` holds the path of a
    file outside the job, `address` a port of this machine, for Python itself.
    """
    opened = [name for name, path in job.files.items() if _opens(name, path)]
    if job.files and not opened:  # without files the walls alone are asked about: no parser
        import pyogrio

        drivers.check(pyogrio.list_drivers(), job.format)
    return opened


def _opens(name: str, path: Path) -> bool:
    if name == SECRET_FILE:
        return _reads(Path(path.read_text("utf-8")))
    if name == ADDRESS_FILE:
        return _connects(int(path.read_text("utf-8")))
    import pyarrow as pa
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        _, table = pyogrio.read_arrow(path)
    except (DataSourceError, DataLayerError, pa.ArrowException, OSError):
        return False
    return bool(table.num_rows) and "secret" in str(table.to_pylist())


def _reads(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
