"""The one file of a delivery, out of its zip if it came in one."""

from __future__ import annotations

from pathlib import Path

from geo.reader import archive, sniff
from geo.reader.job import Job
from geo.reader.refused import Refused
from schemas.formats import FORMATS


def only_file(job: Job) -> Path:
    """Path of the one file with content of the job's format.

    A zip may bring it, if exactly one member has one of the format's suffixes. Raises `Refused`.
    """
    suffixes = FORMATS[job.format].suffixes
    if len(job.files) != 1:
        raise Refused("too_many_files", ", ".join(sorted(job.files)))
    ((name, path),) = job.files.items()
    if sniff.require(path, name, job.format) != "zip":
        return path
    members = archive.unpack(path, job.work, suffixes, job.limits)
    if len(members) != 1:
        raise Refused("zip_content", f"{', '.join(sorted(members)) or '-'}; {suffixes[0]}")
    ((name, path),) = members.items()
    if sniff.require(path, name, job.format) == "zip":
        raise Refused("zip_nested", name)
    return path
