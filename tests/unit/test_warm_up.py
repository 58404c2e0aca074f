"""Loading the usual voice and the pages in the background: when the machine is idle, once, and
never at the cost of a text that is to be spoken."""

from __future__ import annotations

from pathlib import Path

from ringbolt.bootstrap.warm_up import load_per_core, warm_pages_when_idle, warm_up_when_idle
from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.memory.speaker import SilentSpeaker
from ringbolt.speech.speaker import LocalSpeaker
from ringbolt.web.i18n import catalogue
from ringbolt.web.languages import LANGUAGES, language
from ringbolt.web.rendering import Renderer


class ColdSpeaker(SilentSpeaker):
    """Counts how often it was asked to load its voice."""

    def __init__(self, path: Path, *, fails: bool = False) -> None:
        super().__init__(path)
        self.loads = 0
        self.wants_warm_up = True
        self._fails = fails

    async def warm_up(self) -> None:
        self.loads += 1
        if self._fails:
            raise SpeechFailed("No voice.")
        self.wants_warm_up = False

    def memory_bytes(self) -> int:
        return 0


class Waits:
    """Counts the waits; ``then`` happens in each."""

    def __init__(self, speaker: ColdSpeaker | None = None) -> None:
        self.number = 0
        self._speaker = speaker

    async def __call__(self, _: float) -> None:
        self.number += 1
        if self._speaker is not None:
            self._speaker.wants_warm_up = False  # a first text has loaded it


async def test_a_busy_machine_is_left_alone_until_it_is_idle(tmp_path: Path) -> None:
    speaker, waits, loads = ColdSpeaker(tmp_path / "silence"), Waits(), iter([3.0, 0.9, 0.1])
    await warm_up_when_idle(speaker, lambda: next(loads), waits)

    assert (waits.number, speaker.loads) == (2, 1)


async def test_a_voice_that_a_first_text_has_loaded_is_not_loaded_again(tmp_path: Path) -> None:
    speaker = ColdSpeaker(tmp_path / "silence")
    await warm_up_when_idle(speaker, lambda: 3.0, Waits(speaker))

    assert speaker.loads == 0


async def test_a_shop_without_a_voice_goes_on(tmp_path: Path) -> None:
    speaker, waits = ColdSpeaker(tmp_path / "silence", fails=True), Waits()
    await warm_up_when_idle(speaker, lambda: 0.0, waits)
    await warm_up_when_idle(SilentSpeaker(tmp_path / "silence"), lambda: 0.0, waits)

    assert (speaker.loads, waits.number) == (1, 0)


async def test_it_is_loaded_only_where_the_operator_wants_it(tmp_path: Path) -> None:
    for wanted in (True, False):
        speaker = LocalSpeaker(tmp_path, warm_up=wanted)
        assert speaker.wants_warm_up is wanted
        assert speaker.memory_bytes() == 0
        await speaker.close()


async def test_the_pages_are_loaded_once_the_machine_is_idle() -> None:
    waits, loads, said = Waits(), iter([3.0, 0.1]), language()
    renderer = Renderer({})
    await warm_pages_when_idle(renderer.warm_up, lambda: next(loads), waits)

    assert waits.number == 1
    assert language() is said
    before = catalogue.cache_info().misses
    for each in LANGUAGES:
        catalogue(each.code)
    assert catalogue.cache_info().misses == before


def test_the_load_of_this_machine_can_be_read() -> None:
    assert load_per_core() >= 0
