"""What a stranger sends to an account's pages: an amount, a session; all in little work."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringbolt.api.orders.schema import MAX_SATS
from ringbolt.app.accounts.sessions import holder_of, new_session
from ringbolt.clock import SystemClock
from ringbolt.core.keys import Keyring
from ringbolt.store.engine.db import Tx
from ringbolt.web.account.amount import whole_sats
from ringbolt.web.forms import Form

KEYRING = Keyring([b"a secret of thirty-two bytes, yes"])
UNITS = [
    "0",
    "9",
    " ",
    ",",
    ".",
    "'",
    "\N{NO-BREAK SPACE}",
    "-",
    "e",
    "\u0661",
    "½",
    "0x",
    "a.",
    "\0",
]


@pytest.mark.parametrize("unit", UNITS)
def test_the_worst_amounts_are_refused_or_sats(unit: str) -> None:
    form = Form({"amount": unit * 60_000})
    sats = whole_sats(form, "amount", "50000")
    assert bool(form.errors) or 1 <= sats <= MAX_SATS


@given(st.text(max_size=40))
@example("1,000")
@example(" 1\N{NARROW NO-BREAK SPACE}000 ")
@example("1.5")
def test_any_amount_is_sats_or_refused_beside_its_field(text: str) -> None:
    form = Form({"amount": text})
    sats = whole_sats(form, "amount", "50000")
    assert set(form.errors) <= {"amount"}
    assert bool(form.errors) != (1 <= sats <= MAX_SATS)


@pytest.mark.parametrize("unit", [*UNITS, "ab12.", "a" * 12 + "." + "b" * 64 + "."])
def test_the_worst_sessions_are_nobodys(unit: str) -> None:
    tx = Tx(conn=None, now_ms=0, dialect="sqlite")  # type: ignore[arg-type]
    for length in (256, 100_000):
        assert holder_of(tx, KEYRING, (unit * length)[:length]) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_session_with_another_sign_is_nobodys(place: int, sign: str) -> None:
    now_ms = SystemClock().now_ms()
    session = new_session(KEYRING, "ab" * 6, b"\1" * 32, now_ms)
    at = place % len(session)
    changed = f"{session[:at]}{sign}{session[at + 1 :]}"
    if changed != session:
        tx = Tx(conn=None, now_ms=now_ms, dialect="sqlite")  # type: ignore[arg-type]
        assert holder_of(tx, KEYRING, changed) is None
