"""BOLT11 against every example of BOLT #11."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.lightning import bolt11
from ringbolt.core.lightning.bolt11 import Bolt11Error, Fallback, RouteHop
from support.bolt11_samples import ROUTE, SECRET, TIMESTAMP

VECTORS = json.loads(Path(__file__).with_name("bolt11_vectors.json").read_text("utf-8"))
KEY = bytes.fromhex(VECTORS["private_key"])
NODE = bytes.fromhex(VECTORS["payee"])
HASH = bytes.fromhex("0001020304050607080900010203040506070809000102030405060708090102")
CAKE = (
    "One piece of chocolate cake, one icecream cone, one pickle, one slice of swiss cheese, one "
    "slice of salami, one lollypop, one piece of cherry pie, one sausage, one cupcake, and one "
    "slice of watermelon"
)
CAKE_HASH = sha256(CAKE.encode()).digest()
P2PKH_TESTNET = Fallback(17, bytes.fromhex("3172b5654f6683c8fb146959d347ce303cae4ca7"))
P2PKH = Fallback(17, bytes.fromhex("04b61f7dc1ea0dc99424464cc4064dc564d91e89"))
P2SH = Fallback(18, bytes.fromhex("8f55563b9a19f321c211e9b9f38cdf686ea07845"))
P2WPKH = Fallback(0, bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6"))
P2WSH = Fallback(
    0, bytes.fromhex("1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262")
)
P2TR = Fallback(
    1, bytes.fromhex("0adac43daa9c8a5a68e09ea10692b82226ee190e572db9b90e17a410484ab405")
)
CAKES: dict[str, Any] = {
    "amount_msat": 2_000_000_000,
    "description": None,
    "description_hash": CAKE_HASH,
}
BEANS: dict[str, Any] = {
    "amount_msat": 2_500_000_000,
    "description": "coffee beans",
    "features": frozenset({8, 14, 99}),
}

EXPECTED: dict[str, dict[str, Any]] = {
    "donation": {"description": "Please consider supporting this project"},
    "coffee": {"amount_msat": 250_000_000, "description": "1 cup coffee", "expiry_s": 60},
    "nonsense": {"amount_msat": 250_000_000, "description": "ナンセンス 1杯", "expiry_s": 60},
    "hashed list": CAKES,
    "testnet P2PKH": {**CAKES, "network": "testnet", "fallbacks": (P2PKH_TESTNET,)},
    "route": {**CAKES, "fallbacks": (P2PKH,), "route_hints": (ROUTE,)},
    "P2SH": {**CAKES, "fallbacks": (P2SH,)},
    "P2WPKH": {**CAKES, "fallbacks": (P2WPKH,)},
    "P2WSH": {**CAKES, "fallbacks": (P2WSH,)},
    "P2TR": {**CAKES, "fallbacks": (P2TR,)},
    "pico": {
        "amount_msat": 967_878_534,
        "timestamp_s": 1572468703,
        "payment_hash": bytes.fromhex(
            "462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f"
        ),
        "description": "Blockstream Store: 88.85 USD for Blockstream Ledger Nano S x 1, "
        '"Back In My Day" Sticker x 2, "I Got Lightning Working" Sticker x 2 and 1 more items',
        "expiry_s": 604800,
        "min_final_cltv": 10,
        "route_hints": (
            (
                RouteHop(
                    bytes.fromhex(
                        "03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7"
                    ),
                    589390 << 40 | 3312 << 16 | 1,
                    1000,
                    2500,
                    40,
                ),
            ),
        ),
    },
    "features 8, 14, 99": BEANS,
    "upper case": BEANS,
    "fields to ignore": BEANS,
    "metadata": {
        "amount_msat": 1_000_000_000,
        "description": "payment metadata inside",
        "metadata": bytes.fromhex("01fafaf0"),
        "features": frozenset({8, 14, 48}),
    },
    # BOLT #11 negates s but leaves the recovery id, so that another key than the node's results.
    "high-S": {
        "description": "Please consider supporting this project",
        "payee": bytes.fromhex(
            "02d0139ce7427d6dfffd26a326c18be754ef1e64672b42694ba5b23ef6e6e7803d"
        ),
    },
    "two fallbacks (proposed)": {**CAKES, "fallbacks": (P2WPKH, P2WSH)},
}


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


# --- the published examples


@pytest.mark.parametrize("name", VECTORS["valid"])
def test_published_invoice_is_read(name: str) -> None:
    read = bolt11.decode(VECTORS["valid"][name])

    expected: dict[str, Any] = {
        "network": "mainnet",
        "amount_msat": None,
        "timestamp_s": TIMESTAMP,
        "payment_hash": HASH,
        "payment_secret": SECRET,
        "description_hash": None,
        "expiry_s": 3600,
        "min_final_cltv": 18,
        "payee": NODE,
        "features": frozenset({8, 14}),
        "route_hints": (),
        "fallbacks": (),
        "metadata": None,
        **EXPECTED[name],
    }
    assert {field: getattr(read, field) for field in expected} == expected


@pytest.mark.parametrize("name", VECTORS["invalid"])
def test_published_invalid_invoice_is_refused_with_its_reason(name: str) -> None:
    reason, text = VECTORS["invalid"][name]

    with pytest.raises(Bolt11Error, match=reason):
        bolt11.decode(text)


def test_published_signature_is_read() -> None:
    read = bolt11.decode(VECTORS["valid"]["donation"])

    assert read.signature.hex() == (
        "8d3ce9e28357337f62da0162d9454df827f83cfe499aeb1c1db349d4d8112742"
        "5e434ca29929406c23bba1ae8ac6ca32880b38d4bf6ff874024cac34ba9625f101"
    )


def test_ignored_fields_are_kept() -> None:
    read = bolt11.decode(VECTORS["valid"]["fields to ignore"])

    assert [(tag, len(symbols)) for tag, symbols in read.unknown] == [
        ("2", 3),
        ("f", 33),
        *(("p", 51), ("p", 53), ("h", 51), ("h", 53), ("s", 51), ("s", 53), ("n", 52), ("n", 54)),
    ]


# The examples whose fields stand in the order in which we write them.
@pytest.mark.parametrize("name", ["donation", "coffee", "nonsense", "hashed list", "route", "P2TR"])
def test_published_invoice_is_written_octet_for_octet(name: str) -> None:
    expected = EXPECTED[name]

    text = invoice(
        **{
            "network": "mainnet",
            "amount_msat": None,
            "expiry_s": None,
            "min_final_cltv": None,
            **expected,
        }
    )

    assert text == VECTORS["valid"][name]
