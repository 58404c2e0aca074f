"""``docs/scripted-numbers.md``: the phones, leased numbers, mailboxes and Lightning Addresses with
scripted behaviour, from the tables that script it."""

from __future__ import annotations

from generator.markdown import code, page, table
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.pricing.money import sats_up
from ringbolt.simulator.lightning.addresses import MIN_MSAT, NOBODY, POOR, POOR_MIN_MSAT
from ringbolt.simulator.mail.script import ScriptedDomain
from ringbolt.simulator.numbers.script import CANCEL_AFTER_MS, SCRIPTED_SERVICES
from ringbolt.simulator.numbers.script import PREFIX as SERVICE_PREFIX
from ringbolt.simulator.sms.script import PLAIN as PLAIN_TEXT
from ringbolt.simulator.sms.script import SCRIPTED as SCRIPTED_TEXTS
from ringbolt.simulator.sms.script import Behaviour as TextBehaviour
from ringbolt.simulator.sms.script import CarrierReply, plan
from ringbolt.simulator.voice.script import LISTENER, PLAIN, RING_MS, SCRIPTED, Behaviour

_INTRO = f"""\
While the carrier is simulated, these numbers act by themselves, so that a client can test every
branch of a call. They lie in a range that no numbering plan contains; a shop with a real carrier
refuses them (`TEST_NUMBER`). They ring for {RING_MS / 1000:g} s unless the table says otherwise.
Times are the world's: `simulator.speed` divides them, and `POST /simulator/clock/advance` jumps
over them. A call lasts, and costs, what its phone heard, at any speed.

"Charged" is what happens while `calls.charge_on` is `answered`, as it is by default."""

_OTHERS = """\
Every other number of the range `+12345678xx` behaves like `+1234567800`. Any other number that may
be called is a plain phone: it rings until somebody answers or declines it, or the caller gives up
(`calls.ring_timeout_s`). The world's HTTP face is that somebody:

```sh
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/answer
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/decline
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/keys -d '{"digits":"12#"}'
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/hangup
curl http://127.0.0.1:8402/simulator/phones/+12025550123
```

`GET /simulator/phones` answers with these tables as JSON; `GET /simulator/calls/<id>/audio.wav` is
what a phone heard (16-bit PCM, mono, 8 kHz)."""

_TEXTS = """\
## Texts

While the carrier of texts is simulated, the table says what happens to a text to one of these
numbers. "Receipts" are those of a text of one part, with the seconds after the carrier accepted it;
"arrives" is whether the phone shows the text. Where it makes sense, a number does with texts what
it does with calls."""

_OTHER_TEXTS = """\
Every other number is a phone that gets the text: a receipt that it is sent comes after 0.1 s, and
that it is delivered after 0.4 s. What a phone got stands in `messages` of
`GET /simulator/phones/<number>`, whole, whatever number of parts it came in."""


_SERVICES = f"""\
## Services of leased numbers

A number that was leased for one of these services (`service` of `/createorder`) gets the texts in
the table, at times that count from the request for the number. They exist only while the provider
of numbers is simulated. The simulated provider refuses to cancel within
{CANCEL_AFTER_MS / 1000:g} s, and runs out of numbers for `sim-none` only."""

_OTHER_SERVICES = f"""\
A number of any other service gets no text by itself: send it one. Another code that begins with
`{SERVICE_PREFIX}` gets no number.

```sh
curl -X POST http://127.0.0.1:8402/simulator/sms \\
  -d '{{"to":"+4915123104729","from":"Acme","text":"Your code is 070051"}}'
```"""

_MAIL = """\
## Mailboxes

While the mail server is simulated, every address has a mailbox, which
`GET /simulator/mailbox/<address>` shows. Addresses of some domains behave otherwise:"""

_MAIL_DOMAINS = {
    ScriptedDomain.REFUSES: ("Refused for good: the money goes back at once.", "no"),
    ScriptedDomain.DEFERS: (
        "Refused for now: after six tries in half a minute the money goes back.",
        "no",
    ),
    ScriptedDomain.SILENT: (
        "It arrives, but the server's answer is lost: the shop looks it up.",
        "yes",
    ),
    ScriptedDomain.LOSES: (
        "It is lost on the way, without an answer: the money goes back after 10 minutes.",
        "no",
    ),
}

_ADDRESSES = f"""\
## Lightning Addresses

While the node is simulated, shares of referrals (`ref`) are paid inside the world, whatever host an
address names; nothing is asked of a stranger's server. Every address belongs to the play-money
wallet and takes {sats_up(MIN_MSAT)} sat or more, and `GET /simulator/addresses/<address>/received`
says what was paid to it. Two beginnings of the name behave otherwise:"""

_ADDRESS_NAMES = (
    (f"{NOBODY}...", "There is no such address: the share stays in the books, and is tried again."),
    (
        f"{POOR}...",
        f"Takes {sats_up(POOR_MIN_MSAT):,} sats or more: shares gather until they are enough.",
    ),
)


def render() -> str:
    rows = ((code(number), *_row(behaviour)) for number, behaviour in SCRIPTED.items())
    columns = ("number", "what it does", "call ends as", "keys", "charged")
    texts = ((code(number), *_text_row(text)) for number, text in SCRIPTED_TEXTS.items())
    text_columns = ("number", "what happens to a text", "carrier's answer", "receipts", "arrives")
    return page(
        "Scripted numbers",
        _INTRO,
        table(columns, rows),
        _OTHERS,
        _TEXTS,
        table(text_columns, texts),
        _OTHER_TEXTS,
        _SERVICES,
        table(
            ("service", "what it does"),
            ((code(name), script.description) for name, script in SCRIPTED_SERVICES.items()),
        ),
        _OTHER_SERVICES,
        _MAIL,
        table(
            ("domain", "what happens to an e-mail", "arrives"),
            ((code(f"@{domain}"), *_MAIL_DOMAINS[domain]) for domain in ScriptedDomain),
        ),
        _ADDRESSES,
        table(("name", "what it does"), ((code(name), row) for name, row in _ADDRESS_NAMES)),
    )


def _row(behaviour: Behaviour) -> tuple[str, str, str, str]:
    is_answered = _is_answered(behaviour)
    keys = "".join(act.keys for act in behaviour.acts)
    return (
        behaviour.description,
        code(_end(behaviour)),
        code(keys) if keys else "",
        "yes" if is_answered else "no",
    )


def _is_answered(behaviour: Behaviour) -> bool:
    acts = behaviour.react_ms is not None or behaviour.react_before_timeout_ms is not None
    return behaviour.reply.places and acts and behaviour.reaction.status is CallStatus.IN_PROGRESS


def _end(behaviour: Behaviour) -> CallStatus:
    """How a call ends that nobody touches."""
    if not behaviour.reply.places:
        return CallStatus.FAILED
    if _is_answered(behaviour):
        ends = [act.outcome.status for act in behaviour.acts if act.outcome is not None]
        return ends[0] if ends else CallStatus.COMPLETED
    if behaviour.reaction.status is CallStatus.IN_PROGRESS:
        return CallStatus.NO_ANSWER
    return behaviour.reaction.status


_ANSWERS = {
    CarrierReply.TAKES: "accepted",
    CarrierReply.SENDS_AT_ONCE: "accepted and sent",
    CarrierReply.TAKES_SLOWLY: "accepted, after the receipts",
    CarrierReply.TAKES_WITHOUT_AN_ANSWER: "none",
    CarrierReply.REFUSES: "refused for good",
    CarrierReply.REFUSES_FOR_NOW: "refused twice, then accepted",
    CarrierReply.LOSES_THE_REQUEST: "none",
}


def _text_row(text: TextBehaviour) -> tuple[str, str, str, str]:
    is_taken = text.reply not in {CarrierReply.REFUSES, CarrierReply.LOSES_THE_REQUEST}
    steps = plan(text, 1) if is_taken else ()
    receipts = [
        f"{code(planned.stage.state)} {step.due_ms / 1000:g}"
        for step in steps
        for planned in step.receipts
        if planned.n
    ]
    arrives = any(step.arrives for step in steps)
    answer = _ANSWERS[text.reply]
    return text.description, answer, ", ".join(receipts), "yes" if arrives else "no"


assert SCRIPTED["+1234567800"] is LISTENER, "the text below the table says so"
assert PLAIN.react_ms is None
assert [step.due_ms for step in plan(PLAIN_TEXT, 1)] == [100, 400], "the text below says so"
