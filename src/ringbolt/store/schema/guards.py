"""The ledger's guards: triggers by which the database itself enforces the ledger's rules.

They update the balances of ``stored`` accounts at every transfer (the CHECKs on ``account`` then
enforce the floor). A transfer may only be inserted as ``posted`` or ``pending``, and only change
from ``pending`` to ``captured`` or ``voided``. Every other change and every deletion is refused.

A migration that changes ``account`` or ``transfer`` must call ``install`` at its end: SQLite
silently drops a table's triggers when Alembic's batch mode rebuilds the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_SQLITE = {
    "transfer_born": """
CREATE TRIGGER transfer_born BEFORE INSERT ON transfer
WHEN NEW.state NOT IN ('posted', 'pending') OR NEW.resolved_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'ledger: a transfer starts posted or pending'); END""",
    "transfer_applied": """
CREATE TRIGGER transfer_applied AFTER INSERT ON transfer
BEGIN
  UPDATE account SET posted_msat = posted_msat - NEW.amount_msat
   WHERE NEW.state = 'posted' AND id = NEW.debit AND stored = 1;
  UPDATE account SET posted_msat = posted_msat + NEW.amount_msat
   WHERE NEW.state = 'posted' AND id = NEW.credit AND stored = 1;
  UPDATE account SET pending_out_msat = pending_out_msat + NEW.amount_msat
   WHERE NEW.state = 'pending' AND id = NEW.debit AND stored = 1;
END""",
    "transfer_changed": """
CREATE TRIGGER transfer_changed BEFORE UPDATE ON transfer
WHEN OLD.state <> 'pending' OR NEW.state NOT IN ('captured', 'voided')
  OR NEW.resolved_ms IS NULL
  OR (NEW.id, NEW.idem, NEW.debit, NEW.credit, NEW.amount_msat, NEW.kind, NEW.at_ms)
     IS NOT (OLD.id, OLD.idem, OLD.debit, OLD.credit, OLD.amount_msat, OLD.kind, OLD.at_ms)
  OR NEW.order_id IS NOT OLD.order_id
BEGIN SELECT RAISE(ABORT, 'ledger: only a pending transfer changes, to captured or voided'); END""",
    "transfer_resolved": """
CREATE TRIGGER transfer_resolved AFTER UPDATE ON transfer
BEGIN
  UPDATE account SET pending_out_msat = pending_out_msat - NEW.amount_msat,
                     posted_msat = posted_msat - coalesce(NEW.captured_msat, 0)
   WHERE id = NEW.debit AND stored = 1;
  UPDATE account SET posted_msat = posted_msat + NEW.captured_msat
   WHERE NEW.state = 'captured' AND id = NEW.credit AND stored = 1;
END""",
    "transfer_kept": """
CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'ledger: a transfer is never deleted'); END""",
    "account_born": """
CREATE TRIGGER account_born BEFORE INSERT ON account
WHEN NEW.posted_msat <> 0 OR NEW.pending_out_msat <> 0
BEGIN SELECT RAISE(ABORT, 'ledger: an account starts empty'); END""",
    "account_changed": """
CREATE TRIGGER account_changed BEFORE UPDATE ON account
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.stored <> OLD.stored
BEGIN SELECT RAISE(ABORT, 'ledger: an account keeps its name and kind'); END""",
    "account_kept": """
CREATE TRIGGER account_kept BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'ledger: an account is never deleted'); END""",
}

# name: (table, when, body). The accounts' rows are locked in the order of their ids, so that two
# transfers between the same accounts cannot deadlock. FOR NO KEY UPDATE, because every inserted
# transfer holds a share lock on its accounts' keys (foreign keys) until it commits.
_POSTGRESQL = {
    "transfer_born": (
        "transfer",
        "BEFORE INSERT",
        """IF NEW.state NOT IN ('posted', 'pending') OR NEW.resolved_ms IS NOT NULL THEN
    RAISE EXCEPTION 'ledger: a transfer starts posted or pending'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;""",
    ),
    "transfer_applied": (
        "transfer",
        "AFTER INSERT",
        """PERFORM 1 FROM account WHERE id IN (NEW.debit, NEW.credit) AND stored = 1
    ORDER BY id FOR NO KEY UPDATE;
  IF NEW.state = 'posted' THEN
    UPDATE account SET posted_msat = posted_msat - NEW.amount_msat
     WHERE id = NEW.debit AND stored = 1;
    UPDATE account SET posted_msat = posted_msat + NEW.amount_msat
     WHERE id = NEW.credit AND stored = 1;
  ELSE
    UPDATE account SET pending_out_msat = pending_out_msat + NEW.amount_msat
     WHERE id = NEW.debit AND stored = 1;
  END IF;
  RETURN NULL;""",
    ),
    "transfer_changed": (
        "transfer",
        "BEFORE UPDATE",
        """IF OLD.state <> 'pending' OR NEW.state NOT IN ('captured', 'voided')
    OR NEW.resolved_ms IS NULL
    OR (NEW.id, NEW.idem, NEW.debit, NEW.credit, NEW.amount_msat, NEW.kind, NEW.at_ms,
        NEW.order_id)
       IS DISTINCT FROM (OLD.id, OLD.idem, OLD.debit, OLD.credit, OLD.amount_msat, OLD.kind,
        OLD.at_ms, OLD.order_id) THEN
    RAISE EXCEPTION 'ledger: only a pending transfer changes, to captured or voided'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;""",
    ),
    "transfer_resolved": (
        "transfer",
        "AFTER UPDATE",
        """PERFORM 1 FROM account WHERE id IN (NEW.debit, NEW.credit) AND stored = 1
    ORDER BY id FOR NO KEY UPDATE;
  UPDATE account SET pending_out_msat = pending_out_msat - NEW.amount_msat,
                     posted_msat = posted_msat - coalesce(NEW.captured_msat, 0)
   WHERE id = NEW.debit AND stored = 1;
  IF NEW.state = 'captured' THEN
    UPDATE account SET posted_msat = posted_msat + NEW.captured_msat
     WHERE id = NEW.credit AND stored = 1;
  END IF;
  RETURN NULL;""",
    ),
    "transfer_kept": (
        "transfer",
        "BEFORE DELETE",
        """RAISE EXCEPTION 'ledger: a transfer is never deleted'
    USING ERRCODE = 'integrity_constraint_violation';""",
    ),
    "account_born": (
        "account",
        "BEFORE INSERT",
        """IF NEW.posted_msat <> 0 OR NEW.pending_out_msat <> 0 THEN
    RAISE EXCEPTION 'ledger: an account starts empty'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;""",
    ),
    "account_changed": (
        "account",
        "BEFORE UPDATE",
        """IF NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.stored <> OLD.stored THEN
    RAISE EXCEPTION 'ledger: an account keeps its name and kind'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;""",
    ),
    "account_kept": (
        "account",
        "BEFORE DELETE",
        """RAISE EXCEPTION 'ledger: an account is never deleted'
    USING ERRCODE = 'integrity_constraint_violation';""",
    ),
}


@dataclass(frozen=True, slots=True)
class _Guard:
    """One trigger: the statements that create it, and its text in the database's catalogue."""

    create: tuple[str, ...]
    shown: str


def _guards(dialect: str) -> dict[str, _Guard]:
    if dialect == "sqlite":
        return {name: _Guard((sql.strip(),), sql.strip()) for name, sql in _SQLITE.items()}
    made = {}
    for name, (table, when, statements) in _POSTGRESQL.items():
        body = f"\nBEGIN\n  {statements}\nEND\n"
        function = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
        trigger = f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        made[name] = _Guard((function, trigger), body)
    return made


def install(connection: Connection) -> None:
    """Create every trigger, replacing those that exist."""
    sqlite = connection.dialect.name == "sqlite"
    for name, guard in _guards(connection.dialect.name).items():
        drop = f"TRIGGER IF EXISTS {name}" if sqlite else f"FUNCTION IF EXISTS {name}() CASCADE"
        connection.exec_driver_sql(f"DROP {drop}")
        for statement in guard.create:
            connection.exec_driver_sql(statement)


_SHOWN_SQLITE = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
_SHOWN_POSTGRESQL = text(
    "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
    " JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
    " AND pg_table_is_visible(c.oid) AND c.relname IN ('transfer', 'account')"
)


def missing(connection: Connection) -> list[str]:
    """Names of triggers that are missing, changed or disabled; empty in a sound database."""
    dialect = connection.dialect.name
    query = _SHOWN_SQLITE if dialect == "sqlite" else _SHOWN_POSTGRESQL
    shown = {str(name): str(sql) for name, sql in connection.execute(query)}
    return sorted(
        name for name, guard in _guards(dialect).items() if shown.get(name) != guard.shown
    )
