"""Turn a written text into words that the engines read rightly. Pure.

``clean`` is the same for every language; ``read`` rewrites numbers with their signs, units and
currencies, dates, times, codes, addresses and keys in one language.
"""

from ringbolt.speech.normalise.clean import clean
from ringbolt.speech.normalise.reading import Reading

__all__ = ["Reading", "clean", "read"]


def read(text: str, language: str, region: str = "") -> Reading:
    """``text`` (cleaned) as it is said in ``language``; ``region`` decides the order of dates and
    the grouping of digits."""
    # the rules and their tables are loaded where texts are spoken, not in the shop's own process
    from ringbolt.speech.normalise.reader import read as read_by_rules  # noqa: PLC0415

    return read_by_rules(text, language, region)
