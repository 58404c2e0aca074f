"""What goes over the wire for an e-mail, and that nobody can smuggle anything into it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy, default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.mail import letter
from ringbolt.mail.mailer import OutMail

AT_MS = 1_790_000_000_123
ADDED = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
URL = "https://shop.example/u/" + "x" * 200


def a_mail(**changes: Any) -> OutMail:
    words: dict[str, Any] = {
        "ref": "ab" * 16,
        "sender": "Ringbolt <no-reply@shop.example>",
        "to": "bob@wallet.example",
        "subject": "A message for you",
        "text": "Hello Bob",
        "origin": "https://shop.example",
        "unsubscribe_url": URL,
    }
    return letter.write(**(words | changes))


def sent(mail: OutMail) -> bytes:
    return letter.compose(mail, AT_MS).as_bytes()


def received(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(raw: bytes) -> str:
    text: str = received(raw).get_content()
    return text.replace("\r\n", "\n")


def header_lines(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


# -- what it says ----------------------------------------------------------------------------------


def test_it_is_from_the_operator_to_one_recipient() -> None:
    message = received(sent(a_mail()))
    assert message["From"] == "Ringbolt <no-reply@shop.example>"
    assert message["To"] == "bob@wallet.example"
    assert message["Subject"] == "A message for you"
    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()
    assert not message.defects


def test_it_is_dated_and_named_by_us() -> None:
    message = received(sent(a_mail()))
    assert message["Date"].datetime == datetime.fromtimestamp(AT_MS // 1000, UTC)
    assert message["Message-ID"] == f"<{'ab' * 16}@shop.example>"
    assert sent(a_mail()) == sent(a_mail()), "the same letter is the same bytes"


def test_it_says_that_a_machine_sent_it_and_how_to_get_no_more() -> None:
    raw = sent(a_mail())
    message = received(raw)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{URL}>".encode() in header_lines(raw), "in one line, not encoded"


def test_its_foot_names_the_shop_and_the_link() -> None:
    text = body(sent(a_mail(text="Hello\nBob\n\n")))
    assert text.startswith("Hello\nBob\n\n-- \n")
    foot = text.partition("-- \n")[2]
    assert "https://shop.example" in foot
    assert URL in foot


def test_without_a_link_it_does_not_promise_one() -> None:
    raw = sent(a_mail(unsubscribe_url=""))
    assert received(raw)["List-Unsubscribe"] is None
    assert received(raw)["List-Unsubscribe-Post"] is None
    assert "To get no more" not in body(raw)


def test_a_shop_that_does_not_know_its_url_says_no_wrong_one() -> None:
    assert "Somebody paid us to send you this." in body(sent(a_mail(origin="")))


def test_a_bounce_names_the_letter() -> None:
    assert a_mail().envelope_from == f"bounce+{'ab' * 16}@shop.example"


# -- how it is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Grüße, 你好, 🙂",
        "x" * 5000,
        "🙂" * 300,
        "a line\n.\nQUIT\n..",
        "From nobody\n>From",
        "tab\tand = and =3D and trailing   \nend",
        "-- \nnot the foot",
    ],
)
def test_every_text_arrives_as_it_was_written(text: str) -> None:
    assert body(sent(a_mail(text=text))).startswith(text)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_any_text_arrives_in_lines_that_no_relay_changes(text: str) -> None:
    raw = sent(a_mail(text=f"<{text}>"))
    assert raw.isascii()
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert body(raw).startswith(f"<{text}>")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=150))
def test_any_subject_stays_one_header(subject: str) -> None:
    raw = sent(a_mail(subject=subject))
    assert received(raw).keys() == received(sent(a_mail())).keys()
    assert received(raw)["To"] == "bob@wallet.example"
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_a_subject_of_any_language_arrives() -> None:
    subject = "Ein Anruf für Zoë: 您的验证码"
    assert received(sent(a_mail(subject=subject)))["Subject"] == subject


def test_a_sender_with_a_name_of_any_language_arrives() -> None:
    raw = sent(a_mail(sender="Zoë & Söhne <post@shop.example>"))
    assert received(raw)["From"].addresses[0].display_name == "Zoë & Söhne"


def test_a_clients_own_policy_writes_the_same_link() -> None:
    """Mail clients flatten a message with a policy of their own."""
    raw = letter.compose(a_mail(), AT_MS).as_bytes(policy=SMTP)
    assert f"<{URL}>".encode() in raw


# -- what cannot be smuggled in --------------------------------------------------------------------

BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
WHY = "control character|not one|not a URL|not made of|too long|not a header"
FIELDS = ["sender", "to", "subject", "origin", "unsubscribe_url", "ref"]


@pytest.mark.parametrize("sign", BREAKS)
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_can_begin_another_header(field: str, sign: str) -> None:
    usual = {
        "sender": "Ringbolt <no-reply@shop.example>",
        "to": "bob@wallet.example",
        "unsubscribe_url": "https://shop.example/u/x",
    }.get(field, "word")
    with pytest.raises(ValueError, match=WHY):
        a_mail(**{field: f"{usual}{sign}Bcc: eve@wallet.example"})


@pytest.mark.parametrize("sign", BREAKS)
@pytest.mark.parametrize("field", ["sender", "to", "subject", "ref"])
def test_a_letter_that_we_did_not_write_is_checked_as_well(field: str, sign: str) -> None:
    changed: dict[str, Any] = {field: f"{getattr(a_mail(), field)}{sign}Bcc: eve@x.example"}
    mail = replace(a_mail(), **changed)
    with pytest.raises(ValueError, match=WHY):
        letter.compose(mail, AT_MS)


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "b\r\nBcc: eve@wallet.example"),
        ("X-A\r\nBcc", "eve@wallet.example"),
        ("Bcc", "eve@wallet.example"),
        ("bcc ", "eve@wallet.example"),
        ("From", "eve@wallet.example"),
        ("Content-Type", "text/html"),
        ("MIME-Version", "2.0"),
        ("", "x"),
        ("X:Y", "z"),
        ("X-Long", "x" * 2000),
    ],
)
def test_further_headers_cannot_be_ours_or_more_than_one(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=WHY):
        letter.compose(replace(a_mail(), headers=(header,)), AT_MS)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bob",
        "bob@localhost",
        "bob@wallet.example, eve@wallet.example",
        "bob@wallet.example eve@wallet.example",
        "bob@wallet.example>\r\nRCPT TO:<eve@wallet.example",
        "bob@wallet.example> SIZE=1",
        "<bob@wallet.example>",
        "Bob <bob@wallet.example>",
        '"bob smith"@wallet.example',
        "bob(comment)@wallet.example",
        "bob@[127.0.0.1]",
        "zoë@wallet.example",
        "bob@wällét.example",
        "bob..b@wallet.example",
        f"{'b' * 250}@wallet.example",
    ],
)
def test_only_one_plain_address_is_a_recipient(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        a_mail(to=address)
    with pytest.raises(ValueError, match="address"):
        letter.compose(replace(a_mail(), to=address), AT_MS)


@pytest.mark.parametrize("sender", ["", "Ringbolt", "a@x.example, b@x.example", "R <a@localhost>"])
def test_only_one_address_is_a_sender(sender: str) -> None:
    with pytest.raises(ValueError, match=WHY):
        a_mail(sender=sender)


def encoded(text: str, charset: str = "utf-8") -> str:
    """``text`` as one encoded word (RFC 2047)."""
    return f"=?{charset}?b?{b64encode(text.encode(charset)).decode()}?="


SMUGGLED = "Hi\r\nBcc: eve@wallet.example\r\n\r\nanother body"
ENCODED = [
    encoded(SMUGGLED),
    encoded(SMUGGLED, "utf-16"),
    encoded(encoded(SMUGGLED)),
    f"{encoded('Hi')} {encoded(SMUGGLED)}",
    "=?utf-8?q?Hi=0D=0ABcc:_eve@wallet.example?=",
    "=?us-ascii*en?Q?Hi=0aBcc:_eve@wallet.example?=",
    f"Re: {encoded(SMUGGLED)} and more",
    f"{encoded(SMUGGLED)[:-2]}",
]


@pytest.mark.parametrize("policy", [None, SMTP, SMTPUTF8, default], ids=str)
@pytest.mark.parametrize("word", ENCODED)
def test_an_encoded_word_arrives_as_it_was_written(word: str, policy: EmailPolicy | None) -> None:
    mail = replace(a_mail(subject=word), headers=(("X-Note", word),))

    raw = letter.compose(mail, AT_MS).as_bytes(policy=policy).replace(b"\r\n", b"\n")

    message = received(raw)
    assert message.keys() == [*received(sent(a_mail())).keys()[:5], "X-Note", *ADDED]
    assert (message["Subject"], message["X-Note"]) == (word, word)
    assert message.get_content().startswith("Hello Bob")


@pytest.mark.parametrize("word", ENCODED)
def test_an_encoded_word_is_no_part_of_an_address(word: str) -> None:
    with pytest.raises(ValueError, match="address"):
        a_mail(to=f"{word}@wallet.example")
    with pytest.raises(ValueError, match=WHY + "|parts cannot contain|contains"):
        sent(a_mail(sender=f"{encoded(SMUGGLED)} <no-reply@shop.example>"))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=150))
def test_any_subject_arrives_as_it_was_written(subject: str) -> None:
    assert received(sent(a_mail(subject=f"={subject}?=")))["Subject"] == f"={subject}?="


def test_a_message_with_a_header_too_many_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library makes of a header: what is sent is read once more."""
    broken = "Subject: Hi\r\nBcc: eve@wallet.example\r\n"
    monkeypatch.setattr(letter._Literal, "fold", lambda *_, **__: broken)
    with pytest.raises(ValueError, match="other headers"):
        sent(a_mail())


@pytest.mark.parametrize("url", ["javascript:1", "https://x.example/a b", "https://x.example/>,<"])
def test_only_a_url_is_a_link(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        a_mail(unsubscribe_url=url)
