"""What comes from outside can be stored by every database."""

from __future__ import annotations

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.sanitise import LATEST_MS, MOST_OF_NAME, storable_name
from ringbolt.numbers.provider import Acquired


def test_a_usual_name_stays_as_it_is() -> None:
    assert storable_name("SM0123-ä/日本") == "SM0123-ä/日本"


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = storable_name("n" * 5000 + "1"), storable_name("n" * 5000 + "2")
    assert one != other
    assert len(one) == len(other) == MOST_OF_NAME
    assert storable_name(one) == one


def test_an_answer_can_be_stored_whatever_it_says() -> None:
    for answer in (Rejected("a\0b\ud800" + "!" * 9999), Unknown("a\0b\ud800" + "!" * 9999)):
        assert answer.reason.startswith("a\ufffdb\ufffd!")
        assert len(answer.reason) == 500
    leased = Acquired("1\0", "+1\0", 10**18, -1, 43)
    assert (leased.lease_id, leased.number) == ("1\ufffd", "+1\ufffd")
    assert (leased.until_ms, leased.cancel_after_ms) == (LATEST_MS, 0)
