"""nginx and Caddy in front of a shop, by the files of ``deploy/``."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from support.processes import reaper
from support.servers.sites import self_signed
from support.waiting import PATIENCE_S, eventually

DEPLOY = Path(__file__).parents[3] / "deploy"
_NGINX = """
{user}
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{}}
http {{
    client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
    {site}
}}
"""


class NoProxyError(Exception):
    """The proxy is not on this machine, or did not start; the message says why."""


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, f"{old!r} is gone from the file"
        text = text.replace(old, new)
    return text


def _nginx(root: Path, port: int, shop: str) -> list[str]:
    pem = str(root / "server.pem")
    site = _replaced(
        (DEPLOY / "nginx.conf").read_text(),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/letsencrypt/live/calls.example/fullchain.pem", pem),
        ("/etc/letsencrypt/live/calls.example/privkey.pem", pem),
        ("127.0.0.1:8402", shop),
    )
    user = "user root;" if os.geteuid() == 0 else ""
    config = root / "nginx.conf"
    config.write_text(_NGINX.format(root=root, user=user, site=site))
    return ["-p", str(root), "-e", str(root / "error.log"), "-c", str(config)]


def _caddy(root: Path, port: int, shop: str) -> list[str]:
    pem = root / "server.pem"
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    site = _replaced(
        (DEPLOY / "Caddyfile").read_text(),
        ("{$SITE:calls.example} {", f"https://127.0.0.1:{port} {{\n\ttls {pem} {pem}"),
        ("{$SHOP:127.0.0.1:8402}", shop),
    )
    config = root / "Caddyfile"
    config.write_text(options + site)
    return ["run", "--config", str(config), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Path, int, str], list[str]]] = {"nginx": _nginx, "caddy": _caddy}


@asynccontextmanager
async def proxy(name: str, port: int, shop: str) -> AsyncIterator[str]:
    """The proxy of that name at ``port``, in front of the shop at ``shop`` (host and port); its
    address. Raises ``NoProxyError``."""
    program = shutil.which(name, path=f"/usr/sbin:/usr/bin:{os.environ.get('PATH', '')}")
    if program is None:
        raise NoProxyError(f"there is no {name} (Debian's package of that name)")
    root = Path(tempfile.mkdtemp(prefix="rb-proxy-"))
    self_signed(root)
    log = root / "log"
    environment = {**os.environ, "HOME": str(root), "XDG_DATA_HOME": str(root)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *PROXIES[name](root, port, shop)],
            stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
    reaper.ends_with_us(process.pid, root)

    async def listens() -> bool:
        if process.poll() is not None:
            raise NoProxyError(f"{name} did not start: {log.read_text()[-500:]}")
        return await asyncio.to_thread(_listens, port)

    try:
        await eventually(listens, PATIENCE_S)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        reaper.forget(process.pid)
        shutil.rmtree(root, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
