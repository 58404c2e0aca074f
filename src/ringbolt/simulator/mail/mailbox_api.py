"""``/simulator/mailbox``: what was mailed to an address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringbolt.simulator.mail.mailboxes import Mailboxes


def routes(mailboxes: Mailboxes) -> list[Route]:
    async def mailbox(request: Request) -> JSONResponse:
        return JSONResponse({"messages": mailboxes.messages(request.path_params["address"])})

    return [Route("/simulator/mailbox/{address}", mailbox)]
