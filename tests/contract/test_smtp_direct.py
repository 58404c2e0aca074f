"""Mail to the servers of a recipient's domain, found by MX records (RFC 5321, 5.1; RFC 7505)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.mail.mailer import Accepted, Mailer, MailResult
from support.contracts.mail import BOB, a_mail
from support.rigs.smtp import smtp_mailer
from support.servers.mail_names import MailNames, Records, mail_name_server
from support.servers.mail_sink import MailSink, mail_sink
from support.servers.scripted_smtp import SILENT, scripted_smtp
from support.servers.sites import self_signed
from support.waiting import until

FIRST, SECOND, NOWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.9"
DOMAIN = "wallet.example"
TWO: Records = {
    DOMAIN: {"mx": ["20 b.example.", "10 a.example."]},
    "a.example": {"a": [FIRST]},
    "b.example": {"a": [SECOND]},
}


@dataclass
class Net:
    """Two mail servers on one port, and name servers with ``records``."""

    first: MailSink
    second: MailSink
    names: MailNames
    mailer: Mailer = field(init=False)

    async def send(self, **options: Any) -> MailResult:
        settings: dict[str, Any] = {
            "direct": True,
            "mx_port": self.first.port,
            "name_servers": [self.names.address],
            "allow_private_mx": True,
            "timeout_s": 60,
        }
        mailer = smtp_mailer(**(settings | options))
        try:
            return await mailer.send(a_mail(BOB))
        finally:
            await mailer.close()


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with two_servers(TWO) as found:
        yield found


@asynccontextmanager
async def two_servers(records: Records, **options: Any) -> AsyncIterator[Net]:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(mail_sink(host=FIRST, **options))
        second = await stack.enter_async_context(mail_sink(host=SECOND, port=first.port))
        names = await stack.enter_async_context(mail_name_server(records))
        yield Net(first, second, names)


async def test_the_preferred_server_gets_it(net: Net) -> None:
    assert isinstance(await net.send(), Accepted)
    assert (len(net.first.arrived), len(net.second.arrived)) == (1, 0)


@pytest.mark.parametrize("address", [NOWHERE, ""], ids=["nobody listens", "no address"])
async def test_the_next_server_is_tried_if_the_preferred_cannot_be_reached(
    net: Net, address: str
) -> None:
    net.names.records = {**TWO, "a.example": {"a": [address]} if address else {}}
    assert isinstance(await net.send(), Accepted)
    assert len(net.second.arrived) == 1


async def test_the_next_address_of_a_server_is_tried(net: Net) -> None:
    net.names.records = {**TWO, "a.example": {"a": [NOWHERE, FIRST]}}
    assert isinstance(await net.send(), Accepted)
    assert len(net.first.arrived) == 1


async def test_the_next_server_is_asked_after_a_refusal_for_now_and_not_after_one_for_good(
    net: Net,
) -> None:
    net.first.refusals[BOB] = "451 4.3.0 not now"
    assert isinstance(await net.send(), Accepted)
    net.first.refusals[BOB] = "550 5.1.1 no such user"
    result = await net.send()
    assert isinstance(result, Rejected) and result.permanent and result.by_destination
    assert len(net.second.arrived) == 1


async def test_after_the_dot_no_other_server_is_asked(net: Net) -> None:
    net.first.cut_after.add(BOB)
    assert isinstance(await net.send(), Unknown)
    assert (len(net.first.arrived), net.second.connections) == (1, 0)


async def test_both_servers_refuse_for_now(net: Net) -> None:
    net.first.refusals[BOB] = net.second.refusals[BOB] = "450 4.2.1 greylisted"
    result = await net.send()
    assert isinstance(result, Rejected) and not result.permanent
    assert result.retry_after_ms is not None and result.retry_after_ms >= 60_000


async def test_a_domain_without_mx_records_takes_its_mail_itself(net: Net) -> None:
    net.names.records = {DOMAIN: {"a": [FIRST]}}
    assert isinstance(await net.send(), Accepted)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ({DOMAIN: {"mx": ["0 ."]}}, "takes no e-mail"),
        ({"other.example": {"a": [FIRST]}}, "there is no domain"),
    ],
    ids=["null MX", "no such domain"],
)
async def test_a_domain_without_mail_is_a_definite_no(
    net: Net, records: Mapping[str, Mapping[str, Sequence[str]]], why: str
) -> None:
    net.names.records = records
    result = await net.send()
    assert isinstance(result, Rejected)
    assert result.permanent and result.by_destination
    assert why in result.reason


@pytest.mark.parametrize("state", ["broken", "silent"])
async def test_name_servers_that_fail_say_nothing_of_the_mail(net: Net, state: str) -> None:
    getattr(net.names, state).add(DOMAIN)
    result = await net.send(timeout_s=1)
    assert isinstance(result, Rejected) and not result.permanent
    assert "cannot be looked up" in result.reason
    assert net.first.arrived == net.second.arrived == []


async def test_a_server_whose_name_has_no_address_may_get_one(net: Net) -> None:
    net.names.records = {DOMAIN: {"mx": ["10 a.example."]}}
    result = await net.send()
    assert isinstance(result, Rejected) and not result.permanent


@pytest.mark.parametrize("address", [FIRST, "10.0.0.25", "169.254.169.254"])
async def test_nobody_s_records_lead_us_to_private_addresses(net: Net, address: str) -> None:
    net.names.records = {DOMAIN: {"mx": ["10 a.example."]}, "a.example": {"a": [address]}}
    result = await net.send(allow_private_mx=False)
    assert isinstance(result, Rejected) and not result.permanent
    assert net.first.connections == 0


async def test_one_domain_s_slow_servers_hold_up_no_more_mails_than_may_be(net: Net) -> None:
    async with scripted_smtp({"MAIL": SILENT}) as slow:
        mailer = smtp_mailer(
            direct=True,
            mx_port=slow.port,
            name_servers=[net.names.address],
            allow_private_mx=True,
            connections=2,
            timeout_s=60,
        )
        held = [asyncio.create_task(mailer.send(a_mail())) for _ in range(2)]
        await until(lambda: slow.asked.count("MAIL") == 2)
        crowded = await mailer.send(a_mail(f"ann@mail.{DOMAIN}"))
        elsewhere = await mailer.send(a_mail("ann@other.test"))
        for each in held:
            each.cancel()
        await asyncio.wait(held)
        net.names.records = {}
        after = await mailer.send(a_mail())
    assert isinstance(crowded, Rejected) and not crowded.permanent and crowded.by_destination
    assert "as many e-mails as may be" in crowded.reason
    for other in (elsewhere, after):
        assert isinstance(other, Rejected) and "there is no domain" in other.reason


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
async def test_a_strangers_server_that_cannot_now_says_nothing_of_this_part(
    net: Net, step: str
) -> None:
    net.names.records = {DOMAIN: {"a": [FIRST]}}
    async with scripted_smtp({step: b"451 4.3.0 Not now\r\n"}) as server:
        result = await net.send(mx_port=server.port)
    assert isinstance(result, Rejected) and not result.permanent
    assert result.by_destination and result.retry_after_ms


async def test_many_domains_with_slow_servers_hold_up_no_more_mails_than_may_be(net: Net) -> None:
    net.names.records = {f"slow{n}.test": {"a": [FIRST]} for n in range(8)}
    async with scripted_smtp({"MAIL": SILENT}) as slow:
        mailer = smtp_mailer(
            direct=True,
            mx_port=slow.port,
            name_servers=[net.names.address],
            allow_private_mx=True,
            connections=1,
            timeout_s=60,
        )
        held = [asyncio.create_task(mailer.send(a_mail(f"eve@slow{n}.test"))) for n in range(8)]
        await until(lambda: slow.asked.count("MAIL") == 8)
        crowded = await mailer.send(a_mail("ann@other.test"))
        for each in held:
            each.cancel()
        await asyncio.wait(held)
        after = await mailer.send(a_mail("ann@other.test"))
    assert isinstance(crowded, Rejected) and not crowded.permanent
    assert "as many e-mails as may be" in crowded.reason
    assert isinstance(after, Rejected) and "there is no domain" in after.reason


async def test_a_server_on_ipv6_alone_is_reached() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    records = {DOMAIN: {"mx": ["10 a.example."]}, "a.example": {"aaaa": ["::1"]}}
    async with mail_sink(host="::1") as sink, mail_name_server(records) as names:
        net = Net(sink, sink, names)
        assert isinstance(await net.send(helo=""), Accepted)
    assert len(sink.arrived) == 1


async def test_a_strangers_certificate_need_not_be_valid(tmp_path: Path) -> None:
    async with two_servers(TWO, tls=self_signed(tmp_path)) as net:
        assert isinstance(await net.send(), Accepted)
        assert net.first.encrypted == [True]
        net.second.refusals[BOB] = "451 4.3.0 not now"
        strict = await net.send(tls="required")
    assert isinstance(strict, Rejected) and not strict.permanent
