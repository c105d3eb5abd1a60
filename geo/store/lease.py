"""The right to write layers: rows with a token, tied to the life of a database session.

An advisory lock or a local file would not do: any role may take the first, and neither is checked
by the transaction that writes. A lease is a row; its holder is the database session that took it,
so a holder that was killed has lost it as soon as the server notices, and its orphans write
nothing.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from geo.errors import LeaseHeld, LeaseLost
from geo.store.database import run, session


@contextmanager
def hold(engine: Engine, layers: Sequence[str], *, wait_seconds: float = 60) -> Iterator[uuid.UUID]:
    """Holds the right to write `layers` while the block runs; yields the token to check.

    All or none are taken. Waits for a living holder up to `wait_seconds`, then raises LeaseHeld.
    """
    token = uuid.uuid4()
    with session(engine) as connection:
        _take(connection, sorted(layers), token, time.monotonic() + wait_seconds)
        try:
            yield token
        finally:
            # A session that is gone has lost its leases already.
            with suppress(OperationalError):
                run(connection, "lease_release", token=token)
                connection.commit()


def check(connection: Connection, layers: Sequence[str], token: uuid.UUID) -> None:
    """Inside the writing transaction: the token still holds all `layers`, until the commit.

    Raises LeaseLost.
    """
    held = run(connection, "lease_check", layers=list(layers), token=token).scalar_one()
    if held != len(layers):
        raise LeaseLost(", ".join(layers))


def _take(connection: Connection, layers: list[str], token: uuid.UUID, deadline: float) -> None:
    holder = f"{socket.gethostname()} process {os.getpid()}"
    while True:
        taken = run(connection, "lease_take", layers=layers, token=token, holder=holder)
        if len(taken.all()) == len(layers):
            connection.commit()
            return
        connection.rollback()
        if time.monotonic() > deadline:
            other = run(connection, "lease_holders", layers=layers).scalars().all()
            raise LeaseHeld(", ".join(layers), "; ".join(other))
        time.sleep(0.25)
