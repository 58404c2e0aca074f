"""The form in which a service always sends its codes, in every language (``service_forms.csv``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ringbolt.core.tables import shipped_rows
from ringbolt.core.texts.candidates import Candidate


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """``is_strict``: nothing in another form is a code of the service."""

    pattern: re.Pattern[str]
    is_strict: bool

    def fits(self, candidate: Candidate, text: str) -> bool:
        """Whether the candidate has the form, with what is written before its digits or without."""
        written = text[candidate.start : candidate.end]
        return self.pattern.fullmatch(written) is not None


def form_of(service_code: str) -> ServiceForm | None:
    """The form of a service's codes; None if it has no form of its own."""
    return _forms().get(service_code)


@cache
def _forms() -> dict[str, ServiceForm]:
    rows = shipped_rows("ringbolt.core.texts", "service_forms.csv")
    return {
        row["service"]: ServiceForm(re.compile(row["form"]), row["strict"] == "yes") for row in rows
    }
