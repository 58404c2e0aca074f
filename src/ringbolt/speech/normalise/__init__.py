"""Turn a written text into words that the engines read rightly. Pure.

``clean`` is the same for every language; ``read`` rewrites numbers with their signs, units and
currencies, dates, times, codes, addresses and keys in one language.
"""

from ringbolt.speech.normalise.clean import clean
from ringbolt.speech.normalise.reader import Reading, read

__all__ = ["Reading", "clean", "read"]
