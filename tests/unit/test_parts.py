"""Which part is asked for a destination, and which one afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.routing import FAILURES_TO_OPEN, OPEN_MS, next_asked
from ringbolt.registry.settings import RoutedByCountry, RoutedByDomain, RoutedByPrefix


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Port:
    name: str


def part(name: str, *prefixes: str, cost: float = 0, simulated: bool = False) -> Part[Port]:
    routing = RoutedByPrefix(type="x", prefixes=prefixes, cost=cost)
    return Part(name, Port(name), routing, simulated)


def parts(*entries: Part[Port], clock: Clock | None = None) -> Parts[Port]:
    return Parts(entries, (clock or Clock()).now_ms)


def route(of: Parts[Port], destination: str, *, simulated_only: bool = False) -> list[str]:
    return [each.name for each in of.route(destination, simulated_only=simulated_only)]


def test_the_longest_prefix_comes_first_then_the_cheapest_then_the_first_of_the_settings() -> None:
    found = parts(
        part("all", cost=1),
        part("all-cheap"),
        part("britain", "+44", "+49"),
        part("london", "+4420", cost=9),
        part("london-cheap", "+4420", cost=3),
        part("london-as-cheap", "+4420", cost=3),
        part("france", "+33"),
    )

    assert route(found, "+442079460123") == [
        "london-cheap", "london-as-cheap", "london", "britain", "all-cheap", "all",
    ]  # fmt: skip
    assert route(found, "+12025550123") == ["all-cheap", "all"]


def test_nobody_takes_what_no_part_names() -> None:
    found = parts(part("britain", "+44"))

    assert route(found, "+12025550123") == []
    assert (found.reaches("+12025550123"), found.reaches("+4415551234")) == (False, True)
    assert not found.reaches("+4415551234", simulated_only=True)


def test_a_simulated_part_never_stands_in_for_a_real_one() -> None:
    found = parts(
        part("play", simulated=True),
        part("play-london", "+4420", simulated=True),
        part("real", "+44"),
    )

    assert route(found, "+4415551234") == ["real"]
    assert route(found, "+442079460123") == ["play-london", "real"]
    assert route(found, "+12025550123") == ["play"]


def test_nor_does_it_while_the_real_one_fails() -> None:
    found = parts(part("play", simulated=True), part("real", "+44"))
    for _ in range(FAILURES_TO_OPEN):
        found.heard("real", Unknown("no answer"))

    assert route(found, "+4415551234") == ["real"]


def test_what_only_the_simulated_world_knows_goes_to_no_real_part() -> None:
    found = parts(part("real", "+1"), part("play", simulated=True))

    assert route(found, "+1234567890", simulated_only=True) == ["play"]
    assert route(parts(part("real")), "+1234567890", simulated_only=True) == []


def test_a_part_that_fails_is_asked_last_for_a_while() -> None:
    clock = Clock()
    found = parts(part("first"), part("second"), clock=clock)
    for _ in range(FAILURES_TO_OPEN - 1):
        found.heard("first", Unknown("no answer"))
    assert route(found, "+1") == ["first", "second"]

    found.heard("first", Rejected("not now", permanent=False))
    assert route(found, "+1") == ["second", "first"]

    clock.ms += OPEN_MS
    assert route(found, "+1") == ["first", "second"]
    found.heard("first", Unknown("still none"))
    assert route(found, "+1") == ["second", "first"]


@pytest.mark.parametrize("answer", ["accepted", Rejected("never to that number")])
def test_every_definite_answer_ends_the_row_of_failures(answer: object) -> None:
    found = parts(part("first"), part("second"))
    for n in range(2 * FAILURES_TO_OPEN):
        found.heard("first", answer if n == FAILURES_TO_OPEN - 1 else Unknown("none"))
        if n == FAILURES_TO_OPEN:
            assert route(found, "+1") == ["first", "second"]


def test_what_is_reported_of_a_part_that_is_gone_is_nobodys() -> None:
    found = parts(part("first"))
    found.heard("gone", Unknown("none"))
    assert route(found, "+1") == ["first"]


def test_a_part_is_found_by_its_name_and_one_that_is_gone_is_not() -> None:
    found = parts(part("first"), part("play", simulated=True))

    assert found.named("first") == Port("first")
    assert found.named("gone") is None
    assert (found.is_simulated("first"), found.is_simulated("play")) == (False, True)
    assert not found.is_simulated("gone")
    assert found.has_simulated and not parts(part("first")).has_simulated
    assert [each.name for each in found] == list(found.names) == ["first", "play"]


def test_two_parts_have_two_names() -> None:
    with pytest.raises(ValueError, match="same name"):
        parts(part("first"), part("first"))


@pytest.mark.parametrize(
    ("asked", "refused", "expected"),
    [
        ({}, set(), "a"),
        ({"a": 1}, {"a"}, "b"),
        ({"a": 1}, set(), "b"),
        ({"a": 1, "b": 1}, set(), "c"),
        ({"a": 1, "b": 1, "c": 1}, set(), "a"),
        ({"a": 2, "b": 1, "c": 1}, {"b"}, "c"),
        ({"gone": 5}, {"gone"}, "a"),
        ({"a": 1, "b": 1, "c": 1}, {"a", "b", "c"}, None),
    ],
)
def test_who_was_asked_least_is_next_but_nobody_who_refused_for_good(
    asked: dict[str, int], refused: set[str], expected: str | None
) -> None:
    assert next_asked(["a", "b", "c"], asked, refused) == expected


def test_nobody_is_next_of_an_empty_route() -> None:
    assert next_asked([], {}, set()) is None


@pytest.mark.parametrize(
    ("countries", "destination", "expected"),
    [((), "43", 0), (("DE",), "43", 1), (("Germany", "US"), "187", 1), ((43,), "16", None),
     (("DE",), "999", 0)],
)  # fmt: skip
def test_providers_are_routed_by_country(
    countries: tuple[object, ...], destination: str, expected: int | None
) -> None:
    settings = RoutedByCountry.model_validate({"type": "x", "countries": list(countries)})
    assert settings.match(destination) == expected


@pytest.mark.parametrize(
    ("domains", "address", "expected"),
    [((), "a@b.example", 0), (("b.example",), "a@B.EXAMPLE", 9), (("example",), "a@b.example", 7),
     (("b.example",), "a@notb.example", None), (("c.example",), "a@b.example", None)],
)  # fmt: skip
def test_mail_is_routed_by_the_domain_and_those_above_it(
    domains: tuple[str, ...], address: str, expected: int | None
) -> None:
    assert RoutedByDomain(type="x", domains=domains).match(address) == expected
