"""The rate of the hint in money: read from any JSON, asked rarely, not shown when it is old."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from ringbolt.clock import SystemClock
from ringbolt.settings.web import FiatSettings
from ringbolt.web.fiat import FiatHint, rate_in
from support.servers.far_end import far_end
from support.waiting import eventually


@pytest.mark.parametrize(
    ("body", "path", "rate"),
    [
        (b'{"bitcoin": {"eur": 91234.56}}', "bitcoin.eur", "91234.56"),
        (b'{"r": {"XXBTZEUR": {"c": ["91000.10", "0.1"]}}}', "r.XXBTZEUR.c.0", "91000.10"),
        (b'[{"rate": 5}]', "0.rate", "5"),
        (b"91000.5", "", "91000.5"),
        (b'{"a": 0}', "a", None),
        (b'{"a": -1}', "a", None),
        (b'{"a": 1e99}', "a", None),
        (b'{"a": NaN}', "a", None),
        (b'{"a": true}', "a", None),
        (b'{"a": {"b": 1}}', "a", None),
        (b'{"a": "x"}', "a", None),
        (b'{"a": 1}', "a.b", None),
        (b'[1]', "1", None),
        (b'[1]', "x", None),
        (b"", "a", None),
        (b"\xff", "a", None),
        (b"[" * 200_000, "0", None),
        (b'{"a": ' + b"9" * 200_000 + b"}", "a", None),
    ],
)  # fmt: skip
def test_a_rate_is_a_price_or_nothing(body: bytes, path: str, rate: str | None) -> None:
    assert rate_in(body, path) == (None if rate is None else Decimal(rate))


def test_a_fixed_rate_needs_no_one_and_tiny_sums_are_one_coin() -> None:
    hint = FiatHint(FiatSettings(currency="EUR", per_bitcoin=100_000), SystemClock())
    assert hint(1000) == "about €1.00"
    assert hint(1) == "about €0.01"
    assert FiatHint(FiatSettings(), SystemClock())(1000) == ""


async def test_a_rate_is_asked_once_in_a_while_and_hidden_when_it_is_old() -> None:
    answers = [b'{"eur": 100000}', b"no JSON", b'{"eur": 200000}']

    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        body = answers[n - 1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        return False

    async with far_end(reply) as source:
        clock = SystemClock()
        settings = FiatSettings(
            currency="EUR", url=source.url, path="eur", refresh_s=300, stale_s=900
        )
        hint = FiatHint(settings, clock)
        assert hint(1000) == ""  # nobody waits for the first answer

        async def until(said: str, asked: int) -> None:
            async def probe() -> bool:
                return hint(1000) == said and len(source.asked) == asked

            await eventually(probe)

        await until("about €1.00", 1)
        clock.set_offset(clock.offset_ms + 299_000)
        await until("about €1.00", 1)
        clock.set_offset(clock.offset_ms + 2_000)
        await until("about €1.00", 2)  # that answer was unreadable: the last rate stays
        clock.set_offset(clock.offset_ms + 299_000)
        assert hint(1000) == "about €1.00"
        clock.set_offset(clock.offset_ms + 301_000)
        assert hint(1000) == ""  # too old; and asked again
        await until("about €2.00", 3)
        hint.close()
