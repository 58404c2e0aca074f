"""Telephone numbers of the simulated world, by what becomes of a call to them."""

from __future__ import annotations

ANSWERS = "+1234567890"  # hears all, presses 1 #
LISTENS = "+1234567800"
BUSY = "+1234567801"
NEVER_ANSWERS = "+1234567802"
DECLINES = "+1234567803"
REFUSED = "+1234567805"
REFUSED_FOR_NOW = "+1234567806"
ANSWER_LOST = "+1234567807"
REQUEST_LOST = "+1234567808"
BREAKS_OFF = "+1234567817"
PLAIN = "+12025550123"  # rings until somebody does something
