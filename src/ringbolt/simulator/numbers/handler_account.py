"""What an account of the simulated ``handler_api.php`` can do with activations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ringbolt.clock import Clock
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.phone import calling_code
from ringbolt.numbers.provider import Acquired, AcquireNumber, Cancelled, InboundText, TooEarly
from ringbolt.simulator.numbers.activation import (
    CANCELLED,
    FINISHED,
    MICROS,
    Accounts,
    ActivationDocument,
    price_micros,
)
from ringbolt.simulator.numbers.handler_words import (
    Refusal,
    Style,
    code_shown,
    country_of,
    money,
)
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.numbers.lease import LeaseDocument
from ringbolt.simulator.numbers.offers import offers

_MOSCOW_MS: Final = 3 * 3_600_000
"""The protocol's first provider wrote the time of Moscow, without saying so."""
_PAGE: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


class HandlerAccount:
    """Every method raises ``Refusal``, and answers what is sent: a text, or what becomes JSON."""

    def __init__(
        self,
        inventory: NumberInventory,
        accounts: Accounts,
        clock: Clock,
        style: Style,
        api_key: str,
    ) -> None:
        self._inventory = inventory
        self._accounts = accounts
        self._clock = clock
        self._style = style
        self._account = accounts.account(api_key)

    async def balance(self) -> str:
        return f"ACCESS_BALANCE:{money(self._account.balance_micros)}"

    async def buy(self, asked: Mapping[str, str], *, is_v2: bool) -> Any:
        bought, acquired = await self._lease(asked, hours=0, again="")
        return self._bought(bought, acquired, is_v2=is_v2)

    async def again(self, asked: Mapping[str, str], *, is_v2: bool) -> Any:
        former = self._find(asked, rentals=False)
        lease = await self._lease_of(former)
        wanted = {"service": former.service, "country": str(former.country)}
        bought, acquired = await self._lease(wanted, hours=0, again=lease.number)
        return self._bought(bought, acquired, is_v2=is_v2)

    async def _lease(
        self, asked: Mapping[str, str], *, hours: int, again: str
    ) -> tuple[ActivationDocument, Acquired]:
        service, country = asked.get("service", ""), country_of(asked.get("country", "0"))
        if service not in {offer.code for offer in offers(country)}:
            raise Refusal("BAD_SERVICE")
        cost = price_micros(service, country, hours)
        most = asked.get("maxPrice", "")
        if most and (not _NUMBER.fullmatch(most) or float(most) * MICROS < cost):
            raise Refusal("WRONG_MAX_PRICE", money(cost), {"min": cost / MICROS})
        if self._account.balance_micros < cost:
            raise Refusal("NO_BALANCE")
        new_id = await self._accounts.new_id()
        ref = f"handler:{self._account.key}:{new_id}"
        wanted = AcquireNumber(ref, service, country, hours, again=again)
        acquired = await self._inventory.acquire(wanted)
        if not isinstance(acquired, Acquired):
            raise Refusal("NO_NUMBERS")
        bought = ActivationDocument(
            new_id,
            self._account.key,
            ref,
            acquired.lease_id,
            service,
            country,
            hours,
            cost,
            self._clock.now_ms(),
        )
        await self._accounts.buy(self._account, bought)
        return bought, acquired

    def _bought(self, bought: ActivationDocument, acquired: Acquired, *, is_v2: bool) -> Any:
        if not is_v2:
            return f"ACCESS_NUMBER:{bought.id}:{acquired.number[1:]}"
        return {
            **self._described(bought, acquired.number),
            "countryPhoneCode": int(calling_code(acquired.number)),
            "canGetAnotherSms": True,
            "activationEndTime": self._time(acquired.until_ms),
            "activationOperator": "any",
        }

    def _described(self, bought: ActivationDocument, number: str) -> dict[str, Any]:
        is_hero = self._style is Style.HERO
        return {
            "activationId": str(bought.id),
            "phoneNumber": number[1:],
            "activationCost": bought.cost_micros / MICROS,
            "currency": 840,
            "countryCode": bought.country if is_hero else str(bought.country),
            "activationTime": self._time(bought.bought_ms),
        }

    async def status(self, asked: Mapping[str, str]) -> str:
        bought = self._find(asked, rentals=self._style is Style.HERO)
        texts = await self._texts(bought)
        await self._see_its_end(bought, texts)
        if not texts:
            return "STATUS_CANCEL" if bought.end else "STATUS_WAIT_CODE"
        last = code_shown(texts[-1])
        if len(texts) > bought.seen or bought.end:
            return f"STATUS_OK:{last}"
        return f"STATUS_WAIT_RETRY:{last}"

    async def status_v2(self, asked: Mapping[str, str]) -> dict[str, Any]:
        bought = self._find(asked, rentals=self._style is Style.HERO)
        texts = await self._texts(bought)
        await self._see_its_end(bought, texts)
        shown = None
        if texts:
            at, code = self._time(texts[-1].at_ms), code_shown(texts[-1])
            shown = {"dateTime": at, "code": code, "text": texts[-1].text}
            shown["from"] = texts[-1].sender
        return {"verificationType": 0, "sms": shown, "call": None}

    async def set_status(self, asked: Mapping[str, str]) -> str:
        bought = self._find(asked, rentals=self._style is Style.HERO)
        texts = await self._texts(bought)
        await self._see_its_end(bought, texts)
        if bought.end:
            raise Refusal("BAD_STATUS")
        match asked.get("status", ""):
            case "1":
                return "ACCESS_READY"
            case "3" if texts:
                bought.seen = len(texts)
                await self._inventory.request_text(bought.lease_id)
                await self._accounts.save(self._account, bought)
                return "ACCESS_RETRY_GET"
            case "6" if texts:
                await self._finish(bought)
                return "ACCESS_ACTIVATION"
            case "8" | "-1":
                await self._cancel(bought, texts)
                return "ACCESS_CANCEL"
        raise Refusal("BAD_STATUS")

    async def _finish(self, bought: ActivationDocument) -> None:
        await self._inventory.finish(bought.lease_id)
        await self._accounts.end(self._account, bought, FINISHED)

    async def _cancel(self, bought: ActivationDocument, texts: Sequence[InboundText]) -> None:
        if texts:
            raise Refusal("OTP_RECEIVED" if self._style is Style.HERO else "BAD_STATUS")
        match await self._inventory.cancel(bought.lease_id):
            case TooEarly():
                raise Refusal("EARLY_CANCEL_DENIED")
            case Cancelled():
                await self._accounts.end(self._account, bought, CANCELLED)
            case _:  # a text came at this moment
                raise Refusal("OTP_RECEIVED" if self._style is Style.HERO else "BAD_STATUS")

    async def active(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = []
        for bought in self._accounts.of(self._account, rentals=False):
            texts = await self._texts(bought)
            await self._see_its_end(bought, texts)
            if not bought.end:
                found.append(await self._listed(bought, texts))
        if self._style is Style.HERO:
            start = _count(asked.get("start", "0"))
            limit = min(_PAGE, _count(asked.get("limit", str(_PAGE))))
            return {"status": "success", "data": found[start : start + limit]}
        if not found:
            raise Refusal("NO_ACTIVATIONS")
        return {"status": "success", "activeActivations": found}

    async def _listed(
        self, bought: ActivationDocument, texts: Sequence[InboundText]
    ) -> dict[str, Any]:
        lease = await self._lease_of(bought)
        codes: Any = [code_shown(text) for text in texts] or None
        words: Any = [text.text for text in texts] or None
        if self._style is Style.HERO:  # it shows the last one only
            codes, words = codes and codes[-1], words and words[-1]
        return {
            **self._described(bought, lease.number),
            "serviceCode": bought.service,
            "activationStatus": "2" if texts else "4",
            "smsCode": codes,
            "smsText": words,
            "discount": "0",
            "repeated": "0",
            "countryName": COUNTRIES[bought.country].name,
            "canGetAnotherSms": "1",
            "currency": "840",
        }

    async def all_texts(self, asked: Mapping[str, str]) -> dict[str, Any]:
        bought = self._find(asked, rentals=self._style is Style.HERO)
        texts = await self._texts(bought)
        await self._see_its_end(bought, texts)
        data = [
            {
                "id": str(n),
                "phoneFrom": text.sender,
                "code": code_shown(text),
                "text": text.text,
                "service": bought.service,
                "date": self._time(text.at_ms),
                "type": "sms",
            }
            for n, text in enumerate(texts)
        ]
        return {"status": "success", "data": data}

    # What is common

    def _find(self, asked: Mapping[str, str], *, rentals: bool) -> ActivationDocument:
        """``rentals``: they are meant too, or alone."""
        named = asked.get("id", asked.get("activationId", ""))
        found = self._accounts.find(self._account, named)
        if found is None or (found.hours and not rentals):
            raise Refusal("INVALID_PHONE" if rentals and self._is_classic else "NO_ACTIVATION")
        return found

    @property
    def _is_classic(self) -> bool:
        return self._style is Style.CLASSIC

    async def _lease_of(self, bought: ActivationDocument) -> LeaseDocument:
        lease = await self._inventory.lease(bought.lease_id)
        assert lease is not None, "what was bought has a lease"
        return lease

    async def _texts(self, bought: ActivationDocument) -> tuple[InboundText, ...]:
        return await self._inventory.texts(bought.lease_id)

    async def _see_its_end(self, bought: ActivationDocument, texts: Sequence[InboundText]) -> None:
        """A lease whose time is over is paid back, if nothing came."""
        lease = await self._lease_of(bought)
        if lease.ended_ms is not None and not bought.end:
            await self._accounts.end(self._account, bought, FINISHED if texts else CANCELLED)

    def _time(self, at_ms: int) -> str:
        shift_ms = 0 if self._style is Style.HERO else _MOSCOW_MS
        at = datetime.fromtimestamp((at_ms + shift_ms) // 1000, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S}"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise Refusal("BAD_DATA")
    return int(text)
