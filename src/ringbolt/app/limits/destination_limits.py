"""How often one number or address may be contacted, and how many people may get the same text.

Checked when an order is placed, and counted when it is paid (a call: when a carrier is asked). Of
texts and numbers only keyed hashes are stored, for as long as they count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.app.limits.spend_limits import HOUR_MS
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.requests.spoken import heard
from ringbolt.core.commands import CallOrder, Command, SendMail, SendText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import every, span
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import SCRIPTED
from ringbolt.core.texts.content_rules import is_short, sameness
from ringbolt.settings.abuse import AbuseSettings
from ringbolt.store import rate_limits
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.rate_limits import Rate

DAY_MS: Final = 86_400_000
BLOCK_DIGITS: Final = 3
"""Numbers that differ only in these last digits belong to one block, such as a range whose owner
is paid for incoming calls."""

_AT_ONCE: Final = 1000

REFUSING: Final = (
    f"{OrderKind.CALL}:", f"{OrderKind.SMS}:", f"{OrderKind.EMAIL}:", "contact:", "block:",
    "domain:", "same:",
)  # fmt: skip
"""The prefixes of the keys for which calls, texts and e-mails may be refused."""

FEW: Final = "DESTINATION_LIMIT_REACHED"
SAME: Final = "SAME_TEXT_LIMIT_REACHED"
TOO_MANY_TEXTS: Final = "the recipient got too many messages from us recently"
TOO_MANY_CALLS: Final = "this number was called too often recently"
_TOO_MANY_CONTACTS: Final = "this number was called and texted too often recently"
_BUSY_BLOCK: Final = "numbers next to this one were called and texted too often recently"
_BUSY_DOMAIN: Final = "the domain of this address got too many messages from us recently"
_TOO_MANY_ALIKE: Final = "the same text went to too many different people recently"


@dataclass(frozen=True, slots=True)
class Limit:
    """A ``rate``, ``said``: the beginning of the refusal before a payment, which ends with how the
    limit refills, and ``late``: why a paid order is not carried out."""

    rate: Rate
    code: str
    said: str
    late: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of an order for one destination. ``seen``: this destination got the same text
    within the hour; then ``same`` does not count again."""

    each: tuple[Limit, ...] = ()
    same: tuple[Limit, ...] = ()
    seen: Rate | None = None

    @property
    def keys(self) -> list[str]:
        keys = [limit.rate.key for limit in (*self.each, *self.same)]
        return keys if self.seen is None else [*keys, self.seen.key]

    def counting(self, tats: dict[str, int], now_ms: int) -> tuple[Limit, ...]:
        """The limits that one more order counts for."""
        if self.seen is not None and tats.get(self.seen.key, 0) > now_ms:
            return self.each
        return (*self.each, *self.same)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not carried out; ``wait_ms`` until it may be."""

    limit: Limit
    wait_ms: int

    @property
    def why(self) -> str:
        return self.limit.late

    def error(self, code: str = "") -> RateLimited:
        rate = self.limit.rate
        return RateLimited(
            f"{self.limit.said}: {rate.limit} at once, and one more "
            f"every {every(rate.period_ms // rate.limit)}.",
            code=code or self.limit.code,
            suggestion=f"Try again in {span(self.wait_ms)}{self.limit.suggestion}. "
            "Nothing was charged.",
            retry_after_s=-(-self.wait_ms // 1000),
        )


NO_LIMITS: Final = Limits()


def limits_of_order(policy: LimitPolicy, order: Order) -> Limits:
    """The limits of a stored order."""
    if not policy.is_on:
        return NO_LIMITS
    return limits_of(policy, order.command, order.account_id or "", order.client)


def limits_of(policy: LimitPolicy, command: Command, account: str, client: str) -> Limits:
    """The limits of an order by ``account`` ('' for a buyer without a key) from ``client``."""
    if not policy.is_on:
        return NO_LIMITS
    texts: tuple[str, ...]
    match command:
        case SendText(to=to, message=text):
            each, texts = _of_text(policy, to), (text,)
        case SendMail(to=to, message=text, subject=subject):
            each, texts = _of_mail(policy, to), (subject, text)
        case CallOrder(to=to):
            each, texts = _of_call(policy, to), heard(command)
        case _:
            return NO_LIMITS
    if SCRIPTED.fullmatch(to):
        return NO_LIMITS
    same = sameness(texts)
    if not same:
        return Limits(each)
    mark = policy.hash_of(f"text {same}")
    # Far from its own limit, even if one person gets the same text several times in a second.
    seen = Rate(f"seen:{mark}:{policy.hash_of(_mailbox(to))}", _AT_ONCE, _AT_ONCE * HOUR_MS)
    return Limits(each, _of_same(policy.abuse, mark, account, client, is_short(same)), seen)


def _mailbox(to: str) -> str:
    return mailbox_of(to) if "@" in to else to


def share_key(kind: str, to_hash: str, period_ms: int) -> str:
    """The name under which a destination's share of a period is counted."""
    return f"{kind}:{to_hash}:{period_ms}"


def _of_text(policy: LimitPolicy, to: str) -> tuple[Limit, ...]:
    abuse, to_hash = policy.abuse, policy.hash_of(to)
    shares = ((abuse.texts_per_number_per_hour, HOUR_MS), (abuse.texts_per_number_per_day, DAY_MS))
    said = "This number had its share of messages from us"
    own = [
        Limit(Rate(share_key(OrderKind.SMS, to_hash, ms), limit, ms), FEW, said, TOO_MANY_TEXTS)
        for limit, ms in shares
    ]
    return (*own, *_of_contact(policy, to, to_hash))


def _of_call(policy: LimitPolicy, to: str) -> tuple[Limit, ...]:
    to_hash = policy.hash_of(to)
    rate = Rate(
        share_key(OrderKind.CALL, to_hash, HOUR_MS),
        policy.calls_per_number_per_hour,
        HOUR_MS,
    )
    own = Limit(rate, FEW, "This number had its share of calls from us", TOO_MANY_CALLS)
    return (own, *_of_contact(policy, to, to_hash))


def _of_contact(policy: LimitPolicy, to: str, to_hash: str) -> tuple[Limit, ...]:
    """Calls and texts together: to the number, and to those next to it."""
    abuse = policy.abuse
    block = policy.hash_of(f"block {to[:-BLOCK_DIGITS]}")
    return (
        Limit(
            Rate(share_key("contact", to_hash, DAY_MS), abuse.contacts_per_number_per_day, DAY_MS),
            FEW,
            "This number had its share of calls and messages from us",
            _TOO_MANY_CONTACTS,
        ),
        Limit(
            Rate(share_key("block", block, HOUR_MS), abuse.contacts_per_block_per_hour, HOUR_MS),
            FEW,
            "Numbers that differ from this one in their last "
            f"{BLOCK_DIGITS} digits only had their share of calls and messages from us",
            _BUSY_BLOCK,
        ),
    )


def _of_mail(policy: LimitPolicy, to: str) -> tuple[Limit, ...]:
    abuse, mailbox = policy.abuse, mailbox_of(to)
    to_hash, domain = (
        policy.hash_of(mailbox),
        policy.hash_of(f"domain {mailbox.rpartition('@')[2]}"),
    )
    own = Rate(share_key(OrderKind.EMAIL, to_hash, DAY_MS), abuse.mails_per_address_per_day, DAY_MS)
    others = Rate(share_key("domain", domain, HOUR_MS), abuse.mails_per_domain_per_hour, HOUR_MS)
    said = "had its share of messages from us"
    return (
        Limit(own, FEW, f"This address {said}", TOO_MANY_TEXTS),
        Limit(others, FEW, f"The domain of this address {said}", _BUSY_DOMAIN),
    )


def _of_same(
    abuse: AbuseSettings, mark: str, account: str, client: str, short: bool
) -> tuple[Limit, ...]:
    who, limit, whose = client, abuse.same_text_per_client_per_hour, "one client address"
    if account:
        who, limit, whose = account, abuse.same_text_per_key_per_hour, "one key"
    own = _same(f"{mark}:{who}", limit, whose, _OWN_WORDS)
    if account or short:
        return (own,)
    together = _same(
        f"{mark}:", abuse.same_text_anonymous_per_hour, "all buyers without a key", _WITH_A_KEY
    )
    return (own, together)


_OWN_WORDS: Final = ", or write each person something of their own (other digits are not enough)"
_WITH_A_KEY: Final = ", or pay from the balance of a key"


def _same(key: str, limit: int, whose: str, suggestion: str) -> Limit:
    return Limit(
        Rate(f"same:{key}", limit, HOUR_MS),
        SAME,
        f"The same text went to as many different people as it may from {whose}",
        _TOO_MANY_ALIKE,
        suggestion,
    )


def look(tx: Tx, limits: Limits) -> Refusal | None:
    """The limit that one more order would exceed, the one with the longest wait; counts nothing."""
    if not limits.each:
        return None
    return _over(limits, rate_limits.look(tx, limits.keys), tx.now_ms)


def count(tx: Tx, limits: Limits) -> Refusal | None:
    """Count an order for every limit; if it would exceed one, count nothing and return that one."""
    if not limits.each:
        return None
    tats = rate_limits.look(tx, limits.keys)
    refusal = _over(limits, tats, tx.now_ms)
    if refusal is not None:
        return refusal
    counting = limits.counting(tats, tx.now_ms)
    rates = [limit.rate for limit in counting]
    if limits.seen is not None and len(counting) > len(limits.each):
        rates.append(limits.seen)
    late = rate_limits.count(tx, rates)
    over = next((limit for limit in counting if limit.rate == late), None)
    return None if over is None else Refusal(over, over.rate.step_ms)


def _over(limits: Limits, tats: dict[str, int], now_ms: int) -> Refusal | None:
    waits = [
        Refusal(limit, limit.rate.wait_ms(tats.get(limit.rate.key, 0), now_ms))
        for limit in limits.counting(tats, now_ms)
    ]
    longest = max(waits, key=lambda refusal: refusal.wait_ms, default=None)
    return longest if longest is not None and longest.wait_ms else None
