"""Database sessions: used again, replaced where they ended, and ended with what they hold."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from geo.store.database import connect, open_engine, session

LOCK = "select pg_try_advisory_lock(1)"


def _pid(connection: Connection) -> int:
    pid: int = connection.execute(text("select pg_backend_pid()")).scalar_one()
    return pid


def _pid_of_the_next(engine: Engine) -> int:
    with connect(engine) as connection:
        return _pid(connection)


def test_a_database_session_is_used_again(database: Callable[..., str]) -> None:
    url = database()
    assert _pid_of_the_next(open_engine(url)) == _pid_of_the_next(open_engine(url))


def test_a_session_that_ended_meanwhile_is_replaced(database: Callable[..., str]) -> None:
    engine = open_engine(database())
    with session(engine) as connection:
        ended = _pid_of_the_next(engine)
        connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": ended})
    assert _pid_of_the_next(engine) != ended


def test_what_an_own_session_holds_ends_with_it(database: Callable[..., str]) -> None:
    engine = open_engine(database())
    with session(engine) as connection:
        assert connection.execute(text(LOCK)).scalar_one()
        connection.execute(text("create temporary table mine (x int)"))
        connection.commit()
        with session(engine) as other:
            assert not other.execute(text(LOCK)).scalar_one()
    with session(engine) as later:
        assert later.execute(text(LOCK)).scalar_one()
        assert later.execute(text("select to_regclass('mine')")).scalar_one() is None
