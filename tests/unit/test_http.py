"""Bodies in and addresses out, on requests that no framework has looked at."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.api.kit import http
from ringbolt.http_body import BodyTooLarge, ClientGone, header, read_body


def scope(*headers: tuple[bytes, bytes], client: str | None = "192.0.2.1") -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "http",
        "headers": list(headers),
        "client": (client, 50000) if client else None,
    }


class Chunks:
    """What an ASGI server hands over; counts how often it is asked."""

    def __init__(self, *chunks: bytes, gone: bool = False) -> None:
        self._messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        if gone:
            self._messages.append({"type": "http.disconnect"})
        else:
            self._messages[-1]["more_body"] = False
        self.asked = 0

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        return self._messages.pop(0)


@pytest.mark.parametrize(
    "chunks", [(b"",), (b"abc",), (b"a", b"", b"bc"), (b"x" * 10,), (b"x",) * 10]
)
async def test_body_is_read_whole(chunks: tuple[bytes, ...]) -> None:
    assert await read_body(scope(), Chunks(*chunks), 10) == b"".join(chunks)


async def test_message_without_fields_is_an_empty_body() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert await read_body(scope(), receive, 10) == b""


async def test_declared_length_over_the_limit_is_refused_before_anything_is_read() -> None:
    chunks = Chunks(b"x")

    with pytest.raises(BodyTooLarge) as refused:
        await read_body(scope((b"content-length", b"11")), chunks, 10)

    assert chunks.asked == 0
    assert (refused.value.status, refused.value.code) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("length", [b"9" * 5000, b"9" * 19])
async def test_absurd_declared_length_is_refused(length: bytes) -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(scope((b"content-length", length)), Chunks(b"x"), 10)


@pytest.mark.parametrize("length", [b"", b"-5", b"abc", b"\xb2", b"\xb2\xb3", b"1e9", b"10"])
async def test_length_that_lies_or_is_no_number_is_not_believed(length: bytes) -> None:
    declared = scope((b"content-length", length))

    assert await read_body(declared, Chunks(b"abc"), 10) == b"abc"
    with pytest.raises(BodyTooLarge):
        await read_body(declared, Chunks(b"x" * 11), 10)


async def test_chunks_are_not_read_beyond_the_limit() -> None:
    chunks = Chunks(*[b"xxxx"] * 1000)

    with pytest.raises(BodyTooLarge):
        await read_body(scope(), chunks, 10)

    assert chunks.asked == 3


@pytest.mark.parametrize("chunks", [(), (b"abc",), (b"a", b"b")])
async def test_client_that_leaves_is_distinguished_from_an_end(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(ClientGone):
        await read_body(scope(), Chunks(*chunks, gone=True), 10)


def test_every_authorization_line_is_seen() -> None:
    request = scope((b"authorization", b"LSAT a:b"), (b"x", b"y"), (b"authorization", b"L402 c:d"))

    assert http.headers(request, b"authorization") == ["LSAT a:b", "L402 c:d"]
    assert header(request, b"authorization") == "LSAT a:b"
    assert header(request, b"missing") == ""


def test_header_bytes_beyond_ascii_are_no_fault() -> None:
    assert header(scope((b"x", bytes(range(128, 256)))), b"x").encode("latin-1")


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "shop.example:8402",
        "127.0.0.1:8402",
        "localhost",
        "[::1]:8402",
        "[2001:db8::1]",
    ],
)
def test_shop_is_where_the_request_reached_it(host: str) -> None:
    assert http.base_url(scope((b"host", host.encode())), "") == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    [b"", b"evil.example/path", b"a b", b"a\r\nX: y", b"user@evil.example", b'"><script>', b"a?b",
     b"a#b", b"[", b"]", b"[::::", b"[::::]", b"[zz]", b"[::1", b"::1", b"a:b:c", b"a:999999",
     b"\xff\xfe", b"a\\b", b"x" * 300, b"{host}", b"[v1.x]", b"[1.2.3.4]", b"a,b", b"a\"b"],
)  # fmt: skip
def test_hostile_host_header_is_not_repeated(host: bytes) -> None:
    assert http.base_url(scope((b"host", host)), "") == "http://localhost"


def test_missing_host_header_is_localhost() -> None:
    assert http.base_url(scope(), "") == "http://localhost"


def test_configured_address_wins_over_any_host_header() -> None:
    request = scope((b"host", b"evil.example"))

    assert http.base_url(request, "https://shop.example/") == "https://shop.example"


@given(st.binary(max_size=60) | st.text("[]:.0123456789abcdefghz-", max_size=30).map(str.encode))
def test_any_host_header_gives_an_address_that_can_be_taken_apart(host: bytes) -> None:
    parts = urlsplit(http.base_url(scope((b"host", host)), ""))

    assert parts.scheme == "http"
    assert parts.path == ""
    assert '"' not in parts.netloc


@pytest.mark.parametrize(
    ("address", "same_as"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8::1", "2001:db8::a:b:c:d"),
        ("2001:db8::1:2:3:4", "2001:db8:0:0::"),
        ("::1", "::2"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
    ],
)
def test_addresses_of_one_network_are_one_client(address: str, same_as: str) -> None:
    one, other = scope(client=address), scope(client=same_as)

    assert http.client_address(one) == http.client_address(other)


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("2001:db8:0:1::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
    ],
)
def test_addresses_of_different_networks_are_different_clients(address: str, other: str) -> None:
    assert http.client_address(scope(client=address)) != http.client_address(scope(client=other))


def test_request_without_an_address_is_a_client_too() -> None:
    assert http.client_address(scope(client=None)) == "unknown"
    assert http.client_address(scope(client="not:an:address")) == "not:an:address"
