"""The process that speaks: ``python -m ringbolt.speech.worker``.

Engines are C code that is not safe in threads and may crash or hang, so they run here, one job at
a time, without secrets and without the network. Protocol on standard input and output:

    in   one line of JSON per job: the fields of ``SpeechJob``
    out  {"event": "ready"}                          once, when the process is up
         {"event": "started"}                        models are loaded, the job's time begins
         {"event": "spoken", "pcm_bytes": n, ...}    and n bytes s16le mono
         {"event": "failed", "reason": ...}          instead of the two above

It ends when its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from ringbolt.speech.plan import SpeechJob

OPEN_FILES = 256

Send = Callable[..., None]


def refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    """An audit hook: libraries that would fetch a missing voice fail here instead."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError("the speech process has no network")


def limit_resources() -> None:
    """Drop what the parent may have raised for itself (open files, priority)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and then ends us
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - does not exist on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    os.nice(5)  # answered calls have priority


def claim_stdout() -> IO[bytes]:
    """Keep standard output for the protocol; what libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def answer(synthesiser: Any, job: SpeechJob, send: Send) -> None:
    """Run one job and send its result."""
    try:
        utterances = synthesiser.prepare(job)
        send({"event": "started"})
        spoken = asdict(synthesiser.speak(job, utterances))
    except Exception as error:  # noqa: BLE001 - the process outlives a job that it cannot do
        kind = type(error).__name__
        if kind != "Unspoken":  # a message may quote the text; a stack trace does not
            sys.stderr.write(f"{kind}\n{''.join(traceback.format_tb(error.__traceback__))}")
        send({"event": "failed", "reason": str(error) if kind == "Unspoken" else kind})
        return
    pcm = spoken.pop("pcm")
    send({"event": "spoken", "pcm_bytes": len(pcm), **spoken}, pcm)


def main() -> int:
    limit_resources()
    sys.addaudithook(refuse_network)
    out = claim_stdout()

    def send(header: dict[str, Any], body: bytes = b"") -> None:
        out.write(json.dumps(header).encode() + b"\n" + body)
        out.flush()

    from ringbolt.speech.synthesis import Synthesiser  # noqa: PLC0415 - after the limits

    synthesiser = Synthesiser()
    try:
        send({"event": "ready"})
        for line in sys.stdin.buffer:
            answer(synthesiser, SpeechJob(**json.loads(line)), send)
    except BrokenPipeError:
        os._exit(0)  # the parent is gone
    return 0


if __name__ == "__main__":
    sys.exit(main())
