"""``/account/withdrawals``: unused balance taken out, live."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import base_url
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.accounts.sessions import Holder
from ringbolt.app.payments.withdraw import cancel_withdrawal
from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.store.withdrawals import channel
from ringbolt.web.account.session import token_of
from ringbolt.web.account.signed_in import SignedIn
from ringbolt.web.account.withdrawal_view import WithdrawalView, withdrawal_view
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _, in_this_language
from ringbolt.web.live import Live
from ringbolt.web.rendering import HEADERS, Renderer

PATH: Final = "/account/withdrawals"
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}
_AUTO_S: Final = 10


class WithdrawalPage:
    """The page, its parts for the stream, and its button; for the holder of the account alone."""

    def __init__(self, shop: Shop, renderer: Renderer, signed: SignedIn, waiting: Waiting) -> None:
        self._shop = shop
        self._renderer = renderer
        self._signed = signed
        self._waiting = waiting

    def routes(self) -> list[Route]:
        """The addresses of a withdrawal."""
        path, shown = f"{PATH}/{{id}}", self._signed.page
        return [
            Route(path, shown(self.show), methods=["GET"]),
            Route(f"{path}/panel", shown(self.panel), methods=["GET"]),
            Route(f"{path}/events", shown(self.events), methods=["GET"]),
            Route(f"{path}/cancel", self._signed.form(self.cancel), methods=["POST"]),
        ]

    async def show(self, request: Request, holder: Holder) -> Response:
        auto_s = _AUTO_S if "auto" in request.query_params else 0
        return self._page(request, await self._view(request, holder), auto_s=auto_s)

    async def panel(self, request: Request, holder: Holder) -> Response:
        """The parts that change."""
        view = await self._view(request, holder)
        token = token_of(request)
        return self._renderer.page("withdrawal_parts.html", 200, _PRIVATE, view=view, token=token)

    async def events(self, request: Request, holder: Holder) -> Response:
        """The parts that changed, as server-sent events, until it is over."""
        view = await self._view(request, holder)
        token = token_of(request)
        live = Live(
            self._waiting,
            self._shop.clock,
            channel(view.id),
            partial(self._read, view.id, self._base(request)),
            lambda seen: self._renderer.text("withdrawal_parts.html", view=seen, token=token),
        )
        return live.answer(request, view)

    async def cancel(self, request: Request, holder: Holder, form: Form) -> Response:
        """Keep the money."""
        view = await self._view(request, holder)
        try:
            await cancel_withdrawal(self._shop, view.id)
        except RingboltError:
            notice = _("A wallet has taken it in this moment.")
            return self._page(request, await self._view(request, holder), 409, notice=notice)
        return RedirectResponse(f"{PATH}/{view.id}", 303, HEADERS)

    def _page(
        self,
        request: Request,
        view: WithdrawalView,
        status: int = 200,
        *,
        notice: str = "",
        auto_s: int = 0,
    ) -> Response:
        return self._renderer.page(
            "withdrawal.html",
            status,
            _PRIVATE,
            view=view,
            token=token_of(request),
            notice=notice,
            auto_s=auto_s if view.is_live else 0,
        )

    async def _view(self, request: Request, holder: Holder) -> WithdrawalView:
        """Raises ``NotFound`` for what is not the holder's."""
        view = await self._read(str(request.path_params["id"]), self._base(request))
        if view is None or view.account_id != account_of_key(holder.key_id):
            raise NotFound(_("There is no withdrawal of yours at this address."))
        return view

    async def _read(self, id: str, base: str) -> WithdrawalView | None:
        return await self._shop.db.read(in_this_language(withdrawal_view), id, base)

    def _base(self, request: Request) -> str:
        return base_url(request.scope, self._shop.settings.public_url)
