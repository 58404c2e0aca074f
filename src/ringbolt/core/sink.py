"""How a part hands over what happened outside: to a sink that commits it.

A part that reports events has ``follow(cursor, sink)``, which runs until it is cancelled or the far
end is lost (``Unavailable``). It awaits ``sink(batch)`` for everything that happens:

- The sink returns when everything in the batch is committed. Only then may the far end get its
  acknowledgement: SMPP's ``deliver_sm_resp``, the 2xx of an HTTP callback, the 200 to a SIP BYE.
- If the sink raises, the batch is not committed. It must not be acknowledged, and must come again:
  the far end repeats it (the callback is answered 503, the ``deliver_sm`` with ESME_RX_T_APPN), or
  ``follow`` ends with the sink's exception and is called again with the last committed cursor.
- Everything is delivered at least once. The sink recognises repeats; an adapter need not.
- The first batch is handed over as soon as the far end is reached, empty if nothing is new: that
  is how the part is known to be connected.
- A part whose far end can repeat its events from a position in their sequence (replay) gives each
  batch a ``cursor``: where to follow on from once the batch is committed. It hands such batches
  over one at a time and in order, since a later cursor confirms what came before. It may gather
  what arrives while the sink is at work into one batch.
- A part that cannot replay leaves ``cursor`` empty. It may hand over several batches at a time, but
  events of the same call or message one after the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

Batch = TypeVar("Batch")

Sink = Callable[[Batch], Awaitable[None]]
"""Commits a batch; see above."""
