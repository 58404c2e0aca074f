"""What mail servers, name servers and settings may say, under random and hostile input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.mail.smtp.address import Relay, parse_relay
from ringbolt.mail.smtp.replies import plain, refused
from ringbolt.mail.smtp.txt_records import check_dkim, check_dmarc, check_spf
from support.growth import LINEAR, growth_of_text

TO = "bob@wallet.example"
UNITS = ["a", " ", "5.1.1 ", TO, "\n", "\udcff", "é", "v=spf1 ", "a:", ";", "p=", "=", "include:x "]


@given(st.integers(400, 599), st.text(max_size=600))
def test_any_refusal_is_one_short_line_of_ascii_without_the_recipient(code: int, text: str) -> None:
    for said in (text, f"{text}{TO.upper()}{text}"):
        reason = refused(code, said, TO).reason
        assert len(reason) < 250
        assert reason.isascii() and reason.isprintable()
        assert TO not in reason.lower()


@given(st.text(max_size=200))
def test_any_text_is_a_relay_or_told_of(text: str) -> None:
    for url in (text, f"smtp://{text}", f"smtps://u:pw@{text}:25"):
        try:
            relay = parse_relay(url)
        except ValueError as error:
            assert "write it as smtp://" in str(error)
        else:
            assert isinstance(relay, Relay) and relay.host and 0 < relay.port < 65536


@given(st.lists(st.text(max_size=300), max_size=4))
def test_any_records_are_judged(records: list[str]) -> None:
    for each in (
        check_spf("shop.example", [*records, *(f"v=spf1 {text}" for text in records)]),
        check_dkim("ring._domainkey.shop.example", records, "KEY", "rsa"),
        check_dmarc("shop.example", [*records, *(f"v=DMARC1;{text}" for text in records)]),
    ):
        assert bool(each.fix) == (each.state != "ok")


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_what_was_said_and_not_with_its_square(unit: str) -> None:
    long = (unit * 20_000)[:80_000]
    assert growth_of_text(lambda text: plain(text, TO), long) < LINEAR
    assert growth_of_text(lambda text: check_spf("d", [f"v=spf1 {text}"]), long) < LINEAR
    assert growth_of_text(lambda text: check_dmarc("d", [f"v=DMARC1;{text}"]), long) < LINEAR
