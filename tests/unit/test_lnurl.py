"""LNURL text forms: LUD-01, LUD-03, LUD-16, LUD-17."""

from __future__ import annotations

import pytest

from ringbolt.core.lightning import bech32, lnurl
from ringbolt.core.lightning.lnurl import LightningAddress, LnurlError

# The example of LUD-01.
URL = "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df"
TEXT = (
    "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3"
    "HXQURZEPEXEJXXEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS"
)
ONION = "a" * 56 + ".onion"


def raw(content: bytes, hrp: str = "lnurl") -> str:
    return bech32.encode(hrp, bech32.to_symbols(content))


def test_published_example_is_written() -> None:
    assert lnurl.encode(URL) == TEXT


@pytest.mark.parametrize(
    "text", [TEXT, TEXT.lower(), f"lightning:{TEXT}", f" LIGHTNING:{TEXT.lower()}\n"]
)
def test_published_example_is_read_in_every_form(text: str) -> None:
    assert lnurl.decode(text) == URL


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("lnurlw://shop.example/w?k=1", "https://shop.example/w?k=1"),
        ("LNURLW://shop.example/w?k=A", "https://shop.example/w?k=A"),
        ("lightning:lnurlp://shop.example/p", "https://shop.example/p"),
        ("keyauth://shop.example/k", "https://shop.example/k"),
        (f"lnurlw://{ONION}/w", f"http://{ONION}/w"),
    ],
)
def test_lud17_scheme_is_read(text: str, url: str) -> None:
    assert lnurl.decode(text) == url


def test_plain_http_is_read_only_where_it_is_allowed() -> None:
    text = lnurl.encode("http://127.0.0.1:8402/withdraw/1")

    assert lnurl.decode(text, http_allowed=True) == "http://127.0.0.1:8402/withdraw/1"
    with pytest.raises(LnurlError, match="unencrypted"):
        lnurl.decode(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lnurl1",
        TEXT[:-1],
        TEXT[:20] + TEXT[20:].lower(),
        "lnurlx://shop.example/",
        "https://shop.example/",
        "lnurlw://",
        "lnurlw:///path",
        "lnurlw://user@shop.example/",
        "lnurlw://shop.example:99999/",
        "lnurlw://[::1/",
        "lnurlw://shop.example/\x00",
        raw(URL.encode(), "lnbc"),
        raw(b"ftp://shop.example/"),
        raw(b"javascript:alert(1)"),
        raw(b"https://shop.example/\xff"),
        raw(b"https://shop example/"),
        "q" * 5000,
        "lnurlw\ud800://x",
    ],
)
def test_anything_else_is_not_an_lnurl(text: str) -> None:
    with pytest.raises(LnurlError):
        lnurl.decode(text)


@pytest.mark.parametrize(
    "url", ["", "shop.example", "ftp://shop.example/", "https://shop.example/é", "https:///x"]
)
def test_what_is_no_web_address_is_not_encoded(url: str) -> None:
    with pytest.raises(LnurlError):
        lnurl.encode(url)


@pytest.mark.parametrize(
    ("text", "name", "host"),
    [
        ("alice@example.com", "alice", "example.com"),
        (" Alice@Example.COM ", "alice", "example.com"),
        ("lightning:bob@pay.example.co.uk", "bob", "pay.example.co.uk"),
        ("a-b_c.d+tag@xn--bcher-kva.example", "a-b_c.d+tag", "xn--bcher-kva.example"),
        ("1@2.xn--p1ai", "1", "2.xn--p1ai"),
        (f"n@{ONION}", "n", ONION),
        ("n" * 64 + "@" + ".".join(["h" * 63] * 3) + ".example", "n" * 64, None),
    ],
)
def test_lightning_address_is_read(text: str, name: str, host: str | None) -> None:
    address = lnurl.parse_lightning_address(text)

    assert address.name == name
    assert host is None or address.host == host


def test_lightning_address_says_where_its_document_stands() -> None:
    assert LightningAddress("bob", "example.com").url == (
        "https://example.com/.well-known/lnurlp/bob"
    )
    assert LightningAddress("bob", ONION).url == f"http://{ONION}/.well-known/lnurlp/bob"
    assert str(LightningAddress("bob", "example.com")) == "bob@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "@example.com",
        "bob@",
        "bob@@example.com",
        "bob@localhost",
        "bob@shop.localhost",
        "bob@printer.local",
        "bob@db.internal",
        "bob@router.home.arpa",
        "bob@127.0.0.1",
        "bob@[::1]",
        "bob@::1",
        "bob@0x7f.1",
        "bob@2130706433",
        "bob@10.0.0.0x1",
        "bob@example.com:8080",
        "bob@example.com/path",
        "bob@example.com.",
        "bob@.example.com",
        "bob@exa_mple.com",
        "bob@-example.com",
        "bob@example..com",
        "bob@example.c",
        "bob@bücher.example",
        "bo b@example.com",
        "bob!@example.com",
        "..@example.com",
        "a/../b@example.com",
        "n" * 65 + "@example.com",
        "bob@" + "h" * 64 + ".com",
        "bob@" + "h." * 200 + "com",
        "bob@example.com\nbob",
        "\ud800@example.com",
    ],
)
def test_anything_else_is_not_a_lightning_address(text: str) -> None:
    with pytest.raises(LnurlError):
        lnurl.parse_lightning_address(text)


def test_withdraw_request_has_the_fields_of_lud03() -> None:
    document = lnurl.withdraw_request("https://shop.example/lnurlw", "ab" * 16, 1000, 149_000, "R")

    assert document == {
        "tag": "withdrawRequest",
        "callback": "https://shop.example/lnurlw",
        "k1": "ab" * 16,
        "minWithdrawable": 1000,
        "maxWithdrawable": 149_000,
        "defaultDescription": "R",
    }


@pytest.mark.parametrize(("low", "high"), [(0, 1000), (2, 1), (-1, 5)])
def test_withdraw_request_of_impossible_amounts_is_refused(low: int, high: int) -> None:
    with pytest.raises(LnurlError, match="amounts"):
        lnurl.withdraw_request("https://shop.example/lnurlw", "k", low, high, "")
