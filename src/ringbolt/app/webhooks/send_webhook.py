"""Send the notices of an order: one job per topic, in order, until each is delivered or given up.

Headers and signature are those of Standard Webhooks, as is the schedule of tries: 75 hours from
the first to the last. Only 2xx is success.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote_plus, urlencode, urlsplit, urlunsplit

import msgspec
import structlog
from standardwebhooks import Webhook as Signer

from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.notify import see_to_sending, topic_of
from ringbolt.clock import Clock
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.keys import Keyring, derive
from ringbolt.core.notices import from_json, is_notice
from ringbolt.store import jobs, keys, webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.webhooks import Outgoing, WebhookState
from ringbolt.upstream.fetch.vetted import RefusedUrlError
from ringbolt.upstream.fetch.webhook_client import Answered, HostBusy, NoAnswer

log = structlog.get_logger("ringbolt.webhooks")

SCHEDULE_S = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long after the try before it each try comes."""
_JITTER = 0.1
_GONE = 410
_MAY_ASK_FOR_TIME = frozenset({429, 502, 503, 504})
_LONGEST_S = 86_400
_MAX_QUERY_CHARS = 6000
"""Most servers read a request line of 8 KiB; the URL itself may have 2 KiB of it."""
_read_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_text = msgspec.json.Decoder(str).decode
_LABEL = "webhook"


FORMER_SECRET_MS = 86_400_000
"""For how long webhooks are signed with a secret that was replaced, too."""


def webhook_secret(keyring: Keyring, owner: str, number: int = 0) -> str:
    """The secret that signs webhooks. ``owner``: the account of a key's orders, else the order;
    ``number``: how often an account replaced its secret before."""
    return _as_text(keyring.derive(_LABEL, *_names(owner, number)))


async def present_webhook_secret(shop: Shop, owner: str) -> str:
    """The same, as it is now."""
    number = await shop.db.read(keys.webhook_secret_of, owner)
    return webhook_secret(shop.keyring, owner, number)


def _names(owner: str, number: int) -> tuple[bytes, ...]:
    return (owner.encode(), str(number).encode()) if number else (owner.encode(),)


def check_webhook_url(shop: Shop, url: str) -> None:
    """Raises ``InvalidInput`` (WEBHOOK_URL_REFUSED) for a URL that nothing can be sent to."""
    try:
        shop.caller.vet(url)
    except RefusedUrlError as error:
        raise InvalidInput.about(
            Role.WEBHOOK,
            f"cannot be used: {error.message}.",
            code="WEBHOOK_URL_REFUSED",
            suggestion="Give an https URL on the public Internet.",
        ) from error


def next_webhook(tx: Tx, order_id: str, name: str) -> Outgoing | None:
    """What the order's job of that name has to send; its ``Look``."""
    return webhooks.next_of(tx, order_id, topic_of(order_id, name))


async def send_webhook(shop: Shop, job: Job) -> None:
    """The job behind an order's notices: send the first that waits. Raises ``LeaseLost``."""
    assert job.order_id is not None
    outgoing = (
        job.seen
        if isinstance(job.seen, Outgoing)
        else await shop.db.read(next_webhook, job.order_id, job.uniq)
    )
    if outgoing is None:
        await shop.db.tx(_go_on, job, job.order_id)
        return
    jobs.sure(job)  # if we were stopped meanwhile, another worker may have sent it
    body = _body(shop, outgoing)
    is_get = outgoing.method == "GET"
    sent = b"" if is_get else body
    answer = await shop.caller.call(
        outgoing.method,
        without_fields(outgoing.url, _read_fields(body)) if is_get else outgoing.url,
        _headers(shop.keyring, outgoing, sent, shop.clock),
        sent,
        shop.settings.webhooks.timeout_s,
        query=as_query(body) if is_get else "",
    )
    if isinstance(answer, HostBusy):
        await shop.db.tx(jobs.retry, job, answer.retry_ms, "the receiver's host is busy")
        return
    verdict = judge(answer, outgoing.tries + 1, random.random())  # noqa: S311 - jitter
    if verdict.state is WebhookState.GIVEN_UP:
        log.warning("webhook given up", webhook=outgoing.id, why=verdict.error)
    await shop.db.tx(_record, job, outgoing, body, answer, verdict)


def _body(shop: Shop, outgoing: Outgoing) -> bytes:
    """What is sent, in the shape of the family that the order came by: the same in every try."""
    renderer = shop.renderers[outgoing.family]
    if is_notice(outgoing.body):
        return renderer.render(from_json(outgoing.body), outgoing.seq)
    return renderer.finish(outgoing.body)


def as_query(body: bytes) -> str:
    """A JSON object as the fields of a query: texts unchanged, other values as JSON, null left out.
    The longest field is left out if the query is too long for most servers."""
    fields = {
        name: _read_text(value) if value[:1] == b'"' else value.decode()
        for name, value in ((name, bytes(raw)) for name, raw in _read_fields(body).items())
        if value != b"null"
    }
    query = urlencode(fields, quote_via=quote, safe="")
    if len(query) <= _MAX_QUERY_CHARS:
        return query
    longest = max(fields, key=lambda name: len(quote(fields[name], safe="")))
    del fields[longest]
    return urlencode(fields, quote_via=quote, safe="")


def fields_of(url: str) -> frozenset[str]:
    """The names in a URL's own query."""
    return frozenset(map(_name, filter(None, urlsplit(url).query.split("&"))))


def without_fields(url: str, names: Container[str]) -> str:
    """The URL without the fields of its query that have one of the ``names``: we add a field under
    that name, and a receiver must find it only once. The rest of the URL stays unchanged."""
    if not any(name in names for name in fields_of(url)):
        return url
    parts = urlsplit(url)
    kept = [field for field in parts.query.split("&") if _name(field) not in names]
    return urlunsplit(parts._replace(query="&".join(kept)))


def _name(field: str) -> str:
    return unquote_plus(field.partition("=")[0])


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a try: the state after it, when the next one is due, and what went wrong."""

    state: WebhookState
    delay_ms: int
    error: str


def judge(answer: Answered | NoAnswer, tries: int, chance: float) -> Verdict:
    """``tries``: how many there were, this one included; ``chance``: from 0 to 1, for jitter."""
    status = answer.status if isinstance(answer, Answered) else None
    if status is not None and 200 <= status < 300:
        return Verdict(WebhookState.DELIVERED, 0, "")
    error = answer.reason if isinstance(answer, NoAnswer) else f"HTTP {status}"
    if status == _GONE or tries >= len(SCHEDULE_S):
        return Verdict(WebhookState.GIVEN_UP, 0, error)
    delay_s: float = SCHEDULE_S[tries]
    if isinstance(answer, Answered) and answer.retry_after_s and status in _MAY_ASK_FOR_TIME:
        delay_s = max(delay_s, min(answer.retry_after_s, _LONGEST_S))
    return Verdict(WebhookState.PENDING, round(delay_s * (1 + _JITTER * chance) * 1000), error)


def _record(
    tx: Tx,
    job: Job,
    sent: Outgoing,
    body: bytes,
    answer: Answered | NoAnswer,
    verdict: Verdict,
) -> None:
    """Store the try, and schedule the next one if needed. Raises ``LeaseLost``."""
    status = answer.status if isinstance(answer, Answered) else None
    webhooks.record_try(tx, sent, body, verdict.state, (status, verdict.error, answer.took_ms))
    if verdict.state is WebhookState.PENDING:
        jobs.retry(tx, job, verdict.delay_ms, verdict.error)
    else:
        _go_on(tx, job, sent.order_id)


def _go_on(tx: Tx, job: Job, order_id: str) -> None:
    """End the job, and begin another if its topic has more notices. Raises ``LeaseLost``.

    In this order: a transaction that adds a notice now either committed before the job ended, and
    we see its notice, or finds no job and adds one.
    """
    jobs.finish(tx, job)
    topic = topic_of(order_id, job.uniq)
    following = webhooks.next_of(tx, order_id, topic)
    if following is not None:
        see_to_sending(tx, order_id, topic, job.lane, seen=following)


def _headers(keyring: Keyring, outgoing: Outgoing, body: bytes, clock: Clock) -> Mapping[str, str]:
    """The headers of a webhook that is sent now, signed as Standard Webhooks."""
    now_s = _machine_time_s(clock)
    at = datetime.fromtimestamp(now_s, UTC)
    signatures = [  # after a change of the master secret, receivers still know the former one
        Signer(derive(secret, _LABEL, *_names(outgoing.owner, number))).sign(
            outgoing.id, at, body.decode()
        )
        for secret in keyring.all()
        for number in _numbers(outgoing, clock.now_ms())
    ]
    headers = {
        "webhook-id": outgoing.id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(signatures),
    }
    if body:
        headers["Content-Type"] = "application/json"
    return headers


def _numbers(outgoing: Outgoing, now_ms: int) -> tuple[int, ...]:
    """The secrets of the account that its receivers may know: the present one first."""
    number, replaced_ms = outgoing.secret, outgoing.secret_ms
    is_fresh = replaced_ms is not None and now_ms < replaced_ms + FORMER_SECRET_MS
    return (number, number - 1) if number and is_fresh else (number,)


def _machine_time_s(clock: Clock) -> int:
    """Receivers compare a webhook's time with their own clock, which no simulation advances."""
    return (clock.now_ms() - clock.offset_ms) // 1000


def _as_text(secret: bytes) -> str:
    return f"whsec_{base64.b64encode(secret).decode()}"
