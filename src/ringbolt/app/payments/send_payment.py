"""Send a payment to a stranger, who decides when it ends.

The owner of an invoice may hold its payment for hours (a hold invoice). So a job waits for a moment
only: later runs of it look the payment up, and between them it occupies no slot of its worker.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.lightning.node import (
    PaymentFailed,
    PaymentOutcome,
    PaymentUnknown,
    SupportsPayments,
)
from ringbolt.store import jobs
from ringbolt.store.jobs import Job

WAIT_S: Final = 2.0
"""How long to wait for the outcome of a payment that was just sent."""
_PAY_TIMEOUT_S = 60
"""How long the node looks for a route."""


async def send_payment(
    job: Job, payer: SupportsPayments, bolt11: str, payment_hash: bytes, max_fee_msat: int
) -> PaymentOutcome:
    """The outcome of the payment, ``PaymentUnknown`` if it is not known after ``WAIT_S``.

    Raises ``LeaseLost`` instead of paying if we were stopped for so long that another worker may
    have paid, failed, and begun to pay another invoice.
    """
    jobs.sure(job)
    try:
        # The node goes on with the payment when the request is cancelled.
        async with asyncio.timeout(WAIT_S):
            outcome = await payer.pay(bolt11, max_fee_msat, _PAY_TIMEOUT_S)
    except TimeoutError:
        return PaymentUnknown("in flight")
    if isinstance(outcome, PaymentFailed):
        # After a failure another invoice may be paid, so the failure is confirmed by a look-up.
        known = await payer.lookup_payment(payment_hash)
        return outcome if known is None else known
    return outcome
