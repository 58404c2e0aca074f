"""The process in which an untrusted audio file is opened.

Demuxers and decoders are C code with input from an attacker, so they run here, alone, with hard
limits and without secrets. Reads the file on standard input (a regular file, never a name or URL),
writes s16le mono 8 kHz to standard output and one line of JSON to standard error: ``{"codec",
"duration_ms", "sample_rate", "channels"}`` or ``{"code", "message"}``.

    decode_worker probe CPU_S             read the headers
    decode_worker decode CPU_S MAX_MS     decode, never further than MAX_MS
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

SAMPLE_RATE = 8000  # ringbolt.core.calls.call.SAMPLE_RATE; not imported to keep the start cheap
BYTES_PER_MS = SAMPLE_RATE * 2 // 1000

MEMORY_LIMIT = 512 * 1024 * 1024
"""Bytes of address space; Python, PyAV and a decoder use about 130 MB of it."""

OPEN_FILES = 16
MAX_BAD_PACKETS = 50
FORMATS = "mp3,wav,ogg,flac,mov,aac"
DECODERS = (
    "mp3float,mp3,mp2float,mp2,flac,opus,libopus,vorbis,libvorbis,aac,aac_fixed,alac,"
    "pcm_s16le,pcm_s16be,pcm_u8,pcm_s8,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,"
    "pcm_f32be,pcm_f64le,pcm_mulaw,pcm_alaw,adpcm_ms,adpcm_ima_wav,adpcm_yamaha,adpcm_g726,"
    "adpcm_ima_qt,gsm_ms"
)
"""FFmpeg's names. Codecs of cover pictures and video are not among them, so they never run."""


class Unplayable(Exception):
    """The file cannot be played; ``code`` and ``message`` are the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


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


def open_container(av: Any, source: BinaryIO) -> Any:
    """Open the file. PyAV types are ``Any`` here: only the child loads the library."""
    options = {
        "probesize": "1000000",
        "analyzeduration": "2000000",
        "protocol_whitelist": "",  # nothing that the file names is ever opened
        "format_whitelist": FORMATS,
        "codec_whitelist": DECODERS,
    }
    try:
        return av.open(source, mode="r", metadata_errors="ignore", options=options)
    except MemoryError as error:
        raise Unplayable("AUDIO_DAMAGED", "it asks for more memory than audio needs") from error
    except (av.FFmpegError, ValueError) as error:
        raise Unplayable("AUDIO_NOT_AUDIO", "it is not in an audio format that is known") from error


def audio_stream(container: Any) -> Any:
    """The first audio stream, if its format is one that a telephone call can be made of."""
    if not container.streams.audio:
        raise Unplayable("AUDIO_NOT_AUDIO", "it contains no sound")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context.name not in DECODERS.split(","):
        raise Unplayable("AUDIO_UNSUPPORTED", f"its coding ({context.name}) is not supported")
    check_shape(context.sample_rate, context.channels)
    context.thread_count = 1
    return stream


def check_shape(sample_rate: int, channels: int) -> None:
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


class PcmWriter:
    """Takes decoded frames, writes s16le mono 8 kHz, and knows when it is full."""

    def __init__(self, av: Any, out: BinaryIO, max_bytes: int) -> None:
        self._av = av
        self._out = out
        self._max_bytes = max_bytes
        self._shape: tuple[Any, ...] = ()
        self._resampler: Any = None
        self.written = 0

    @property
    def is_full(self) -> bool:
        return self.written >= self._max_bytes

    def write(self, frame: Any) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # a chained Ogg may change within the file
            check_shape(frame.sample_rate, frame.layout.nb_channels)
            self.finish()
            self._shape = shape
            self._resampler = self._av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._put(self._resampler.resample(frame))

    def finish(self) -> None:
        """Write what the resampler still holds."""
        if self._resampler is not None and not self.is_full:
            self._put(self._resampler.resample(None))
        self._resampler = None

    def _put(self, frames: list[Any]) -> None:
        for frame in frames:
            pcm = bytes(frame.planes[0])[: 2 * frame.samples]
            pcm = pcm[: self._max_bytes - self.written]
            self._out.write(pcm)
            self.written += len(pcm)


def decoded_frames(av: Any, container: Any, stream: Any) -> Iterator[Any]:
    """Every frame that can be decoded; up to ``MAX_BAD_PACKETS`` damaged packets are skipped."""
    bad = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            return  # the file is cut off: what is there is played
        try:
            yield from packet.decode()
        except av.FFmpegError as error:
            bad += 1
            if bad > MAX_BAD_PACKETS:
                raise Unplayable("AUDIO_DAMAGED", "too much of it is damaged") from error


def decode(av: Any, container: Any, stream: Any, out: BinaryIO, max_ms: int) -> int:
    """Write what can be decoded; returns milliseconds."""
    pcm = PcmWriter(av, out, max_ms * BYTES_PER_MS)
    for frame in decoded_frames(av, container, stream):
        pcm.write(frame)
        if pcm.is_full:
            break
    pcm.finish()
    out.flush()
    if not pcm.written:
        raise Unplayable("AUDIO_DAMAGED", "no sound can be decoded from it")
    return pcm.written // BYTES_PER_MS


def run(action: str, max_ms: int, source: BinaryIO, out: BinaryIO) -> dict[str, Any]:
    """Probe or decode; returns the answer. Raises ``Unplayable``."""
    import av  # noqa: PLC0415 - after the limits are set

    av.logging.set_level(None)
    limit_open_files()
    try:
        with open_container(av, source) as container:
            stream = audio_stream(container)
            answer = describe(av, container, stream)
            if action == "decode":
                answer["duration_ms"] = decode(av, container, stream, out, max_ms)
            return answer
    except (av.FFmpegError, ValueError, LookupError, ArithmeticError) as error:
        raise Unplayable("AUDIO_DAMAGED", "it does not keep to its own format") from error


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
