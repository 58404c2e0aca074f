"""``POST /voice/v1/calls/plan``: a call by a plan in XML.

The plan is the body and every other field stands in the query; or all stand in a JSON body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from ringbolt.api.voice.audio_files import AudioFiles
from ringbolt.api.voice.call_request import (
    CallRequest,
    Voiced,
    check_speakable,
    common,
    voice_of,
)
from ringbolt.api.voice.calls import place
from ringbolt.api.voice.envelope import Reply
from ringbolt.api.voice.fields import Fields
from ringbolt.api.voice.names import PLAN
from ringbolt.api.voice.request import Asked
from ringbolt.app.checkout.check_recordings import check_recordings
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import CallScript, Gather, Play, Record, Say, Step
from ringbolt.core.calls.plan import parse_plan
from ringbolt.core.errors import InvalidInput, Role

MAX_PLAN_CHARS: Final = 32 * 1024
NO_RECORD_URL: Final = "record_url_not_used"
"""The note on a plan with a recordURL: recordings are fetched, not sent."""
MAX_FILES: Final = 10
"""Different audio files in one plan: each is looked at before the call is placed."""


class Plans:
    """Calls by a plan."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def place(self, asked: Asked) -> Reply:
        """Place a call by an XML plan: say, play, pause, gather, hangup."""
        fields, xml = _read(asked)
        voiced = voice_of(self._shop, fields)
        steps = tuple(_spoken(step, voiced) for step in _parse(xml))
        _check_texts(self._shop, fields, steps)
        command, notes = common(self._shop, fields, steps)
        check_recordings(self._shop, command)
        files = _files_of(steps)
        if any(isinstance(step, Record) and step.url for step in steps):
            notes = (*notes, NO_RECORD_URL)
        request = CallRequest(command, voiced.shown, (*voiced.notes, *notes), fields.ignored, files)
        return await place(self._shop, asked, fields, request)


def _files_of(steps: tuple[Step, ...]) -> AudioFiles:
    """Raises ``InvalidInput``."""
    plays = (each.url for each in _sounds(steps) if isinstance(each, Play))
    urls = tuple(dict.fromkeys(plays))
    if len(urls) > MAX_FILES:
        raise InvalidInput(
            f"The plan plays {len(urls)} different files; at most {MAX_FILES} are played.",
            code="PLAN_TOO_LONG",
            role=Role.PLAN,
            suggestion=f"Play at most {MAX_FILES} files, or join some of them.",
        )
    return AudioFiles(urls)


def _read(asked: Asked) -> tuple[Fields, bytes]:
    """The fields, and the plan itself. Raises ``InvalidInput``."""
    body = asked.body.removeprefix(b"\xef\xbb\xbf").strip()
    if body.startswith(b"<"):
        fields = asked.query(PLAN)
        if fields.get("plan") is not None:
            raise fields.wrong(
                "plan",
                "stands in the query and in the body.",
                "FIELDS_DISAGREE",
                "Send it in the body only.",
            )
        fields.values["plan"] = body.decode("utf-8", "replace")  # part of what is asked
        return fields, body
    fields = asked.json(PLAN)
    plan = fields.text("plan", MAX_PLAN_CHARS).strip()
    if not plan:
        raise fields.missing("plan", "It is XML: send it as the body, or in the field plan.")
    return fields, plan.encode()


def _parse(xml: bytes) -> CallScript:
    try:
        return parse_plan(xml)
    except InvalidInput as error:
        error.role = Role.PLAN
        raise


def _spoken(step: Step, voiced: Voiced) -> Step:
    """The step, in which every text has a voice: its own, or the call's."""
    match step:
        case Say():
            return replace(
                step,
                voice=step.voice or voiced.name,
                language=step.language or voiced.language,
                neural=step.neural or voiced.neural,
            )
        case Play(fallback=Say() as fallback):
            return replace(step, fallback=_spoken(fallback, voiced))
        case Gather():
            return replace(step, prompt=tuple(_spoken(each, voiced) for each in step.prompt))
        case _:
            return step


def _sounds(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Gather):
            yield from step.prompt
        else:
            yield step


def _check_texts(shop: Shop, fields: Fields, steps: tuple[Step, ...]) -> None:
    """Raises ``InvalidInput`` for texts that are too long, or that no voice can speak."""
    texts = [each.text for each in _sounds(steps) if isinstance(each, Say)]
    chars, most = sum(map(len, texts)), shop.settings.voice.max_chars
    if chars > most:
        raise fields.wrong(
            "plan",
            f"has texts of {chars} characters; at most {most} are spoken.",
            "TOO_LONG",
            f"Shorten them to {most} characters in all.",
        )
    for text in texts:
        check_speakable(fields, "plan", text)
