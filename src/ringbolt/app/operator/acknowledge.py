"""The operator explains a difference of the audit: it no longer counts, unless it changes."""

from __future__ import annotations

from ringbolt.app.operator.audit_report import Difference
from ringbolt.core.errors import Conflict, InvalidInput, NotFound
from ringbolt.store import acknowledgements
from ringbolt.store.acknowledgements import Acknowledgement
from ringbolt.store.engine.db import Tx


def find_difference(found: list[Difference], id: str) -> Difference:
    """The difference whose id begins with ``id``. Raises ``NotFound``, ``InvalidInput``."""
    matching = [each for each in found if id and each.id.startswith(id)]
    if not matching:
        raise NotFound(
            f"The audit found no difference {id!r}.",
            suggestion="ringbolt audit lists each difference with its id.",
        )
    if len(matching) > 1:
        raise InvalidInput(f"{len(matching)} differences begin with {id!r}.",
                           suggestion="Write more of its id.")  # fmt: skip
    return matching[0]


def acknowledge(tx: Tx, difference: Difference, reason: str, by: str) -> None:
    """Record who explains the difference, and how. Raises ``InvalidInput`` without a reason, and
    ``Conflict`` if it is acknowledged already."""
    if not reason.strip():
        raise InvalidInput("An acknowledgement needs a reason.")
    known = Acknowledgement(
        id=difference.id,
        sentence=difference.sentence,
        amount_msat=difference.amount_msat,
        reason=reason.strip(),
        by=by,
        at_ms=tx.now_ms,
    )
    if not acknowledgements.add(tx, known):
        raise Conflict(f"The difference {difference.id} is acknowledged already.")
