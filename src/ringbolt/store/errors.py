"""Errors of the database itself."""

from __future__ import annotations

from ringbolt.core.errors import RingboltError, Unavailable


class StoreLocked(RingboltError):
    """Another process writes to this SQLite file; only one may, any number may read."""

    title = "The database is in use"
    default_code = "STORE_LOCKED"


class StoreUnsound(RingboltError):
    """This version cannot work with the database's schema; nothing was changed."""

    title = "The database cannot be used as it is"
    default_code = "STORE_UNSOUND"


class StoreRefused(RingboltError):
    """PostgreSQL refuses the role, its password, the database's name, or a right."""

    title = "The database server refuses"
    default_code = "STORE_REFUSED"


class OutcomeUnknown(Unavailable):
    """The connection broke during COMMIT: the transaction may have been committed or not."""

    title = "The database did not confirm"
    default_code = "STORE_UNAVAILABLE"
