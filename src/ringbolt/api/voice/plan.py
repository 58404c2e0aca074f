"""``POST /voice/v1/calls/plan``: a call by a plan in XML.

The plan is the body and every other field is in the query; or all are in a JSON body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.json_body import BYTE_ORDER_MARK
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.voice import schema
from ringbolt.api.voice.audio_files import AudioFiles
from ringbolt.api.voice.call_request import (
    CallRequest,
    Voiced,
    check_speakable,
    command_of,
    voice_of,
)
from ringbolt.api.voice.calls import place
from ringbolt.api.voice.dialect import is_xml
from ringbolt.app.checkout.check_recordings import check_recordings
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import CallScript, Gather, Play, Record, Say, Step
from ringbolt.core.calls.plan import parse_plan
from ringbolt.core.errors import InvalidInput, Role

NO_RECORD_URL: Final = "record_url_not_used"
"""The note on a plan with a recordURL: recordings are fetched, not sent."""
MAX_FILES: Final = 10
"""Different audio files in one plan: each is examined before the call is placed."""


class Plans:
    """Calls by a plan."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def place(self, request: Request[schema.PlanCall]) -> Response:
        """Place a call by an XML plan: say, play, pause, gather, hangup."""
        shop, fields = self._shop, request.fields
        voiced = voice_of(shop, request.params)
        steps = tuple(_voiced(step, voiced) for step in _parse(_xml_of(request)))
        _check_texts(shop, fields, steps)
        command, notes = command_of(shop, request, steps)
        check_recordings(shop, command)
        files = _files_of(steps)
        if any(isinstance(step, Record) and step.url for step in steps):
            notes = (*notes, NO_RECORD_URL)
        call = CallRequest(command, voiced.shown, (*voiced.notes, *notes), files)
        return await place(shop, request, call)


def _files_of(steps: tuple[Step, ...]) -> AudioFiles:
    """Raises ``InvalidInput``."""
    plays = (each.url for each in _heard(steps) if isinstance(each, Play))
    urls = tuple(dict.fromkeys(plays))
    if len(urls) > MAX_FILES:
        raise InvalidInput(
            f"The plan plays {len(urls)} different files; at most {MAX_FILES} are played.",
            code="PLAN_TOO_LONG",
            role=Role.PLAN,
            suggestion=f"Play at most {MAX_FILES} files, or join some of them.",
        )
    return AudioFiles(urls)


def _xml_of(request: Request[schema.PlanCall]) -> bytes:
    """The plan as it came: an XML body names its own encoding."""
    if is_xml(request.body):
        return request.body.removeprefix(BYTE_ORDER_MARK).strip()
    return request.params.plan.encode()


def _parse(xml: bytes) -> CallScript:
    try:
        return parse_plan(xml)
    except InvalidInput as error:
        error.role = Role.PLAN
        raise


def _voiced(step: Step, voiced: Voiced) -> Step:
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
            return replace(step, fallback=_voiced(fallback, voiced))
        case Gather():
            return replace(step, prompt=tuple(_voiced(each, voiced) for each in step.prompt))
        case _:
            return step


def _heard(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Gather):
            yield from step.prompt
        else:
            yield step


def _check_texts(shop: Shop, fields: Fields, steps: tuple[Step, ...]) -> None:
    """Raises ``InvalidInput`` for texts that are too long, or that no voice can speak."""
    texts = [each.text for each in _heard(steps) if isinstance(each, Say)]
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
