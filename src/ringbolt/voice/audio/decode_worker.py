"""The process in which an untrusted audio file is opened.

Demuxers and decoders are C code with input from an attacker, so they run here, alone, with hard
limits and without secrets. Reads the file on standard input (a regular file, never a name or URL),
writes s16le mono 8 kHz to standard output and one line of JSON to standard error: ``{"codec",
"duration_ms", "sample_rate", "channels"}`` or ``{"code", "message"}``.

    decode_worker probe CPU_S             look at a whole file: count it, listen to its beginning
    decode_worker probe_cut CPU_S         look at the beginning of a file
    decode_worker decode CPU_S MAX_MS     decode, never further than MAX_MS
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from ringbolt.voice.audio.file_kind import playable_start
from ringbolt.voice.audio.riff import Samples, Wav, read_wav_layout
from ringbolt.voice.audio.unplayable import Unplayable

MEMORY_LIMIT = 512 * 1024 * 1024
"""Bytes of address space; Python, PyAV and a decoder use about 130 MB of it."""

OPEN_FILES = 16
DELAY_MS = 150
"""What an encoder puts before the sound, and after it, at most."""

BYTES_PER_MS = 16
"""Of s16 at 8 kHz."""

MAX_BAD_PACKETS = 50
PROBE_MS = 20_000
"""How much of a file is listened to before it is paid for."""

FORMATS = "mp3,wav,ogg,flac,mov,aac"
DECODERS = (
    "mp3float,mp3,mp2float,mp2,flac,opus,libopus,vorbis,libvorbis,aac,aac_fixed,alac,"
    "pcm_s16le,pcm_s16be,pcm_u8,pcm_s8,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,"
    "pcm_f32be,pcm_f64le,pcm_f64be,pcm_s64le,pcm_mulaw,pcm_alaw,adpcm_ms,adpcm_ima_wav,adpcm_yamaha,adpcm_g726,"
    "adpcm_ima_qt,gsm_ms"
)
"""FFmpeg's names. Codecs of cover pictures and video are not among them, so they never run."""


def limit_resources(cpu_s: int, output_bytes: int) -> None:
    """Drop what a decoder does not need. On platforms without such limits only time bounds it."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - does not exist on Windows

    for which, limit in (
        (resource.RLIMIT_AS, MEMORY_LIMIT),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (limit, limit))
    os.nice(5)  # answered calls have priority


def limit_open_files() -> None:
    """Called after the imports, which open a few files."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def open_container(av: Any, source: BinaryIO, wav: Wav | None) -> Any:
    """Open the file. PyAV types are ``Any`` here: only the child loads the library."""
    options = {
        "probesize": "1000000",
        "analyzeduration": "2000000",
        "protocol_whitelist": "",  # nothing that the file names is ever opened
        "format_whitelist": FORMATS,
        "codec_whitelist": DECODERS,
    }
    file: Any = source
    name = None
    source.seek(0)
    if wav is not None:
        check_shape(wav.sample_rate, wav.channels)
        file, name = Samples(source, wav), wav.raw or "wav"
    if wav is not None and wav.raw:
        options["format_whitelist"] = wav.raw
        options |= {"sample_rate": str(wav.sample_rate), "ch_layout": f"{wav.channels}C"}
    try:
        return av.open(file, mode="r", format=name, metadata_errors="ignore", options=options)
    except MemoryError as error:
        raise Unplayable("AUDIO_DAMAGED", "it asks for more memory than audio needs") from error
    except (av.FFmpegError, ValueError) as error:
        raise _unopened(source) from error


class Unreadable(Unplayable):
    """What makes it readable may be further on."""


def _unopened(source: BinaryIO) -> Unplayable:
    """Why a file cannot be opened, by its first bytes."""
    source.seek(0)
    kind = playable_start(source.read(16))
    if kind is None:
        return Unplayable("AUDIO_NOT_AUDIO", "it is not in an audio format that is known")
    return Unreadable(
        "AUDIO_DAMAGED", f"it begins as {kind.upper()} does, and is cut off or damaged"
    )


def audio_stream(container: Any) -> Any:
    """The first audio stream that can be decoded, if a telephone call can be made of it."""
    if not container.streams.audio:
        raise Unplayable("AUDIO_NOT_AUDIO", "it contains no sound")
    known = DECODERS.split(",")
    stream = next((each for each in container.streams.audio if codec_name(each) in known), None)
    if stream is None:
        name = codec_name(container.streams.audio[0])
        raise Unplayable("AUDIO_UNSUPPORTED", f"its coding ({name}) is not supported")
    context = stream.codec_context
    check_shape(context.sample_rate, context.channels)
    context.thread_count = 1
    return stream


def codec_name(stream: Any) -> str:
    """FFmpeg's name of the decoder; there is none for what FFmpeg does not know either."""
    context = stream.codec_context
    return "unknown" if context is None else str(context.name)


def check_shape(sample_rate: int, channels: int) -> None:
    """Raises ``Unplayable`` for a rate (Hz) or number of channels that no recording has."""
    if not 4000 <= sample_rate <= 192_000:
        raise Unplayable(
            "AUDIO_UNSUPPORTED",
            f"its sample rate is {sample_rate} Hz; 4000 to 192000 Hz can be played",
        )
    if not 1 <= channels <= 8:
        raise Unplayable("AUDIO_UNSUPPORTED", f"it has {channels} channels; 1 to 8 can be played")


def describe(av: Any, container: Any, stream: Any) -> dict[str, Any]:
    """What the headers say; ``duration_ms`` is None if they do not."""
    duration_ms = None
    if stream.duration is not None and stream.time_base is not None:
        duration_ms = int(stream.duration * stream.time_base * 1000)
    elif container.duration is not None:
        duration_ms = container.duration * 1000 // int(av.time_base)
    context = stream.codec_context
    return {
        "format": container.format.name,
        "codec": context.codec.canonical_name,
        "duration_ms": duration_ms if duration_ms is None or duration_ms > 0 else None,
        "sample_rate": context.sample_rate,
        "channels": context.channels,
    }


class Tally:
    """What is known of the packets that were read."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.is_timed = True
        self.good = self.bad = 0
        self._covered = 0
        self._first: int | None = None
        self._last = 0

    def count(self, packet: Any) -> None:
        if not packet.size:
            return  # the end
        if packet.duration and packet.time_base:
            self.seconds += float(packet.duration * packet.time_base)
        else:
            self.is_timed = False
        if packet.pos is not None and packet.pos >= 0:
            self._first = packet.pos if self._first is None else self._first
            self._last = packet.pos + packet.size
            self._covered += packet.size

    def count_bad(self, error: Exception) -> None:
        self.bad += 1
        if self.bad > MAX_BAD_PACKETS:
            raise Unplayable("AUDIO_DAMAGED", "too much of it is damaged") from error

    def check(self, format_name: str) -> None:
        """Raises ``Unplayable`` if what was found are accidents in something else: an MPEG frame
        is recognised by 11 bits."""
        span = self._last - (self._first or 0)
        is_scattered = format_name in ("mp3", "aac") and self._covered < span / 4
        if is_scattered or self.bad > self.good:
            raise Unplayable("AUDIO_DAMAGED", "most of it is damaged, or not sound at all")


def packets_of(av: Any, container: Any, stream: Any, tally: Tally) -> Iterator[Any]:
    """The packets until the end, or until the file is cut off: what is there is played."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except av.PatchWelcomeError as error:  # what follows would be lost
            raise Unplayable(
                "AUDIO_UNSUPPORTED", "it changes its coding or its channels in the middle"
            ) from error
        except (StopIteration, av.FFmpegError):
            return
        tally.count(packet)
        yield packet


def decode(av: Any, container: Any, stream: Any, pcm: Any, *, to_end: bool) -> Tally:
    """Decode until ``pcm`` is full; damaged packets are skipped. ``to_end``: count the rest."""
    tally = Tally()
    for packet in packets_of(av, container, stream, tally):
        if pcm.is_full:
            if not to_end:
                break
            continue
        try:
            for frame in packet.decode():
                tally.good += 1
                pcm.write(frame)
        except av.FFmpegError as error:
            tally.count_bad(error)
    pcm.finish()
    if not pcm.written:
        raise Unplayable("AUDIO_DAMAGED", "no sound can be decoded from it")
    tally.check(container.format.name)
    return tally


def counted_ms(answer: dict[str, Any], tally: Tally, wav: Wav | None, pcm: Any) -> int | None:
    """The length of a whole file, counted; None if it cannot be, as no guess is made from the size:
    the first frame of an MP3 says nothing of the others, and a header may count a part only."""
    if wav is not None and wav.duration_ms is not None:
        return wav.duration_ms
    if not pcm.is_full:
        return int(pcm.written_ms)
    stated: int | None = answer["duration_ms"]
    counted = int(tally.seconds * 1000)
    if stated is None or not tally.is_timed:
        return counted if tally.is_timed else None
    # An encoder's delay is counted with the packets, and is not heard.
    return stated if 0 <= counted - stated <= DELAY_MS else counted


def judge(
    pcm: Any, source: BinaryIO, wav: Wav | None, answer: dict[str, Any], *, is_all: bool
) -> None:
    """Raises ``Unplayable`` for what would be heard as noise, or, if that was all, not at all."""
    is_plain = answer["codec"].startswith(("pcm_", "adpcm_"))
    pcm.level.check(is_plain=is_plain, is_all=is_all, smoother=lambda: smoother_wav(source, wav))


def smoother_wav(source: BinaryIO, wav: Wav | None) -> float:
    """How many times smoother the samples of ``wav`` would be if they were read otherwise; 0 if
    that is not known."""
    from ringbolt.voice.audio.readings import LOOKED_AT, smoother_otherwise  # noqa: PLC0415

    if wav is None or not wav.sample_bytes:
        return 0.0
    offset, size = wav.extents[0]
    frame = wav.sample_bytes * wav.channels
    source.seek(offset + max(0, size - LOOKED_AT) // 2 // frame * frame)
    data = source.read(min(size, LOOKED_AT))
    return smoother_otherwise(data, wav.kind, ">" if wav.raw else "<", wav.channels)


def probe(av: Any, source: BinaryIO, wav: Wav | None, *, is_whole: bool) -> dict[str, Any]:
    """What is in ``source``; of a whole file the length is counted. Raises ``Unplayable``."""
    from ringbolt.voice.audio.telephone_pcm import PcmWriter  # noqa: PLC0415

    with open_container(av, source, wav) as container:
        stream = audio_stream(container)
        answer = describe(av, container, stream)
        pcm = PcmWriter(av, None, PROBE_MS * BYTES_PER_MS)
        try:
            tally = decode(av, container, stream, pcm, to_end=is_whole)
        except Unplayable:
            if is_whole or pcm.written:
                raise
            return answer  # its sound is further on
        if is_whole:
            answer["duration_ms"] = counted_ms(answer, tally, wav, pcm)
    weights = pcm.better_weights()
    if weights:
        pcm = remix(av, source, wav, None, PROBE_MS, weights)
    is_all = is_whole and not pcm.is_full
    judge(pcm, source, wav, answer, is_all=is_all)
    return answer


def play(av: Any, source: BinaryIO, wav: Wav | None, out: BinaryIO, max_ms: int) -> dict[str, Any]:
    """Write what can be decoded, and describe it. Raises ``Unplayable``."""
    from ringbolt.voice.audio.telephone_pcm import PcmWriter  # noqa: PLC0415

    with open_container(av, source, wav) as container:
        stream = audio_stream(container)
        answer = describe(av, container, stream)
        pcm = PcmWriter(av, out, max_ms * BYTES_PER_MS)
        decode(av, container, stream, pcm, to_end=False)
    weights = pcm.better_weights()
    if weights:
        out.seek(0)
        out.truncate()
        pcm = remix(av, source, wav, out, max_ms, weights)
    out.flush()
    judge(pcm, source, wav, answer, is_all=True)
    answer["duration_ms"] = pcm.written_ms
    return answer


def remix(
    av: Any, source: BinaryIO, wav: Wav | None, out: BinaryIO | None, max_ms: int, weights: Any
) -> Any:
    """Decode once more, with a mix that does not cancel itself."""
    from ringbolt.voice.audio.telephone_pcm import PcmWriter  # noqa: PLC0415

    with open_container(av, source, wav) as container:
        pcm = PcmWriter(av, out, max_ms * BYTES_PER_MS, weights)
        decode(av, container, audio_stream(container), pcm, to_end=False)
    return pcm


def answer_of(av: Any, action: str, max_ms: int, source: BinaryIO, out: BinaryIO) -> dict[str, Any]:
    """Probe or decode ``source``. Raises ``Unplayable``."""
    try:
        wav = read_wav_layout(source)
        if action == "decode":
            return play(av, source, wav, out, max_ms)
        return probe(av, source, wav, is_whole=action == "probe")
    except Unreadable as error:
        if action == "probe_cut":
            raise Unplayable("AUDIO_NOT_AUDIO", "its beginning shows no sound yet") from error
        raise
    except (av.FFmpegError, ValueError, LookupError, ArithmeticError) as error:
        raise Unplayable("AUDIO_DAMAGED", "it does not keep to its own format") from error


def run(action: str, max_ms: int, source: BinaryIO, out: BinaryIO) -> dict[str, Any]:
    """As ``answer_of``, with limits that hold for the rest of the process."""
    import av  # noqa: PLC0415 - after the limits are set

    import ringbolt.voice.audio.telephone_pcm  # noqa: PLC0415, F401 - opens files

    av.logging.set_level(None)
    limit_open_files()
    return answer_of(av, action, max_ms, source, out)


def main(arguments: list[str]) -> int:
    action, cpu_s = arguments[0], int(arguments[1])
    max_ms = int(arguments[2]) if action == "decode" else 0
    limit_resources(cpu_s, max_ms * BYTES_PER_MS + 65536)
    try:
        answer = run(action, max_ms, sys.stdin.buffer, sys.stdout.buffer)
    except Unplayable as error:
        answer = {"code": error.code, "message": error.message}
    except MemoryError:
        answer = {"code": "AUDIO_DAMAGED", "message": "it asks for more memory than audio needs"}
    sys.stderr.write(f"\n{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
