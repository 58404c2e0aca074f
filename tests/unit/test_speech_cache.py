"""Spoken texts on disk: found again, private, bounded in age and size."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from ringbolt.speech.cache import SpeechCache, cache_key

KEYS = [cache_key({"text": str(n)}) for n in range(4)]
DAY = 86_400


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech", max_bytes=2500, ttl_s=DAY)


def age(path: Path, *, born_s: float = 0, used_s: float = 0) -> None:
    now = time.time()
    os.utime(path, (now - used_s, now - used_s))
    os.utime(path.with_suffix(".json"), (now - born_s, now - born_s))


def test_the_order_of_ingredients_does_not_change_the_key() -> None:
    assert cache_key({"a": 1, "b": "é"}) == cache_key({"b": "é", "a": 1})
    assert cache_key({"a": 1}) != cache_key({"a": 2})


def test_a_clip_is_found_again_with_its_facts(cache: SpeechCache) -> None:
    cache.put(KEYS[0], b"\1\2" * 8, {"engine": "x"})

    clip = cache.get(KEYS[0])

    assert clip is not None
    assert clip.path.read_bytes() == b"\1\2" * 8
    assert clip.facts["engine"] == "x"
    assert cache.get(KEYS[1]) is None


def test_clips_are_for_the_owner_only(cache: SpeechCache) -> None:
    clip = cache.put(KEYS[0], b"secret", {})

    assert stat.S_IMODE(clip.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(clip.path.with_suffix(".json").stat().st_mode) == 0o600
    assert stat.S_IMODE(clip.path.parent.stat().st_mode) == 0o700
    assert not list(clip.path.parent.glob("*.tmp"))


def test_an_old_clip_is_not_used_however_often_it_was(cache: SpeechCache) -> None:
    clip = cache.put(KEYS[0], b"x" * 100, {})
    age(clip.path, born_s=DAY + 1, used_s=0)

    assert cache.get(KEYS[0]) is None


def test_a_clip_that_is_not_whole_is_not_used(cache: SpeechCache) -> None:
    clip = cache.put(KEYS[0], b"x" * 100, {})
    clip.path.write_bytes(b"x" * 50)

    assert cache.get(KEYS[0]) is None


def test_purging_removes_what_is_too_old(cache: SpeechCache) -> None:
    old, young = (cache.put(key, b"x" * 100, {}) for key in KEYS[:2])
    age(old.path, born_s=DAY + 1, used_s=7200)
    age(young.path, born_s=7200, used_s=7200)

    assert cache.purge() == 100
    assert not old.path.exists()
    assert not old.path.with_suffix(".json").exists()
    assert young.path.exists()


def test_purging_removes_the_least_recently_used_until_the_rest_fits(cache: SpeechCache) -> None:
    clips = [cache.put(key, b"x" * 1000, {}) for key in KEYS]
    for hours, clip in enumerate(clips):
        age(clip.path, born_s=50_000, used_s=(20 - hours) * 3600)

    cache.purge()

    assert [clip.path.exists() for clip in clips] == [False, False, True, True]


def test_a_clip_in_use_outlives_every_limit(cache: SpeechCache) -> None:
    clip = cache.put(KEYS[0], b"x" * 9000, {})
    age(clip.path, born_s=2 * DAY, used_s=600)

    assert cache.purge() == 0
    assert clip.path.exists()


def test_a_hit_counts_as_use(cache: SpeechCache) -> None:
    clip = cache.put(KEYS[0], b"x" * 9000, {})
    age(clip.path, born_s=7200, used_s=7200)

    cache.get(KEYS[0])

    assert cache.purge() == 0


def test_halves_left_by_a_dead_writer_are_removed(cache: SpeechCache) -> None:
    folder = cache.put(KEYS[0], b"x", {}).path.parent
    leftovers = [folder / "y.json", folder / "z.pcm.1.tmp"]
    for path in leftovers:
        path.write_bytes(b"{}")
        os.utime(path, (1, 1))

    cache.purge()

    assert not any(path.exists() for path in leftovers)
    assert cache.get(KEYS[0]) is not None
