"""Requests for a number, and what the answers say: a number, a definite no, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.numbers.handler_api.client import retry_after_s
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.fields import is_of, lasts_ms, lease_id_of, number_of, text_of
from ringbolt.numbers.handler_api.reply import Document, Meaning, Nonsense, Word, read
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import Acquired, AcquireNumber, AcquireResult
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent

HOUR_MS: Final = 3_600_000
_CURRENCIES: Final = {"643": "RUB", "840": "USD", "978": "EUR", "156": "CNY"}
"""By their numbers in ISO 4217, which the protocol uses."""
OLD_CODE: Final = "it came with the code of an earlier buyer"
_OPEN_STATUSES: Final = frozenset({408, 425})
"""These 4xx do not say whether the request was carried out."""
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Terms:
    """How an answer is read. ``country``: the one that was asked for; ``country_of``: of a
    provider's own id."""

    dialect: Dialect
    wanted: AcquireNumber
    country: int
    now_ms: int
    country_of: Callable[[object], int | None]


def result_of(exchange: Exchange, terms: Terms) -> AcquireResult:
    """Never raises: what cannot be understood may have leased a number."""
    match exchange:
        case NeverSent(why):
            return Rejected(f"the provider cannot be reached: {why}", permanent=False)
        case Lost(why):
            return Unknown(f"the provider's answer was lost: {why}")
        case Answer():
            return _answered(exchange, terms)


def _answered(answer: Answer, terms: Terms) -> AcquireResult:
    reply = read(answer.body)
    if isinstance(reply, Word):
        if reply.word.startswith("ACCESS_") and ":" in reply.rest:
            lease_id, _, number = reply.rest.partition(":")
            return _leased(terms, lease_id, number.partition(":")[0], {})
        return _refused(answer, reply)
    if isinstance(reply, Nonsense):
        return _not_understood(answer, f"{reply.shown!r}")
    return _of_document(reply, terms) or _not_understood(answer, "a document without a number")


def _of_document(document: Document, terms: Terms) -> AcquireResult | None:
    if not isinstance(document, Mapping):
        return None
    phone = document.get("phone")
    if isinstance(phone, Mapping):  # getRentNumber
        return _leased(terms, phone.get("id"), phone.get("number"), {})
    if "activationId" in document:
        return _leased(terms, document["activationId"], document.get("phoneNumber"), document)
    return None


def _leased(
    terms: Terms, raw_id: object, raw_number: object, more: Mapping[str, Any]
) -> AcquireResult:
    lease_id = lease_id_of(raw_id)
    if not lease_id:
        return Unknown("the provider leased a number and gave no usable id of it")
    country = terms.country_of(more.get("countryCode"))
    country = terms.country if country is None else country
    number = number_of(raw_number, country)
    hours = terms.wanted.hours
    lasts = lasts_ms(more.get("activationTime"), more.get("activationEndTime"))
    lasts = hours * HOUR_MS if hours else lasts or terms.dialect.lasts_s * 1000
    return Acquired(
        lease_id=f"{RENTAL}{lease_id}" if hours else lease_id,
        number=number,
        until_ms=terms.now_ms + lasts,
        cancel_after_ms=0 if hours else terms.now_ms + terms.dialect.cancel_s * 1000,
        country=country,
        cost=cost_of(more, terms.dialect),
        unfit=why_unfit(number, country, terms.country),
    )


def cost_of(more: Mapping[str, Any], dialect: Dialect) -> Amount | None:
    """What an answer says that the number costs; None in a currency that is not known here."""
    told = text_of(more.get("currency"))
    return Amount.read(more.get("activationCost"), _CURRENCIES.get(told, told or dialect.currency))


def why_unfit(number: str, country: int, wanted: int | None) -> str:
    """Why a number is not what was asked for; '' if it is. ``wanted`` None: any country."""
    if not number:
        return "the provider gave no telephone number"
    if wanted is not None and country != wanted:
        return "it is a number of another country"
    region = COUNTRIES[country].region if country in COUNTRIES else ""
    return "" if not region or is_of(number, region) else "it is a number of another country"


def _refused(answer: Answer, word: Word) -> AcquireResult:
    if word.meaning is Meaning.LATER or answer.status == _TOO_MANY:
        return _later(answer, word.says)
    if word.meaning in (Meaning.OPEN, Meaning.STRANGE) and not _is_definite(answer):
        return Unknown(f"the provider answered {word.says}")
    if word.meaning in (Meaning.FUNDS, Meaning.ACCOUNT):  # of us, not of what was asked
        return Rejected(word.says, permanent=False)
    rest = f" ({word.rest})" if word.word == "WRONG_MAX_PRICE" and word.rest else ""
    return Rejected(f"{word.says}{rest}")


def _not_understood(answer: Answer, shown: str) -> AcquireResult:
    if answer.status == _TOO_MANY:
        return _later(answer, f"HTTP {answer.status}")
    said = f"the provider answered HTTP {answer.status}, {shown}"
    return Rejected(said) if _is_definite(answer) else Unknown(said)


def _later(answer: Answer, says: str) -> Rejected:
    return Rejected(says, permanent=False, retry_after_ms=round(retry_after_s(answer) * 1000))


def _is_definite(answer: Answer) -> bool:
    """Whether the status alone says that nothing was done."""
    return answer.is_refusal and answer.status not in _OPEN_STATUSES
