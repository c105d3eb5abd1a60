"""Errors of One Map: what went wrong, as a type, and what to do next, as its message.

Two branches matter to whoever catches one: a `TransientError` may succeed when tried again, a
`TerminalError` will not. Bad data is never an exception; it is an issue row. Exit codes are those
of sysexits.h (`os.EX_*`), one per family, so that a shell or a scheduler can tell them apart.

Typed attributes are dataclass fields: a caller reads `error.path`, not the message. All of them
survive pickling, because flows carry errors between processes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar


@dataclass(eq=False)
class GeoError(Exception):
    """Base of every error that One Map raises on purpose."""

    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __post_init__(self) -> None:
        # Exception pickles as cls(*args); keyword arguments would be lost without this.
        self.args = tuple(getattr(self, field.name) for field in fields(self))


class TransientError(GeoError):
    """Trying again may help."""

    exit_code = os.EX_TEMPFAIL


class TerminalError(GeoError):
    """Trying again cannot help: a person has to change something first."""


# --- configuration, declarations, and what must be installed (EX_CONFIG, 78) ------------------


@dataclass(eq=False)
class ConfigurationError(TerminalError):
    """A setting is wrong; the message says which, and what it should be."""

    message: str
    exit_code = os.EX_CONFIG

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class MissingProgram(TerminalError):
    """A program of the system is not installed. `install` is the one command that mends it."""

    program: str
    install: str
    exit_code = os.EX_CONFIG

    def __str__(self) -> str:
        return f"{self.program} is not installed; run: {self.install}"


@dataclass(eq=False)
class WallsMissing(TerminalError):
    """Around the reader, a wall that is required cannot stand here; `advice` says what to do."""

    missing: tuple[str, ...]
    advice: str
    exit_code = os.EX_CONFIG

    def __str__(self) -> str:
        return (
            f"no file of an agency is read, because this machine lacks {', '.join(self.missing)} "
            f"around the reader. {self.advice}"
        )


@dataclass(eq=False)
class NoRoom(TerminalError):
    """A disk has not the room that a step needs; nothing was written. Sizes are in bytes."""

    folder: Path
    needed: int
    free: int

    def __str__(self) -> str:
        return (
            f"{self.folder} has {self.free / 1e6:,.0f} MB free, and this load needs "
            f"{self.needed / 1e6:,.0f} MB for rows, log and release; make room and run again"
        )


# --- input that is not there (EX_NOINPUT, 66) -------------------------------------------------


@dataclass(eq=False)
class DropsMissing(TerminalError):
    """The folder of agency drops does not exist, or is no folder."""

    path: Path
    exit_code = os.EX_NOINPUT

    def __str__(self) -> str:
        return (
            f"there is no drops folder {self.path}; give an existing folder with --drops, or name "
            "one in ONEMAP_DROPS"
        )


@dataclass(eq=False)
class UnknownRun(TerminalError):
    """No such run, or it is not in the state that the command needs."""

    run_id: int
    problem: str
    exit_code = os.EX_NOINPUT

    def __str__(self) -> str:
        return f"run {self.run_id}: {self.problem}; `onemap holds` lists the runs that wait"


@dataclass(eq=False)
class NotThere(TerminalError):
    """A run, a release or a source that was asked for does not exist; `advice` says what does."""

    asked: str
    advice: str
    exit_code = os.EX_NOINPUT

    def __str__(self) -> str:
        return f"there is no {self.asked}; {self.advice}"


# --- services (EX_UNAVAILABLE, 69) ------------------------------------------------------------


@dataclass(eq=False)
class DatabaseUnreachable(TransientError):
    """The database does not answer. `address` never holds a password."""

    address: str
    reason: str
    exit_code = os.EX_UNAVAILABLE

    def __str__(self) -> str:
        reason = " ".join(self.reason.split())  # libpq speaks in several lines
        return f"the database at {self.address} cannot be reached ({reason})"


@dataclass(eq=False)
class ClusterError(TerminalError):
    """The private PostgreSQL cluster cannot do what was asked; `log` is the end of its log."""

    problem: str
    log: str = ""
    exit_code = os.EX_UNAVAILABLE

    def __str__(self) -> str:
        return f"{self.problem}\n{self.log}" if self.log else self.problem


@dataclass(eq=False)
class PrefectUnreachable(TransientError):
    """The Prefect server that PREFECT_API_URL names does not answer."""

    address: str
    reason: str
    exit_code = os.EX_UNAVAILABLE

    def __str__(self) -> str:
        return (
            f"the Prefect server at {self.address} cannot be reached ({self.reason}); start it, or "
            "correct PREFECT_API_URL (`make schedule` without it starts one of its own)"
        )


@dataclass(eq=False)
class FetchFailed(TransientError):
    """A source's URL does not give its bytes, or not all of them."""

    url: str
    reason: str
    exit_code = os.EX_UNAVAILABLE

    def __str__(self) -> str:
        return f"{self.url} could not be fetched: {self.reason}"


@dataclass(eq=False)
class FetchIncomplete(FetchFailed):
    """Only a part of a URL's bytes came."""


# --- several at once (EX_TEMPFAIL, 75) --------------------------------------------------------


@dataclass(eq=False)
class DatabaseBusy(TransientError):
    """A lock, a deadlock, a serialisation failure or a lost connection ended the transaction."""

    reason: str

    def __str__(self) -> str:
        return f"the database ended the transaction ({self.reason}); nothing was written, try again"


@dataclass(eq=False)
class StoreBusy(TransientError):
    """Deliveries are being taken in, so that none can be removed."""

    store: Path

    def __str__(self) -> str:
        return f"a run is taking deliveries into {self.store}; wait for it and try again"


@dataclass(eq=False)
class LeaseHeld(TransientError):
    """Another run has the right to write this layer."""

    layer: str
    holder: str

    def __str__(self) -> str:
        return f"layer `{self.layer}` is being written by {self.holder}; wait for it and try again"


@dataclass(eq=False)
class LeaseLost(TerminalError):
    """This run lost the right to write while it worked; its transaction was undone."""

    layer: str
    exit_code = os.EX_TEMPFAIL

    def __str__(self) -> str:
        return (
            f"another run took over layer `{self.layer}`; this one wrote nothing. Start a new run"
        )


# --- what was kept (EX_DATAERR, 65) -----------------------------------------------------------


@dataclass(eq=False)
class BackupDamaged(TerminalError):
    """A backup is not what it was when it was made, or never was one."""

    folder: Path
    problem: str
    exit_code = os.EX_DATAERR

    def __str__(self) -> str:
        return f"{self.folder} is no whole backup: {self.problem}. Nothing was restored"


@dataclass(eq=False)
class RestoreDiffers(TerminalError):
    """What was restored is not what was kept."""

    what: str
    exit_code = os.EX_DATAERR

    def __str__(self) -> str:
        return (
            f"after the restore, {self.what} is not what the backup says; do not use this map, and "
            "restore again"
        )


@dataclass(eq=False)
class DumpFailed(TerminalError):
    """A program of PostgreSQL could not write or read a dump; `reason` is what it said."""

    program: str
    reason: str
    exit_code = os.EX_UNAVAILABLE

    def __str__(self) -> str:
        return f"{self.program} failed ({self.reason}); nothing was changed"


# --- the database's own history (EX_DATAERR, 65) ----------------------------------------------


@dataclass(eq=False)
class MigrationChanged(TerminalError):
    """A migration that was applied no longer reads as it did."""

    name: str
    exit_code = os.EX_DATAERR

    def __str__(self) -> str:
        return (
            f"migration {self.name} was applied in another wording; restore its text and put the "
            "change into a new migration"
        )


# --- our own mistakes, caught before anybody reads them (EX_SOFTWARE, 70) ---------------------


@dataclass(eq=False)
class RowAccountingError(TerminalError):
    """A step lost or invented rows: rows in are not the sum of where they went."""

    source: str
    step: str
    rows_in: int
    rows_out: int

    def __str__(self) -> str:
        return (
            f"source `{self.source}`, step {self.step}: {self.rows_in} rows came in and "
            f"{self.rows_out} are accounted for; nothing was written. Please report this"
        )


@dataclass(eq=False)
class StepTimeout(TerminalError):
    """A step took longer than any delivery may; what it wrote was undone."""

    step: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.step} took longer than {self.seconds:,.0f} seconds and was ended"


@dataclass(eq=False)
class ReleaseUnverified(TerminalError):
    """A built product does not read back as it was written; the pointer did not move."""

    product: str
    problem: str

    def __str__(self) -> str:
        return f"{self.product} was not published: {self.problem}. The last release stays up"


@dataclass(eq=False)
class LayerUnbuilt(ReleaseUnverified):
    """A layer (`product`) cannot be made, or does not read back; `__cause__` says why."""


@dataclass(eq=False)
class ReaderUnsafe(TerminalError):
    """The self-probe found that the reader's sandbox opens what it must not."""

    probe: str

    def __str__(self) -> str:
        return f"the reader's sandbox does not hold (probe: {self.probe}); no agency file was read"
