"""What kind of file it is, by its first bytes: to say why it cannot be played."""

from __future__ import annotations

HEAD_SIZE = 4096
"""How many bytes of a file are enough to decide."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF document"),
    (0, b"\x89PNG\r\n", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (8, b"WEBP", "a picture (WebP)"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b\x08", "a compressed file (gzip)"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1aE\xdf\xa3", "a WebM or Matroska file"),
    (0, b"MThd", "a MIDI file (notes, not sound)"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media file (WMA)"),
    (0, b"#!AMR", "an AMR file"),
    (8, b"AIFF", "an AIFF file"),
    (8, b"AIFC", "an AIFF file"),
    (0, b"FORM", "an IFF file"),
    (0, b"caff", "a Core Audio file (CAF)"),
    (0, b"riff\x2e\x91\xcf\x11", "a Wave64 file (W64)"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"MAC ", "a Monkey's Audio file (APE)"),
    (0, b"TTA", "a True Audio file (TTA)"),
    (0, b"DSD ", "a DSD file"),
    (0, b"Creative Voice File", "a Creative Voice file (VOC)"),
    (0, b"\x64\xa3", "an IRCAM file"),
    (0, b"NIST_1A", "a NIST SPHERE file"),
    (0, b".RMF", "a RealMedia file"),
    (0, b".ra\xfd", "a RealAudio file"),
    (0, b"#!SILK_V3", "a SILK file (a voice message of WeChat or QQ)"),
    (1, b"#!SILK_V3", "a SILK file (a voice message of WeChat or QQ)"),
    (0, b"\x0b\x77", "an AC-3 file"),
    (0, b"\x7f\xfe\x80\x01", "a DTS file"),
    (0, b"FLV\x01", "a Flash video (FLV)"),
    (0, b"\0\0\x01\xba", "a video (MPEG)"),
    (8, b"RMID", "a MIDI file (notes, not sound)"),
    (0, b"\0\x05\x16\x07", "the second half of a Mac's file (AppleDouble)"),
    (0, b"BZh", "a compressed file (bzip2)"),
    (0, b"\xfd7zXZ", "a compressed file (xz)"),
    (0, b"\x28\xb5\x2f\xfd", "a compressed file (zstd)"),
    (257, b"ustar", "a tar archive"),
    (0, b".snd", "a Sun audio file (AU)"),
    (8, b"AVI ", "a video (AVI)"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a program"),
)

_TEXT_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "a web page (HTML)"),
    (b"<html", "a web page (HTML)"),
    (b"<head", "a web page (HTML)"),
    (b"<body", "a web page (HTML)"),
    (b"<script", "a web page (HTML)"),
    (b"<!--", "a web page (HTML)"),
    (b"<?xml", "an XML document"),
    (b"#extm3u", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "a playlist"),
    (b"{", "a JSON document"),
    (b"[", "a JSON document"),
)

_PLAYABLE_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "mp4"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (8, b"WAVE", "wav"),
)


def foreign_kind(head: bytes) -> str | None:
    """What the file is if it is surely not playable audio ("a web page (HTML)"), else None."""
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if head[0:1] == head[188:189] == head[376:377] == b"G":
        return "an MPEG transport stream (TS)"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, kind in _TEXT_STARTS:
        if text.startswith(start):
            return kind
    return "a text" if _is_text(head) else None


def playable_start(head: bytes) -> str | None:
    """The audio format that ``head`` announces, for formats whose headers may be further on.

    An MP4 may have its index at the end, an MP3 or FLAC may begin with a large cover picture, a WAV
    with notes of the studio: the beginning of such a file shows that it is audio but cannot be
    opened.
    """
    for offset, signature, name in _PLAYABLE_STARTS:
        if head.startswith(signature, offset):
            return name
    return None


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character cut at the end
            return False
        text = head[: error.start].decode()
    return bool(text) and all(char.isprintable() or char in "\t\r\n\f" for char in text)
