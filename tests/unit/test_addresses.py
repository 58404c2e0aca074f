"""Which addresses are public, however they are written, and which origins are equal."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.upstream.fetch.addresses import Origin, is_public, literal_address, network_of
from ringbolt.upstream.fetch.vetted import RefusedUrlError, parse_origins, vet_url

NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1
    198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8
    64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 100::1 2001::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
    2002:7f00:1:: 2002:808:808:: 3fff::1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1
    fe80::1%eth0 2606:4700::1%2 fec0::1 ff02::1 2606:4700::5efe:10.0.0.1
    2606:4700::200:5efe:127.0.0.1
"""
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
    169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.1 192.169.0.0 198.17.255.255 198.20.0.0
    223.255.255.255 2606:4700:4700::1111 2a00:1450:4001:81b::200e 2001:4860:4860::8888
    64:ff9b::8.8.8.8 2606:4700::5efe:8.8.8.8
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "example.com", "2130706433", "127.1", "1.1.1.1 "])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    is_inside = address.is_private or address.is_loopback or address.is_link_local
    if is_inside or address.is_multicast or address.is_reserved:
        # the translation prefix of NAT64 is "reserved" to Python and leads to public IPv4
        assert not is_public(address) or address in ipaddress.ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("10.258", "10.0.1.2"),
        ("0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("::ffff:7f00:1", "::ffff:7f00:1"),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str) -> None:
    assert literal_address(host) == ipaddress.ip_address(address)


@given(
    st.lists(
        st.sampled_from(["0", "1", "127", "255", "0x7f", "0177", "65535"]), min_size=1, max_size=4
    )
)
def test_odd_spellings_are_read_as_the_c_library_reads_them(parts: list[str]) -> None:
    host = ".".join(parts)
    try:
        expected = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        with pytest.raises(ValueError, match="address"):
            literal_address(host)
    else:
        assert literal_address(host) == expected


@pytest.mark.parametrize("host", ["example.com", "a1", "1.example", "0x7f.example", "xn--p1ai"])
def test_a_name_is_not_an_address(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize(
    "host", ["256.1.1.1", "1.2.3.4.5", "1.2.3.256", "example.1", "08.1", "1::2::3"]
)
def test_what_can_only_be_an_address_and_is_none_is_an_error(host: str) -> None:
    with pytest.raises(ValueError):
        literal_address(host)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("http://127.0.0.1:8499", "http://127.0.0.1:8499"),
        ("HTTPS://Example.COM", "https://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("http://[0:0::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_has_one_spelling(text: str, same: str) -> None:
    assert str(Origin.parse(text)) == same


@pytest.mark.parametrize(
    "text",
    ["", "example.com", "ftp://example.com", "https://example.com/a", "https://u@example.com",
     "https://example.com?x", "https://example.com:x", "https://example.com:70000"],
)  # fmt: skip
def test_anything_but_an_origin_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        Origin.parse(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/a.mp3",
        "https://LOCALHOST./a.mp3",
        "https://a.localhost/a.mp3",
        "https://127.0.0.1/a.mp3",
        "https://127.0.0.1./a.mp3",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]:8443/",
        "https://１２７.０.０.１/",
        "https://①②⑦.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1:22/",
    ],
)
def test_a_url_that_points_inside_is_refused_as_private(url: str) -> None:
    with pytest.raises(RefusedUrlError) as refusal:
        vet_url(url, frozenset())

    assert refusal.value.private


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.mp3",
        "//example.com/a.mp3",
        "http://example.com/a.mp3",
        "file:///etc/passwd",
        "ftp://example.com/a.mp3",
        "data:audio/mpeg;base64,AAAA",
        "https://",
        "https:///a.mp3",
        "https://user:secret@example.com/a.mp3",
        "https://example.com@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "https://ex\tample.com/",
        "https://127.0.0.1%2f.example.com/",
        "https://%31%32%37.0.0.1/",
        "https://a\\@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://134744072/",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_a_url_that_is_not_fit_is_refused_as_invalid(url: str) -> None:
    with pytest.raises(RefusedUrlError) as refusal:
        vet_url(url, frozenset())

    assert not refusal.value.private


@pytest.mark.parametrize(
    ("allow_http", "words"), [(False, "begin with https://"), (True, "http:// or https://")]
)
def test_a_refusal_names_the_schemes_that_are_allowed(allow_http: bool, words: str) -> None:
    with pytest.raises(RefusedUrlError, match=words):
        vet_url("ftp://example.com/a.mp3", frozenset(), allow_http=allow_http)


def test_a_public_url_passes_without_its_fragment() -> None:
    target = vet_url("https://Example.com.:8443/a%2Fb.mp3?x=1#t=3", frozenset())

    assert str(target) == "https://example.com:8443/a%2Fb.mp3?x=1"


def test_an_allowed_origin_passes_whatever_it_is() -> None:
    allowed = parse_origins(["http://127.0.0.1:8499", "http://[::1]:9"])

    assert str(vet_url("http://127.0.0.1:8499/a", allowed)) == "http://127.0.0.1:8499/a"
    assert str(vet_url("http://[0::1]:9/a", allowed)) == "http://[::1]:9/a"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8499/",
        "http://127.0.0.1:8498/",
        "http://127.0.0.1/",
        "http://127.0.0.2:8499/",
    ],
)
def test_allowing_an_origin_allows_no_neighbour(url: str) -> None:
    with pytest.raises(RefusedUrlError):
        vet_url(url, parse_origins(["http://127.0.0.1:8499"]), allow_http=True)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("93.184.216.34", "93.184.216.34"),
        ("2606:4700::1", "2606:4700::/64"),
        ("2606:4700::ffff:1", "2606:4700::/64"),
        ("2606:4700:0:1::1", "2606:4700:0:1::/64"),
    ],
)
def test_the_addresses_of_one_machine_are_one_network(address: str, network: str) -> None:
    assert network_of(address) == network
