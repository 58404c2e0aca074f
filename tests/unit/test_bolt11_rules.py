"""The rules of BOLT11 that the published examples do not show, and hostile text."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest
import wallycore

from ringbolt.core.lightning import bech32, bolt11
from ringbolt.core.lightning.bolt11 import Bolt11Error, Fallback, RouteHop
from support.bolt11_samples import ROUTE, SECRET, TIMESTAMP
from support.growth import LINEAR, growth

KEY = sha256(b"a node").digest()
NODE = bolt11.payee(KEY)
HASH = bytes(range(32))
CAKE_HASH = sha256(b"a list of cakes").digest()
P2SH = Fallback(18, bytes.fromhex("8f55563b9a19f321c211e9b9f38cdf686ea07845"))
P2TR = Fallback(
    1, bytes.fromhex("0adac43daa9c8a5a68e09ea10692b82226ee190e572db9b90e17a410484ab405")
)


def invoice(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "network": "regtest",
        "amount_msat": 149_000,
        "timestamp_s": TIMESTAMP,
        "payment_hash": HASH,
        "payment_secret": SECRET,
        "private_key": KEY,
        "description": "a call",
    }
    return bolt11.encode(**{**fields, **changes})


def signed(hrp: str, *fields: tuple[str, bytes]) -> str:
    """An invoice of any fields whatever, correctly signed by means other than ours."""
    data = bytes(TIMESTAMP >> shift & 31 for shift in range(30, -1, -5))
    for tag, symbols in fields:
        data += bytes((bech32.CHARSET.index(tag), len(symbols) >> 5, len(symbols) & 31)) + symbols
    bits = "".join(f"{symbol:05b}" for symbol in data)
    bits += "0" * (-len(bits) % 8)
    message = hrp.encode() + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    flags = wallycore.EC_FLAG_ECDSA | wallycore.EC_FLAG_RECOVERABLE
    signature = bytes(wallycore.ec_sig_from_bytes(KEY, sha256(message).digest(), flags))
    tail = signature[1:] + bytes(((signature[0] - 27) & 3,))
    return bech32.encode(hrp, data + bech32.to_symbols(tail))


P = ("p", bech32.to_symbols(HASH))
S = ("s", bech32.to_symbols(SECRET))
D = ("d", bech32.to_symbols(b"a call"))
H = ("h", bech32.to_symbols(CAKE_HASH))


# --- amounts


@pytest.mark.parametrize(
    ("amount_msat", "prefix"),
    [
        (1, "lnbcrt10p1"),
        (99, "lnbcrt990p1"),
        (100, "lnbcrt1n1"),
        (149_000, "lnbcrt1490n1"),
        (100_000, "lnbcrt1u1"),
        (10**8, "lnbcrt1m1"),
        (10**11, "lnbcrt11"),
        (967_878_534, "lnbcrt9678785340p1"),
        (21_000_000 * 10**11, "lnbcrt210000001"),
        (None, "lnbcrt1"),
    ],
)
def test_amount_is_written_in_its_shortest_form_and_read_exactly(
    amount_msat: int | None, prefix: str
) -> None:
    text = invoice(amount_msat=amount_msat)

    assert text.startswith(prefix)
    assert bolt11.decode(text).amount_msat == amount_msat


@pytest.mark.parametrize("amount_msat", [0, -1, 21_000_000 * 10**11 + 1])
def test_impossible_amount_is_not_written(amount_msat: int) -> None:
    with pytest.raises(Bolt11Error, match="amount"):
        invoice(amount_msat=amount_msat)


@pytest.mark.parametrize(
    "hrp", ["lnbc0", "lnbc01m", "lnbcm", "lnbc1mm", "lnbc1.5m", "lnbc-1", "lnbc21000001"]
)
def test_malformed_amount_is_refused(hrp: str) -> None:
    with pytest.raises(Bolt11Error):
        bolt11.decode(signed(hrp, P, S, D))


# --- prefixes and forms of the text


@pytest.mark.parametrize(
    ("network", "prefix"),
    [
        ("mainnet", "lnbc"),
        ("testnet", "lntb"),
        ("signet", "lntbs"),
        ("regtest", "lnbcrt"),
        ("simnet", "lnsb"),
    ],
)
def test_every_network_has_its_prefix(network: str, prefix: str) -> None:
    for amount_msat in (None, 5000):
        text = invoice(network=network, amount_msat=amount_msat)

        assert text.rpartition("1")[0].rstrip("0123456789munp") == prefix
        assert bolt11.decode(text).network == network


@pytest.mark.parametrize("hrp", ["lnxx", "lnbr", "bc", "lnurl", "lntbx", "l"])
def test_foreign_prefix_is_refused(hrp: str) -> None:
    with pytest.raises(Bolt11Error, match="not the beginning of a Lightning invoice"):
        bolt11.decode(signed(hrp, P, S, D))


@pytest.mark.parametrize("scheme", ["lightning:", "LIGHTNING:", " Lightning:"])
def test_uri_scheme_is_accepted_in_any_case(scheme: str) -> None:
    text = invoice()

    assert bolt11.decode(scheme + text.upper()) == bolt11.decode(text)


def test_invoice_with_any_flipped_bit_is_not_the_payees() -> None:
    text = invoice()
    hrp, symbols = bech32.decode(text, 7089)
    for position in range(len(symbols)):
        changed = bytearray(symbols)
        changed[position] ^= 1
        try:
            read = bolt11.decode(bech32.encode(hrp, bytes(changed)))
        except Bolt11Error:
            continue
        assert read.payee != NODE


# --- fields


def test_every_field_survives_writing_and_reading() -> None:
    text = invoice(
        amount_msat=1_234_567,
        description=None,
        description_hash=CAKE_HASH,
        expiry_s=86400,
        min_final_cltv=144,
        features={8, 14, 17, 49, 151},
        route_hints=(ROUTE, ROUTE[:1]),
        fallbacks=(P2TR, P2SH),
        metadata=b"\x00\x01",
        names_payee=True,
    )

    read = bolt11.decode(text)

    assert (read.expiry_s, read.min_final_cltv, read.expires_at_s) == (
        86400,
        144,
        TIMESTAMP + 86400,
    )
    assert (read.description, read.description_hash) == (None, CAKE_HASH)
    assert read.features == {8, 14, 17, 49, 151}
    assert read.route_hints == (ROUTE, ROUTE[:1])
    assert read.fallbacks == (P2TR, P2SH)
    assert (read.metadata, read.payee, read.unknown) == (b"\x00\x01", NODE, ())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ((S, D), "payment hash"),
        ((P, D), "payment secret"),
        ((P, S), "either a description or the hash"),
        ((P, S, D, H), "either a description or the hash"),
        ((P, S, ("d", bech32.to_symbols(b"\xff\xfe"))), "not UTF-8"),
        ((P, S, ("d", b"\x00")), "padding"),
        ((P, S, ("d", b"\x01\x01")), "padding"),
        ((("p", P[1][:-1] + b"\x01"), S, D), "padding"),
        ((P, S, D, ("x", b"\x1f" * 20)), "'x'"),
        ((P, S, D, ("c", b"\x1f" * 1023)), "'c'"),
        ((P, S, D, ("r", b"")), "route hint"),
        ((P, S, D, ("r", bech32.to_symbols(b"\x02" * 50))), "route hint"),
        ((P, S, D, ("r", bech32.to_symbols(b"\x05" * 51))), "invalid public key"),
        ((P, S, D, ("f", b"\x11" + bech32.to_symbols(b"\x01" * 21))), "fallback address"),
        ((P, S, D, ("n", bech32.to_symbols(b"\x05" * 33))), "signature is not valid"),
        ((P, S, D, ("9", b"\x01" + bytes(20))), "unknown feature 100"),
        ((P, S, D, ("9", b"\x10\x00\x00")), "feature 14 lacks the feature 8"),
    ],
)
def test_invoice_with_a_bad_field_is_refused(
    fields: tuple[tuple[str, bytes], ...], reason: str
) -> None:
    with pytest.raises(Bolt11Error, match=reason):
        bolt11.decode(signed("lnbc", *fields))


def test_first_of_repeated_fields_counts_and_the_others_are_kept() -> None:
    other = ("d", bech32.to_symbols(b"another"))

    read = bolt11.decode(signed("lnbc", P, S, D, other))

    assert read.description == "a call"
    assert read.unknown == (other,)


def test_unknown_odd_feature_and_unknown_witness_version_are_skipped() -> None:
    fallback = ("f", b"\x02" + bech32.to_symbols(b"\x01" * 32))

    read = bolt11.decode(signed("lnbc", P, S, D, fallback, ("9", b"\x02" + bytes(20))))

    assert read.features == {101}
    assert (read.fallbacks, read.unknown) == ((), (fallback,))


def test_named_payee_that_did_not_sign_is_refused() -> None:
    stranger = bolt11.payee(b"\x07" * 32)

    with pytest.raises(Bolt11Error, match="signature is not valid"):
        bolt11.decode(signed("lnbc", P, S, D, ("n", bech32.to_symbols(stranger))))


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"\x0d", "cut off"),
        (b"\x0d\x00", "cut off"),
        (b"\x0d\x00\x08" + bytes(7), "longer than the invoice"),
    ],
)
def test_cut_field_is_refused(rest: bytes, reason: str) -> None:
    hrp, symbols = bech32.decode(signed("lnbc", P, S, D), 7089)

    with pytest.raises(Bolt11Error, match=reason):
        bolt11.decode(bech32.encode(hrp, symbols[:-104] + rest + symbols[-104:]))


def test_recovery_id_over_3_is_refused() -> None:
    hrp, symbols = bech32.decode(invoice(), 7089)

    with pytest.raises(Bolt11Error, match="malformed"):
        bolt11.decode(bech32.encode(hrp, symbols[:-1] + b"\x04"))


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "litecoin"},
        {"payment_hash": b"\0" * 31},
        {"payment_secret": b"\0" * 33},
        {"private_key": b"\0" * 32},
        {"private_key": b"\1" * 31},
        {"description": None},
        {"description_hash": CAKE_HASH},
        {"description": "x" * 640},
        {"description": "\ud800"},
        {"timestamp_s": 2**35},
        {"timestamp_s": -1},
        {"expiry_s": -1},
        {"features": {8, 14, 100}},
        {"features": {16, 8}},
        {"features": {8, 10**9 + 1}},
        {"route_hints": [()]},
        {"route_hints": [(RouteHop(b"\5" * 33, 1, 1, 1, 1),)]},
        {"route_hints": [(RouteHop(NODE, 2**64, 1, 1, 1),)]},
        {"fallbacks": [Fallback(2, b"\0" * 32)]},
        {"metadata": b"\0" * 640},
    ],
)
def test_invoice_that_nobody_could_read_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(Bolt11Error):
        invoice(**changes)


def test_longest_description_fits() -> None:
    assert bolt11.decode(invoice(description="x" * 639)).description == "x" * 639


# --- hostile text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lightning:",
        "lnbc1",
        "lnbc" + "1" * 7000,
        "lnbc1" + "q" * 100_000,
        "\ud800",
        "ⅼnbc1qqqqqq",
        "LNBC1İ",
        "\0",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(Bolt11Error):
        bolt11.decode(text)


@pytest.mark.parametrize(
    "filler",
    [
        [("2", b"")] * 2200,
        [("f", b"\x00" + bech32.to_symbols(b"\x01" * 20))] * 180,
        [("r", bech32.to_symbols(NODE + bytes(18)))] * 75,
        [("9", b"\x15" * 1023), *[("2", b"\x1f" * 1023)] * 5],
    ],
)
def test_time_grows_with_the_length_of_a_hostile_invoice(filler: list[tuple[str, bytes]]) -> None:
    quarter, whole = (signed("lnbc", P, S, D, *filler[: len(filler) // share]) for share in (4, 1))
    assert 6000 < len(whole) <= 7089

    def decode(text: str) -> None:
        with suppress(Bolt11Error):
            bolt11.decode(text)

    assert growth(decode, quarter, whole) < LINEAR
