"""What may be wrong with the database itself."""

from __future__ import annotations

from ringbolt.core.errors import RingboltError, Unavailable


class StoreLocked(RingboltError):
    """Another process writes to this SQLite file (one process may; readers are welcome)."""

    title = "The database is in use"
    default_code = "STORE_LOCKED"


class StoreUnsound(RingboltError):
    """The database's schema is not what this version works with; nothing was changed."""

    title = "The database cannot be used as it stands"
    default_code = "STORE_UNSOUND"


class OutcomeUnknown(Unavailable):
    """The connection broke while COMMIT was on its way: the transaction may be in effect."""

    title = "The database did not confirm"
    default_code = "STORE_UNAVAILABLE"
