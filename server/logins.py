"""Who logs in to a map's database, and how a password stays where it belongs.

A configured server has a login for each role: the owner's, the planner's, the web's. Nobody acts
through another's: a session that begins as the owner is the owner again after `RESET ROLE`.
"""

from __future__ import annotations

from psycopg import pq

from geo.errors import ConfigurationError


def user_of(url: str) -> str:
    """The role that a libpq URL logs in as; where it names none, what libpq would take."""
    given = {option.keyword: option.val for option in pq.Conninfo.parse(url.encode())}
    usual = {option.keyword: option.val for option in pq.Conninfo.get_defaults()}
    return (given[b"user"] or usual[b"user"] or b"").decode()


def password_of(url: str) -> str | None:
    """The password in a libpq URL."""
    given = {option.keyword: option.val for option in pq.Conninfo.parse(url.encode())}
    password = given[b"password"]
    return None if password is None else password.decode()


def kept_password(user: str, password: str) -> str:
    """A password as PostgreSQL keeps it (SCRAM-SHA-256, salted): nobody can log in by it.

    libpq makes it, as psql's `\\password` does; the connection that it asks for is to nowhere.
    """
    nowhere = pq.PGconn.connect_start(b"port=0")
    made = nowhere.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
    return made.decode()


def apart(url: str) -> tuple[str, dict[str, str]]:
    """A libpq URL for a program's arguments, which anybody on the machine can read, and what is
    secret in it for its environment, which nobody else can.

    libpq says what is secret. Raises ConfigurationError for a secret that no variable can carry.
    """
    open_parts, secrets = [], {}
    for option in pq.Conninfo.parse(url.encode()):
        if option.val is None:
            continue
        keyword, value = option.keyword.decode(), option.val.decode()
        if option.dispchar != b"*":
            open_parts.append(f"{keyword}={_quoted(value)}")
        elif option.envvar:
            secrets[option.envvar.decode()] = value
        else:
            raise ConfigurationError(
                f"the database's URL holds `{keyword}`, which would be seen by everybody on this "
                "machine; keep it in a file (~/.pg_service.conf), or leave it out"
            )
    return " ".join(open_parts), secrets


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
