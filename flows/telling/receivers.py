"""Where alerts go: an address that a person gives, as what Prefect needs to send there.

Prefect's server sends them. It has a block for any webhook, and one for addresses of Apprise, a
library that it brings along; so nothing has to be installed there. An address holds a secret more
often than not (a token in its path, a password): it is kept in the block, encrypted, and shown
nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from geo.errors import ConfigurationError

LINE_PUSH = "https://api.line.me/v2/bot/message/push"
"""Messaging API of LINE, "Send push message"."""
_LINE_RECEIVER = re.compile(r"[UCR][0-9a-f]{32}")
_JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
SUBJECT = "One Map"


@dataclass(frozen=True)
class Receiver:
    """Where alerts go. Of a `mail` the address is one of Apprise; a `webhook` is posted JSON."""

    kind: Literal["webhook", "mail"]
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    line_to: str | None = None

    def payload(self, text: str, event: str) -> str:
        """What is posted, as a template: `text` and `event` are expressions that give JSON."""
        if self.line_to is None:
            return f'{{"text": {text}, "event": {event}}}'
        message = f'{{"type": "text", "text": {text}}}'
        return f'{{"to": {json.dumps(self.line_to)}, "messages": [{message}]}}'


def receiver(address: str) -> Receiver:
    """The receiver that is meant: `https://…`, `line://TOKEN@RECEIVER`, `mailtos://…`.

    Raises ConfigurationError, which does not repeat the address.
    """
    scheme, separator, rest = address.strip().partition("://")
    if separator and scheme in ("http", "https"):
        return _webhook(address.strip())
    if separator and scheme == "line":
        return _line(rest)
    if separator and scheme in ("mailto", "mailtos"):
        return _mail(address.strip())
    raise ConfigurationError(
        "alerts go to a webhook (https://...), to LINE (line://TOKEN@RECEIVER) or to a mailbox "
        "(mailtos://USER:PASSWORD@SERVER?from=...&to=...); docs/notifications.md has examples"
    )


def _webhook(address: str) -> Receiver:
    return Receiver("webhook", _named(address, "https://HOST/PATH"), _JSON_TYPE)


def _line(rest: str) -> Receiver:
    token, _, to = rest.rpartition("@")
    token = unquote(token)
    if not _LINE_RECEIVER.fullmatch(to) or not re.fullmatch(r"[\w.+/=-]+", token, re.ASCII):
        raise ConfigurationError(
            "LINE needs line://TOKEN@RECEIVER: the channel access token of an official account, "
            "and the id of a user, group or room (U, C or R and 32 hexadecimal digits)"
        )
    headers = {**_JSON_TYPE, "Authorization": f"Bearer {token}"}
    return Receiver("webhook", LINE_PUSH, headers, line_to=to)


def _mail(address: str) -> Receiver:
    return Receiver("mail", _named(address, "mailtos://USER:PASSWORD@SERVER?from=...&to=..."))


def _named(address: str, form: str) -> str:
    """The address if it names a host; its own words are in no message."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not address.isprintable() or " " in address:
        raise ConfigurationError(f"the address of the alerts names no host; it has the form {form}")
    return address
