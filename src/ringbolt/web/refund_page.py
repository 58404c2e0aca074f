"""``/lnurl/withdraw/{k1}`` in a browser: money that came back, taken by a wallet or sent to a
Lightning Address. Wallets, which do not ask for HTML, get the LNURL document there."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import base_url, client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.payments.claim_to_address import claim_to_address
from ringbolt.app.payments.refund import offered_refund
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.lightning import lnurl
from ringbolt.store import refunds, withdrawals
from ringbolt.store.refunds import Refund, RefundState
from ringbolt.web.account.withdrawal_page import PATH as WITHDRAWALS
from ringbolt.web.forms import Form, read_form
from ringbolt.web.i18n import _
from ringbolt.web.rendering import HEADERS, Renderer

PREFIX: Final = "/lnurl/withdraw/"
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}
_LONGEST_ADDRESS: Final = 320


class RefundPage:
    """``guards`` limit, by client address, how often it is asked for and sent."""

    def __init__(self, shop: Shop, renderer: Renderer, guards: Guards) -> None:
        self._shop = shop
        self._renderer = renderer
        self._guards = guards

    def routes(self) -> list[Route]:
        """The page, and its form."""
        path = PREFIX + "{k1}"
        return [
            Route(path, self.show, methods=["GET"]),
            Route(path, self.claim, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        self._guards.check("read", client_address(request.scope))
        k1 = str(request.path_params["k1"])
        balance = await self._shop.db.read(withdrawals.by_k1, k1)
        if balance is not None:  # of an account, which has a page of its own
            return RedirectResponse(f"{WITHDRAWALS}/{balance.id}", 303, HEADERS)
        return await self._page(request, Form({}))

    async def claim(self, request: Request) -> Response:
        """Send the money to a Lightning Address."""
        self._guards.check("order", client_address(request.scope))
        form = await read_form(request)
        refund = await self._refund(request)
        address = form.get("lightning_address")[:_LONGEST_ADDRESS]
        if not address:
            form.refuse("lightning_address", _("Write the address, such as ann@wallet.example."))
        if not form.errors:
            try:
                await claim_to_address(self._shop, refund.k1, address)
            except RingboltError as error:
                form.fail(error)
        if form.errors:
            return await self._page(request, form)
        return RedirectResponse(request.url.path, 303, HEADERS)

    async def _page(self, request: Request, form: Form) -> Response:
        refund = await self._refund(request)
        code, sum_msat = "", refund.amount_msat
        if refund.state is RefundState.OPEN:
            _refund, allowed = await offered_refund(self._shop, refund.k1)
            sum_msat = allowed.max_msat
            base = base_url(request.scope, self._shop.settings.public_url)
            code = lnurl.encode(f"{base}{PREFIX}{refund.k1}")
        return self._renderer.page(
            "refund.html",
            form.status,
            _PRIVATE,
            form=form,
            refund=refund,
            lnurl=code.upper(),
            sats=sum_msat // 1000,
            has_addresses=self._shop.addresses is not None,
        )

    async def _refund(self, request: Request) -> Refund:
        """Raises ``NotFound``."""
        k1 = str(request.path_params["k1"])
        found = await self._shop.db.read(refunds.by_k1, k1)
        if found is None:
            raise NotFound(_("There is no money to be taken at this address."))
        return found
