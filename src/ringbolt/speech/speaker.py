"""Text to audio on this machine: the ``Speaker`` that the shop uses."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.cache import Clip, SpeechCache, cache_key
from ringbolt.speech.engine import Speech, SpeechRequest
from ringbolt.speech.language import parse_tag, unread_letters
from ringbolt.speech.plan import SpeechJob
from ringbolt.speech.pool import SpeechPool
from ringbolt.speech.understand import Understood, understand
from ringbolt.speech.voices import (
    ENGINE_FALLBACK,
    LANGUAGE_DIFFERS,
    LANGUAGE_IGNORED,
    NEURAL_DOWNGRADED,
    PARTLY_UNSPOKEN,
    VOICE_SUBSTITUTED,
    persona_for,
)

PIPELINE_VERSION = 3
"""Increase this when the same request gives different audio (rules, level, voices)."""

_FIRST_TEXT = "Hello, your appointment is tomorrow at 3 PM."
"""Spoken to load the usual voice; nobody hears it."""

_Turn = tuple[str, bool]
_ENGINES = ("hibari-tts", "espeakng-loader", "text2tashkeel", "py3langid")


class LocalSpeaker:
    """Speaks with the engines that come with the package.

    ``cache_dir`` holds spoken texts, up to ``max_cache_bytes`` and for ``ttl_s`` seconds, and the
    audio of every ``Speech`` handed out (for at least an hour after its last use). ``workers``
    processes speak, 500 characters within ``timeout_s``. ``default_voice`` is a persona's name,
    or '' for the usual one of the text's language. ``warm_up``: whether it may be loaded before the
    first text.
    """

    def __init__(
        self,
        cache_dir: Path,
        max_cache_bytes: int = 500_000_000,
        ttl_s: float = 86_400,
        workers: int = 1,
        default_voice: str = "",
        timeout_s: float = 8.0,
        *,
        warm_up: bool = False,
    ) -> None:
        self._cache = SpeechCache(cache_dir, max_cache_bytes, ttl_s)
        self.pool = SpeechPool(workers, timeout_s)
        self._default_voice = default_voice
        self._may_warm_up = warm_up
        self._versions = {name: version(name) for name in _ENGINES}
        self._under_way: dict[_Turn, asyncio.Task[Clip]] = {}

    async def speak(self, request: SpeechRequest) -> Speech:
        understood = understand(request, self._default_voice)
        key = cache_key(
            {
                "pipeline": PIPELINE_VERSION,
                "engines": self._versions,
                **asdict(understood.job),
            }
        )
        clip = await asyncio.to_thread(self._cache.get, key)
        if clip is not None:
            return _speech(request, understood, clip, cached=True)
        clip = await self._spoken_once(key, understood.job, request.preview)
        return _speech(request, understood, clip, cached=False)

    @property
    def wants_warm_up(self) -> bool:
        return self._may_warm_up and not self.pool.pids

    async def warm_up(self) -> None:
        usual = understand(SpeechRequest(_FIRST_TEXT), self._default_voice)
        await self.pool.run(usual.job, preview=True)

    def memory_bytes(self) -> int:
        return self.pool.memory_bytes()

    async def purge(self) -> int:
        """Remove spoken texts that are too old or too many; returns the bytes freed."""
        return await asyncio.to_thread(self._cache.purge)

    async def close(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pool.close()

    async def _spoken_once(self, key: str, job: SpeechJob, preview: bool) -> Clip:
        """Speak it, or wait for a caller that already does. A cancelled caller stops no other."""
        turn = (key, preview)  # a call does not wait behind a preview
        task = self._under_way.get(turn)
        if task is None:
            task = asyncio.create_task(self._synthesise(key, job, preview))
            self._under_way[turn] = task
            task.add_done_callback(lambda done: self._forget(turn, done))
        return await asyncio.shield(task)

    def _forget(self, turn: _Turn, done: asyncio.Task[Clip]) -> None:
        del self._under_way[turn]
        if not done.cancelled():
            done.exception()  # marks it as retrieved: every caller may be gone

    async def _synthesise(self, key: str, job: SpeechJob, preview: bool) -> Clip:
        answer = await self.pool.run(job, preview=preview)
        facts = {
            "language": answer.language,
            "engine": answer.engine,
            "tier": answer.tier,
            "substitute": answer.substitute,
            "fell_back": answer.fell_back,
            "lacks_words": answer.lacks_words,
        }
        try:
            clip = await asyncio.to_thread(self._cache.put, key, answer.pcm, facts)
        except OSError as error:
            raise SpeechFailed(
                f"The spoken text cannot be stored ({error.strerror}).", code="SPEECH_NOT_STORED"
            ) from error
        if self._cache.purge_is_due:
            await self.purge()
        return clip


def _speech(request: SpeechRequest, understood: Understood, clip: Clip, *, cached: bool) -> Speech:
    language: str = clip.facts["language"]
    persona = understood.persona or persona_for(language)
    return Speech(
        path=clip.path,
        duration_ms=clip.size * 1000 // (2 * request.sample_rate),
        engine=clip.facts["engine"],
        voice=persona.id if persona else language,
        language=language,
        notes=(*understood.notes, *_differences(request, understood, clip)),
        cached=cached,
    )


def _differences(request: SpeechRequest, understood: Understood, clip: Clip) -> list[str]:
    """Notes on what is not as requested."""
    language = clip.facts["language"]
    tag = parse_tag(request.language)
    home = understood.persona.language if request.voice and understood.persona else language
    differences = {
        NEURAL_DOWNGRADED: request.neural and clip.facts["tier"] != "neural",
        VOICE_SUBSTITUTED: clip.facts["substitute"],
        LANGUAGE_DIFFERS: home != language,
        LANGUAGE_IGNORED: bool(request.language) and (tag is None or tag.language != language),
        ENGINE_FALLBACK: clip.facts["fell_back"],
        PARTLY_UNSPOKEN: clip.facts["lacks_words"] or unread_letters(understood.job.text) > 0,
    }
    return [note for note, differs in differences.items() if differs]
