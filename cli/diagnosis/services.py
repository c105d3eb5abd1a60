"""Services that One Map speaks to."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Final

from cli.diagnosis.finding import Check, Finding, Subject, bad, ok
from cli.language import Words
from geo.errors import PrefectUnreachable

PROBE_SECONDS: Final = 3.0


def prefect(_: Subject) -> Finding:
    """The Prefect server that is named answers, and is of the client's version."""
    client = version("prefect")
    if not os.environ.get("PREFECT_API_URL"):
        return ok(
            "prefect",
            f"ไคลเอนต์ {client} ไม่ได้กำหนด PREFECT_API_URL (onemap run ไม่ต้องใช้)",
            f"client {client}; no server is named in PREFECT_API_URL (`onemap run` needs none)",
        )
    try:
        server = _server_version()
    except PrefectUnreachable as error:
        return bad(
            "prefect",
            Words(f"ติดต่อเซิร์ฟเวอร์ที่ {error.address} ไม่ได้", f"no answer from {error.address}"),
            Words(
                "เริ่มเซิร์ฟเวอร์ (make schedule) หรือแก้ PREFECT_API_URL",
                "start it (`make schedule`), or correct PREFECT_API_URL",
            ),
        )
    if server != client:
        return bad(
            "prefect",
            Words(f"เซิร์ฟเวอร์ {server} ไคลเอนต์ {client}", f"server {server}, client {client}"),
            Words(
                "ใช้รุ่นเดียวกันทั้งสองฝั่ง: make prefect-server", "use one version: `make prefect-server`"
            ),
        )
    return ok("prefect", f"เซิร์ฟเวอร์และไคลเอนต์ {client}", f"server and client {client}")


def _server_version() -> str:
    """Raises PrefectUnreachable if the server does not answer, or not to us."""
    import httpx

    from flows.serving import require_server

    require_server()
    login = os.environ.get("PREFECT_API_AUTH_STRING")
    user, _, password = (login or "").partition(":")
    url = os.environ["PREFECT_API_URL"].rstrip("/")
    auth = (user, password) if login else None
    answer = httpx.get(f"{url}/admin/version", auth=auth, timeout=PROBE_SECONDS)
    answer.raise_for_status()
    return str(answer.json())


CHECKS: tuple[Check, ...] = (prefect,)
