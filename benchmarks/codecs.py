"""CPU time of the macaroon and BOLT11 codecs beside pymacaroons and PyPI bolt11, in one run.

    python benchmarks/codecs.py

Each figure is the best of several rounds of thread CPU time, so that a busy machine does not
matter much. The peers do the same work: same fields, same caveats, signature and verification.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from typing import Any

import pymacaroons

from ringbolt.core.lightning import bolt11, macaroon

KEY = hashlib.sha256(b"a node").digest()
ROOT = hashlib.sha256(b"a root key").digest()
IDENTIFIER = bytes(2) + hashlib.sha256(b"preimage").digest() + bytes(range(32))
CAVEATS = (
    "services=place_call:0",
    "place_call_valid_until=1795230000",
    "place_call_request=POST /api/l402/place-call",
    "place_call_body=sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    "place_call_amount_msat=149000",
)
ROUNDS = 7


def cpu_us(operation: Callable[[], Any], budget_s: float = 0.1) -> float:
    """CPU microseconds of one call: the best of ``ROUNDS`` rounds of about ``budget_s`` each."""
    start = time.thread_time()
    operation()
    count = max(1, int(budget_s / max(time.thread_time() - start, 1e-6)))
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(count):
            operation()
        best = min(best, (time.thread_time() - start) / count)
    return best * 1e6


def mint() -> str:
    return macaroon.encode_base64(macaroon.mint(ROOT, IDENTIFIER, "ringbolt", CAVEATS))


def pymacaroons_mint() -> str:
    minted = pymacaroons.Macaroon(
        location="ringbolt", identifier=IDENTIFIER, key=ROOT, version=pymacaroons.MACAROON_V2
    )
    for caveat in CAVEATS:
        minted.add_first_party_caveat(caveat)
    text: str = minted.serialize()
    return text


def parse_and_verify() -> None:
    assert macaroon.verify(ROOT, macaroon.parse(macaroon.decode_base64(MACAROON)))


def pymacaroons_parse_and_verify() -> None:
    verifier = pymacaroons.Verifier()
    verifier.satisfy_general(lambda caveat: True)
    assert verifier.verify(pymacaroons.Macaroon.deserialize(MACAROON), ROOT)


def encode() -> str:
    return bolt11.encode(
        network="regtest",
        amount_msat=149_000,
        timestamp_s=1_790_000_000,
        payment_hash=IDENTIFIER[2:34],
        payment_secret=IDENTIFIER[34:],
        private_key=KEY,
        description="A phone call, ref 0123456789abcdef0123456789abcdef",
        expiry_s=600,
        min_final_cltv=80,
    )


MACAROON = mint()
INVOICE = encode()


def rows() -> list[tuple[str, float, str, float | None]]:
    measured: list[tuple[str, float, str, float | None]] = [
        ("macaroon mint, 5 caveats", cpu_us(mint), "pymacaroons", cpu_us(pymacaroons_mint)),
        (
            "macaroon parse + verify",
            cpu_us(parse_and_verify),
            "pymacaroons",
            cpu_us(pymacaroons_parse_and_verify),
        ),
    ]
    ours = (cpu_us(encode), cpu_us(lambda: bolt11.decode(INVOICE)))
    theirs: tuple[float | None, float | None] = (None, None)
    if sys.version_info < (3, 13):
        import bolt11 as peer

        unsigned = peer.decode(INVOICE)
        assert peer.encode(unsigned, KEY.hex()) == INVOICE
        theirs = (
            cpu_us(lambda: peer.encode(unsigned, KEY.hex())),
            cpu_us(lambda: peer.decode(INVOICE)),
        )
    measured.append(("bolt11 encode + sign", ours[0], "bolt11", theirs[0]))
    measured.append(("bolt11 decode + recover", ours[1], "bolt11", theirs[1]))
    return measured


def main() -> None:
    print(
        f"{'CPU us per operation':26}{'ringbolt':>10}{'per s':>9}{'peer':>14}{'':>11}{'ratio':>8}"
    )
    for name, ours, peer, theirs in rows():
        beside = "not here" if theirs is None else f"{theirs:.1f}"
        ratio = "" if theirs is None else f"{theirs / ours:.1f}x"
        print(f"{name:26}{ours:10.1f}{1e6 / ours:9.0f}{peer:>14}{beside:>11}{ratio:>8}")


if __name__ == "__main__":
    main()
