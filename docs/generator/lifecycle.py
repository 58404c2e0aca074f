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

What is bought is the order's kind: `call`, `sms`, `email`, `activation` (a code), `rental` (a
number for hours), `fund` (a balance is topped up), `speech` (a text spoken into a file, by L402
alone). How it is paid decides where its life begins:

- **L402**: born `paid`, when the credential is shown; an unpaid challenge leaves no row at all.
- **A hold invoice**: born `awaiting_payment`; `paid` means that the payment is held.
- **A prepaid balance**: born `paid`, with the price reserved."""

_HOLDS = """\
## Who may hold what, when

A hold invoice is a BOLT 11 invoice whose preimage the node gives out only when we tell it to. What
was paid for it is neither the shop's nor the buyer's to spend:

| the order is | at the node the invoice is | the buyer's wallet shows | whose money |
| --- | --- | --- | --- |
| `awaiting_payment` | OPEN | nothing | the buyer's |
| `paid`, `dispatching`, `in_progress` | ACCEPTED | in flight | locked on the way |
| `fulfilled` | ACCEPTED, for moments | in flight | the shop's, once the node is told |
| `settled` | SETTLED | paid | the shop's |
| `failed` | ACCEPTED, for moments | in flight | the buyer's, once the node is told |
| `returned` | CANCELED | failed | the buyer's |
| `expired` | CANCELED | nothing | the buyer's |

**How long.** The invoice can be paid for `orders.invoice_expiry_s`. A paid one may be held for
`orders.cltv_blocks` blocks (80, some 13 hours; `orders.rental_cltv_blocks` for rentals), but is
held for minutes: an activation for 21 (`orders.code_within_s`), a text or an e-mail for 10
(`orders.receipt_within_s`), a rental for 20 after its number was assigned
(`orders.rental_trial_s`). 30 blocks before the last one an order that is still open is given up,
and the payment returned: a node cancels a held payment by itself 18 blocks before, and anything
delivered after that would be unpaid.

**Which code does it.** `record_hold` records that the node holds a payment. `fulfil` and `fail` in
`decide_outcome` decide in the database, with all consequences, in one transaction. `close_hold`
then settles or cancels at the node, and repeats that until it confirms: settling and cancelling
twice are once. A payment that arrives when its order has expired is cancelled at once.

**From a balance** it is the same without a node: the price is reserved (a pending transfer), then
captured by `fulfilled` or released by `failed`, in the deciding transaction itself."""

_MONEY = """\
`node`, `escrow` and `revenue` are accounts of [the ledger](architecture.md#the-ledger). "Owed to
the buyer" means that the money stays in `escrow` until the credential is used again or the refund
is claimed. The use case in the column "who" is a file of that name in `src/ringbolt/app/`."""


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
        _HOLDS,
    )


def _diagram() -> str:
    born = (OrderState.AWAITING_PAYMENT, OrderState.PAID)
    lines = ["```mermaid", "stateDiagram-v2", *(f"    [*] --> {state}" for state in born)]
    lines += [f"    {t.source} --> {t.target}: {t.who}" for t in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in OrderState if state in FINAL]
    return "\n".join([*lines, "```"])
