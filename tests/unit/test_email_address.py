"""The gate in front of the mailer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.email_address import (
    EmailAddress,
    check_mail_text,
    check_subject,
    mailbox_of,
    parse_address,
)
from ringbolt.core.errors import InvalidInput, Role


@pytest.mark.parametrize(
    ("text", "address", "domain"),
    [
        ("bob@example.com", "bob@example.com", "example.com"),
        (" bob@example.com ", "bob@example.com", "example.com"),
        ("Bob.Smith+tag@Example.COM", "Bob.Smith+tag@example.com", "example.com"),
        ("o_brien-x@mail.example.co.uk", "o_brien-x@mail.example.co.uk", "mail.example.co.uk"),
        ("a@bücher.de", "a@xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("a@xn--bcher-kva.de", "a@xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("a@例子.中国", "a@xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"),
        ("o'brien@example.com", "o'brien@example.com", "example.com"),
        ("1@2.example.org", "1@2.example.org", "2.example.org"),
    ],
)
def test_mailbox_is_taken_and_normalised(text: str, address: str, domain: str) -> None:
    assert parse_address(text) == EmailAddress(address, domain)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "bob", "@example.com", "bob@", "bob@example", "bob@localhost", "bob@@example.com",
        "bob@example..com", "bob@.example.com", "bob@example.com.", ".bob@example.com",
        "bob.@example.com", "b..b@example.com", "bob@-example.com", "bob@exam_ple.com",
        # two recipients, and what was measured to reach somebody else
        "bob@example.com,eve@example.org", "bob@example.com, eve@example.org",
        "bob@example.com;eve@example.org", "bob@example.com eve@example.org",
        "bob@example.com>\r\nRCPT TO:<eve@example.org", "bob@example.com> SIZE=1",
        "Bob <bob@example.com>", "<bob@example.com>", "bob@example.com (Bob)",
        # line ends and control characters
        "bob@example.com\r\nBcc: eve@example.org", "bob@example.com\n", "\nbob@example.com",
        "bob\r@example.com", "bob\x00@example.com", "bob@example.com\x7f", "bob\t@example.com",
        "bob@exa\u200bmple.com", "bob\u2028@example.com", "bob\u202e@example.com",
        "bob\u00a0@example.com", "bob\ud800@example.com", "bob@example.com\u0085",
        # quoted local parts, literals, comments
        '"bob"@example.com', '"bob smith"@example.com', '"a@b"@example.com', "bob\\@x@example.com",
        "bob@[127.0.0.1]", "bob@[IPv6:::1]", "bob@127.0.0.1", "bob(c)@example.com",
        "mailto:bob@example.com",
        # what only servers with SMTPUTF8 could take
        "jörg@example.com", "用户@example.com", "а@example.com",
        # private and special-use domains
        "bob@printer.local", "bob@x.test", "bob@x.onion", "bob@x.invalid",
        # lengths
        "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "a" * 300, "a" * 100_000,
        "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".b" * 10 + ".com",
    ],
)  # fmt: skip
def test_anything_but_one_public_mailbox_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(text)

    assert (refused.value.code, refused.value.role) == ("INVALID_EMAIL_ADDRESS", Role.ADDRESS)
    assert len(refused.value.message) < 400


def test_longest_address_is_254_octets() -> None:
    domain = ".".join(["b" * 62, "c" * 62, "d" * 62, "com"])
    local = "a" * (254 - 1 - len(domain))

    assert len(parse_address(f"{local}@{domain}").address) == 254
    with pytest.raises(InvalidInput):
        parse_address(f"a{local}@{domain}")


@given(st.text(alphabet='ab@.,;<>"\r\n \\\t:()[]\x00é', max_size=40))
def test_what_is_taken_is_one_word_and_is_taken_again(text: str) -> None:
    try:
        address = parse_address(text)
    except InvalidInput:
        return

    assert address.address.count("@") == 1
    assert not set(address.address) & set(',;<>"\r\n \\\t:()[]\x00')
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("bob@example.com", "bob@example.com"),
        ("Bob@Example.COM", "bob@example.com"),
        ("bob+shop+2@example.com", "bob@example.com"),
        ("+@example.com", "+@example.com"),
        ("+bob@example.com", "+bob@example.com"),
        ("b.ob@example.com", "b.ob@example.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox
    assert mailbox_of(mailbox) == mailbox


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("tab\there", "tab\there"),
        ("line\u2028para\u2029next\x85end", "line\npara\nnext\nend"),
        ("\r\n.\r\nQUIT\r\n", "\n.\nQUIT\n"),
        ("😀 é 中 \u202bעברית\u202c", "😀 é 中 \u202bעברית\u202c"),
        ("", ""),
    ],
)
def test_text_has_one_kind_of_line_end(text: str, normal: str) -> None:
    assert check_mail_text(text) == normal


@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x9b", "\ud800"]
)
def test_text_with_a_control_character_is_refused(sign: str) -> None:
    for check in (check_mail_text, check_subject):
        with pytest.raises(InvalidInput) as refused:
            check(f"a{sign}b")

        assert refused.value.code == "INVALID_TEXT"
        assert f"U+{ord(sign):04X}" in refused.value.message


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\nBcc: eve@example.org", "\x0b", "\u2028", "\x85"])
def test_subject_is_one_line(sign: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_subject(f"Hello{sign}")

    assert (refused.value.code, refused.value.role) == ("INVALID_TEXT", Role.SUBJECT)


@pytest.mark.parametrize("subject", ["  Grüße 😀 ", "a\tb", "\tHello\t", "\u3000こんにちは\u3000"])
def test_a_subject_stays_as_it_was_written(subject: str) -> None:
    assert check_subject(subject) == subject


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u3000"])
def test_a_blank_subject_is_none(blank: str) -> None:
    assert check_subject(blank) == ""


@pytest.mark.parametrize(
    "subject",
    ["=?utf-8?b?SGkNCkJjYzogZXZlQHguZXhhbXBsZQ==?=", "Re: =?x?q?a?= b", "=?utf-8?q?cut=\t?="],
)
def test_a_subject_that_mail_programs_would_decode_is_refused(subject: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_subject(subject)
    assert refused.value.code == "INVALID_TEXT"


def test_a_subject_may_ask_what_one_is_equal_to() -> None:
    assert check_subject("1 + 1 =? Or is it 3") == "1 + 1 =? Or is it 3"


@pytest.mark.parametrize("local", ["=?utf-8?q?eve?=", "=?utf-8?b?DQpCY2M6IGV2ZUB4LmV4YW1wbGU=?="])
def test_an_address_that_a_mail_server_would_decode_is_refused(local: str) -> None:
    with pytest.raises(InvalidInput, match="decode"):
        parse_address(f"{local}@example.com")
