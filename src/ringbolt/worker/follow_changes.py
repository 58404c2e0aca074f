"""Follow what the operator changes in another process: prices, rates, and what is sold."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from ringbolt.app.sales_terms import TermsUnusable
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable

log = structlog.get_logger("ringbolt.terms")

EVERY_S: Final = 2.0


async def follow_changes(shop: Shop) -> None:
    """Look for changes until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            if await shop.terms.refresh(shop.db):
                log.info("prices, rates or what is sold were changed")
        except TermsUnusable as error:
            log.error("what was in force stays", error=error.message, remedy=error.suggestion)
        except Unavailable as error:
            log.debug("changes cannot be read now", error=error.message)
