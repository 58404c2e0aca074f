"""Subjects of e-mails arrive sign by sign, whatever they hold, and begin no other header."""

from __future__ import annotations

import random
import re
from base64 import b64decode
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP, SMTPUTF8, EmailPolicy, default
from quopri import decodestring

import pytest

from ringbolt.mail import letter
from ringbolt.mail.simulated.wire import MailRequest
from ringbolt.simulator.mail.message import read_message

TO = "bob@wallet.example"
PIECES = [
    "Zoë", "größer", "您的验证码", "日本語" * 20, "\U0001f642", "\U0001f468\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea", "مرحبا", "שלום", "e\u0301", "o\u0308\u0323", "\u202eabc\u202c",
    "\u00a0", "\u3000", "ä" * 60, "A" * 70, "x" * 130, "code", "Re:", "-", "[y]", "(note)", "_",
    '"quoted"', "<a@b.example>", ",", ";", ":", "\\", "€5", "=", "=20", "=C3", "?", "=?", "?=",
    "=?utf-8?q?a=0D=0ABcc:_eve=40x.example?=", "=?utf-8?q?half", "=?iso-8859-1?b?/w==?=",
    "=?utf-8?b?SGk=?=", "\u200b", "\ufeff", "%0d%0aBcc:", "&#13;",
]  # fmt: skip
JOINTS = ["", "", " ", " ", "  ", "   ", "\t", " \t"]

_ENCODED = re.compile(r"=\?([A-Za-z0-9-]+)\?([BbQq])\?([!->@-~]*)\?=")


def made_up(rng: random.Random) -> str:
    words = [rng.choice(PIECES) + rng.choice(JOINTS) for _ in range(rng.randint(1, 10))]
    return (rng.choice(JOINTS) + "".join(words))[:200]


def wire(subject: str) -> bytes:
    mail = letter.write(
        ref="ab" * 16,
        sender="Ringbolt <no-reply@shop.example>",
        to=TO,
        subject=subject,
        text="Hello",
        origin="",
        unsubscribe_url="",
    )
    return letter.compose(mail, 1_790_000_000_000).as_bytes()


def strictly_decoded(raw: bytes) -> str:
    """The subject by the letter of RFC 5322 (unfolding) and RFC 2047 (only whole words of at most
    75 signs are decoded, each by itself; blanks between two of them are no text)."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    found = re.search(r"\r\nSubject: ((?:[^\r\n]|\r\n[ \t])*)\r\n", head)
    assert found
    assert all(len(line) <= 998 for line in head.split("\r\n"))
    decoded, blanks, is_after_encoded = "", "", False
    for token in re.split(r"([ \t]+)", found[1].replace("\r\n", "")):
        word = _ENCODED.fullmatch(token)
        if word:
            assert len(token) <= 75
            decoded += ("" if is_after_encoded else blanks) + _content(word)
            blanks, is_after_encoded = "", True
        elif token.strip(" \t"):
            decoded += blanks + token
            blanks, is_after_encoded = "", False
        else:
            blanks += token
    return decoded + blanks


def _content(word: re.Match[str]) -> str:
    charset, kind, content = word.groups()
    raw = content.encode("ascii")
    decoded = b64decode(raw, validate=True) if kind in "Bb" else decodestring(raw, header=True)
    return decoded.decode(charset)


def read(raw: bytes) -> dict[str, str]:
    """The subject as readers of several kinds see it; the mailbox reads by Python's parser."""
    request = MailRequest("r", "bounce@shop.example", TO, raw.decode("ascii"))
    return {
        "RFC 2047": strictly_decoded(raw),
        "Python, by hand": str(make_header(decode_header(message_from_bytes(raw)["Subject"]))),
        "mailbox": read_message(request).subject,
    }


def wrongly_read(subjects: list[str]) -> dict[str, dict[str, str]]:
    """The subjects that a reader sees otherwise, with what it sees."""
    readings = ((subject, read(wire(subject))) for subject in subjects)
    return {subject: seen for subject, seen in readings if set(seen.values()) != {subject}}


def test_3000_subjects_arrive_sign_by_sign_at_every_reader() -> None:
    rng = random.Random(2047)
    assert wrongly_read([made_up(rng) for _ in range(3000)]) == {}


@pytest.mark.parametrize(
    "subject",
    [
        "",
        " ",
        " leading and trailing ",
        "\ttabs\tbetween\t",
        "two  blanks   three",
        "[y] - Zoë - [z]",
        "Übung Übung " * 15,
        "ein sehr langes Wort: " + "ä" * 150,
        "=?utf-8?q?a=0D=0ABcc:_eve=40example.org?= x",
        "=?utf-8?q?a?= =?utf-8?q?b?=",
        "1 + 1 =? 2",
        "?= and =?",
        "\u202eexample\u202c",
        "e\u0301\u0323\u0300" * 20,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 20,
        "\U0001f642" * 200,
        "a" * 200,
        "Bcc: eve@example.org",
        "To: eve@example.org, Subject: other",
    ],
)
def test_a_subject_arrives_sign_by_sign(subject: str) -> None:
    assert wrongly_read([subject]) == {}


@pytest.mark.parametrize("policy", [SMTP, SMTPUTF8, default], ids=["SMTP", "SMTPUTF8", "default"])
def test_no_subject_adds_a_header_whatever_policy_writes_it(policy: EmailPolicy) -> None:
    rng = random.Random(5322)
    usual = message_from_bytes(wire("Hello")).keys()
    for _ in range(300):
        message = message_from_bytes(wire(made_up(rng)), policy=default)
        assert message_from_bytes(message.as_bytes(policy=policy)).keys() == usual
