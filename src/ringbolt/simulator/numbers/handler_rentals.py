"""What an account of the simulated ``handler_api.php`` can do with rentals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ringbolt.core.services import FULL_RENT
from ringbolt.simulator.numbers.activation import CANCELLED, ActivationDocument
from ringbolt.simulator.numbers.handler_account import HandlerAccount
from ringbolt.simulator.numbers.handler_words import Refusal, Style, hours_of

_TRIAL_MS: Final = 20 * 60_000


class RentingAccount(HandlerAccount):
    """One that rents numbers as well."""

    async def rent(self, asked: Mapping[str, str]) -> Any:
        service = asked.get("service", FULL_RENT)
        wanted = {**asked, "service": service}
        bought, acquired = await self._lease(wanted, hours=hours_of(asked, self._style), again="")
        if self._style is Style.HERO:
            return self._bought(bought, acquired, is_v2=True)
        return self._rental(bought, acquired.number, acquired.until_ms)

    def _rental(self, bought: ActivationDocument, number: str, until_ms: int) -> dict[str, Any]:
        phone = {"id": bought.id, "endDate": self._time(until_ms), "number": number[1:]}
        return {"status": "success", "phone": phone}

    async def rentals(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for bought in self._accounts.of(self._account, rentals=True):
            lease = await self._lease_of(bought)
            if lease.ended_ms is None:
                values[str(len(values))] = {"id": str(bought.id), "phone": lease.number[1:]}
        return {"status": "success", "values": values}

    async def rent_status(self, asked: Mapping[str, str]) -> dict[str, Any]:
        bought = self._find(asked, rentals=True)
        texts = await self._texts(bought)
        if bought.end == CANCELLED:
            raise Refusal("STATUS_CANCEL")
        if not texts:
            lease = await self._lease_of(bought)
            is_over = bought.end or lease.ended_ms is not None
            raise Refusal("STATUS_FINISH" if is_over else "STATUS_WAIT_CODE")
        values = {
            str(n): {
                "phoneFrom": text.sender,
                "text": text.text,
                "service": bought.service,
                "date": self._time(text.at_ms),
            }
            for n, text in enumerate(reversed(texts))
        }
        return {"status": "success", "quantity": str(len(texts)), "values": values}

    async def set_rent_status(self, asked: Mapping[str, str]) -> dict[str, Any]:
        bought = self._find(asked, rentals=True)
        if bought.end:
            raise Refusal("ALREADY_CANCEL" if bought.end == CANCELLED else "ALREADY_FINISH")
        match asked.get("status", ""):
            case "1":
                await self._finish(bought)
            case "2":
                is_late = self._clock.now_ms() >= bought.bought_ms + _TRIAL_MS
                if is_late or await self._texts(bought):
                    raise Refusal("CANT_CANCEL")
                await self._inventory.finish(bought.lease_id)
                await self._accounts.end(self._account, bought, CANCELLED)
            case _:
                raise Refusal("INCORECT_STATUS")
        return {"status": "success"}
