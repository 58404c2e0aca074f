"""``docs/lifecycle.md``: an order's states and moves, from ``core/order.py``."""

from __future__ import annotations

from generator.markdown import code, page, table
from ringbolt.core.order import FINAL, MEANING, TRANSITIONS, OrderState

_INTRO = """\
Every order goes through these states, whatever it buys and however it is paid for. A change is one
compare-and-swap in the shop's database (`UPDATE ... WHERE id = ... AND state IN (...)`): of two who
want to move an order, exactly one does. A move that is not in the table below does not happen.

**Fulfilled or failed is decided once, here, before the node is told.** Only `fulfilled` leads to
taking the money, only `failed` to giving it back.

Orders paid with L402 are born `paid`, when their credential is shown; an unpaid challenge leaves no
row at all. `awaiting_payment` and `expired` are for hold invoices and prepaid accounts, whose APIs
do not exist yet."""

_MONEY = """\
`node`, `escrow` and `revenue` are accounts of [the ledger](architecture.md#the-ledger). "Owed to
the buyer" means that the money stays in `escrow` until the credential is used again or the refund
is claimed. Who moves an order is a use case, a file of that name in `src/ringbolt/app/`."""


def render() -> str:
    return page(
        "An order's life",
        _INTRO,
        _diagram(),
        "## States",
        table(
            ("state", "meaning"),
            ((code(state), MEANING[state]) for state in OrderState),
        ),
        "## Moves",
        table(
            ("from", "to", "who", "when", "money"),
            ((code(t.source), code(t.target), code(t.who), t.when, t.money) for t in TRANSITIONS),
        ),
        _MONEY,
    )


def _diagram() -> str:
    born = (OrderState.AWAITING_PAYMENT, OrderState.PAID)
    lines = ["```mermaid", "stateDiagram-v2", *(f"    [*] --> {state}" for state in born)]
    lines += [f"    {t.source} --> {t.target}: {t.who}" for t in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in OrderState if state in FINAL]
    return "\n".join([*lines, "```"])
