"""Web servers and name servers of strangers, good and bad, on loopback."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """A name server: each look-up of a name takes the next of its answers, then the last."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(rows) for name, rows in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        rows = self._answers[host]
        row = rows.pop(0) if len(rows) > 1 else rows[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
            for address in row
        ]

    async def close(self) -> None:
        return None


class Site:
    """A web server on loopback that answers everything with ``answer`` and counts requests."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[web.BaseRequest] = []
        self.origin = ""
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        return await self._answer(request)


@asynccontextmanager
async def site(
    answer: Answer, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    served = Site(answer)
    runner = web.ServerRunner(web.Server(served.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port, ssl_context=tls).start()
    served.port = runner.addresses[0][1]
    served.origin = f"{'https' if tls else 'http'}://{host}:{served.port}"
    try:
        yield served
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(reply: bytes, drip: bytes = b"") -> AsyncIterator[str]:
    """A server that sends ``reply`` and then ``drip`` again and again, or nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            while drip:
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.01)
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the fetcher has gone, as it should
        finally:
            writer.close()

    async with listening(serve) as origin:
        yield origin


@asynccontextmanager
async def listening(serve: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Whatever answers as ``serve`` does; its origin."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def body(data: bytes, status: int = 200, **headers: str) -> Answer:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=data,
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return body(b"", status, Location=to)


def self_signed(folder: Path, *names: str) -> ssl.SSLContext:
    """TLS for 127.0.0.1 and ``names`` with a certificate that is right but for its issuer, and
    stands in ``folder/server.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    *(x509.DNSName(each) for each in names),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
