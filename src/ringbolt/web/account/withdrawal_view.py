"""What the page of a withdrawal shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from ringbolt.app.payments import withdraw
from ringbolt.core.lightning import lnurl
from ringbolt.store.engine.db import Tx
from ringbolt.store.withdrawals import Withdrawal, WithdrawalState, by_id
from ringbolt.web.formats import exact_sats
from ringbolt.web.i18n import _, marked
from ringbolt.web.views.view import Head, Tag

_REASONS: Final = {
    withdraw.CANCELLED: marked("You kept the money."),
    withdraw.NOT_TAKEN: marked("No wallet took it in time."),
    withdraw.NO_ANSWER: marked("The Lightning address did not answer in time."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalView:
    """``lnurl``: what a wallet scans, '' if it cannot be taken (any more). ``left_s``: for how
    long it can. ``fee_msat``: the most that the route may cost, and in the end what it did.
    ``may_cancel``: no invoice was named yet."""

    id: str
    account_id: str
    state: str
    head: Head
    lnurl: str
    amount_msat: int
    fee_msat: int
    address: str
    until_ms: int
    left_s: int
    created_ms: int
    finished_ms: int | None
    payment_hash: str
    may_cancel: bool
    is_live: bool
    version: str = ""
    changes_ms: int | None = None


def withdrawal_view(tx: Tx, id: str, base: str) -> WithdrawalView | None:
    """The page of a withdrawal; ``base``: how the shop is reached. None if there is none."""
    found = by_id(tx, id)
    if found is None:
        return None
    is_open = found.state is WithdrawalState.OPEN
    may_scan = is_open and found.k1 is not None and tx.now_ms < found.until_ms
    view = WithdrawalView(
        id=found.id,
        account_id=found.account_id,
        state=found.state,
        head=_head(found),
        lnurl=lnurl.encode(f"{base}/lnurl/withdraw/{found.k1}") if may_scan else "",
        amount_msat=found.amount_msat,
        fee_msat=found.max_fee_msat if found.finished_ms is None else found.fee_msat,
        address=found.address,
        until_ms=found.until_ms,
        left_s=max(0, (found.until_ms - tx.now_ms) // 1000),
        created_ms=found.created_ms,
        finished_ms=found.finished_ms,
        payment_hash=found.payment_hash or "",
        may_cancel=is_open,
        is_live=found.finished_ms is None,
    )
    shown = repr((view.state, view.head, view.lnurl))
    return replace(view, version=hashlib.blake2b(shown.encode(), digest_size=8).hexdigest())


def _head(found: Withdrawal) -> Head:
    sats = _("%(number)s sats", number=exact_sats(found.amount_msat))
    match found.state:
        case WithdrawalState.OPEN if found.address:
            return Head(
                Tag(_("Asking for an invoice"), "now"),
                _("Asking %(address)s", address=found.address),
                _("We ask this address for an invoice of %(sum)s, and pay it.", sum=sats),
            )
        case WithdrawalState.OPEN:
            return Head(
                Tag(_("Waiting for your wallet"), "now"),
                _("Take %(sum)s", sum=sats),
                _("They are set aside on your balance until your wallet takes them."),
            )
        case WithdrawalState.PAYING:
            return Head(
                Tag(_("On its way"), "now"),
                _("Your %(sum)s are on the way", sum=sats),
                _("Usually this takes seconds. Do not ask for them again yet."),
            )
        case WithdrawalState.PAID:
            return Head(
                Tag(_("Paid out"), "ok"),
                _("Your %(sum)s are in your wallet", sum=sats),
                _("Sent to %(address)s.", address=found.address) if found.address else "",
            )
    known = _REASONS.get(found.reason)
    why = _(known) if known else _("It was not paid: %(reason)s", reason=found.reason)
    return Head(Tag(_("Returned")), _("Your %(sum)s are on your balance again", sum=sats), why)
