"""Bounces of real mail servers, and what else comes to an address for bounces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.mail.bounce import MOST_BYTES, Bounce, read_bounce
from support.growth import LINEAR, growth_of_text

REF = "7f7efcddcd3acc7a41f938e7f83f9257"
HEAD = f"From: MAILER-DAEMON@mx.example\nTo: bounce+{REF}@shop.example\nSubject: failed\n"


def report(fields: str, text: str = "Sorry.", head: str = HEAD) -> bytes:
    return (
        f'{head}MIME-Version: 1.0\nContent-Type: multipart/report; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"{fields}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nTo: gone@wallet.example\n\n--b--\n"
    ).encode()


GONE = "Final-Recipient: rfc822; gone@wallet.example\nAction: failed\n"


@pytest.mark.parametrize(
    ("fields", "text", "status", "is_final"),
    [
        (f"{GONE}Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user", "", "5.1.1", True),
        (f"{GONE}Status: 5.0.0", "gone@wallet.example: 550 5.1.1 no such user", "5.1.1", True),
        (f"{GONE}Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.7.1 spam", "", "5.7.1", False),
        (f"{GONE}Status: 5.0.0", "gone@wallet.example: 550 no such user", "5.0.0", True),
        (f"{GONE}Status: 5.2.1 (mailbox disabled)", "", "5.2.1", True),
        (f"{GONE}Status: 5.2.2", "", "5.2.2", False),
        (f"{GONE}Status: 5.7.26", "", "5.7.26", False),
    ],
)
def test_a_failure_is_told_by_its_status(
    fields: str, text: str, status: str, is_final: bool
) -> None:
    found = read_bounce(report(fields, text))
    assert found == Bounce(REF, status)
    assert found.is_final is is_final


@pytest.mark.parametrize(
    "raw",
    [
        report("Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.1"),
        report("Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0"),
        report(f"{GONE}Status: 4.4.7"),
        report(f"{GONE}"),
        report(f"{GONE}Status: 5.1.1", head="To: sales@shop.example\n"),
        f"{HEAD}Auto-Submitted: auto-replied\n\nI am on holiday. 550 5.1.1\n".encode(),
        f"{HEAD}Content-Type: message/delivery-status\n\nAction".encode(),
        b"", b"\0\xff" * 1000,
    ],
)  # fmt: skip
def test_what_is_no_failure_is_none(raw: bytes) -> None:
    assert read_bounce(raw) is None


@given(st.binary(max_size=2000), st.binary(max_size=200))
def test_any_bytes_are_a_bounce_or_none(body: bytes, fields: bytes) -> None:
    for raw in (body, HEAD.encode() + body, report(GONE).replace(b"Status", fields)):
        found = read_bounce(raw)
        assert found is None or found.ref == REF


@pytest.mark.parametrize(
    "unit",
    ["bounce+", "5.1.", ";", "--b\n", "\n", "Action: failed\n", "=?utf-8?q?x?=", "(((", "a" * 900],
)
def test_time_grows_with_a_message_and_not_with_its_square(unit: str) -> None:
    def read(long: str) -> None:
        line = long[:10_000].replace("\n", " ")
        head = HEAD.replace("Subject: failed", f"Subject: {line}")
        for raw in (head.encode() + b"\n" + long.encode(), report(GONE + long, long)):
            read_bounce(raw)

    assert growth_of_text(read, unit * (MOST_BYTES // 4 // len(unit))) < LINEAR
