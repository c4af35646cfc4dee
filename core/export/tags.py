"""What a sound file says about itself, in the tags of its format: title, comment, date, maker.

Any text: ID3 as UTF-16 in version 2.3, which every player reads (its year holds a year, the day its
own field), Vorbis comments and MP4 atoms as UTF-8. A WAV gets the same ID3, since its own INFO list
says nothing of the letters' encoding.
"""

from __future__ import annotations

import io
import unicodedata
from datetime import datetime
from pathlib import Path

from mutagen.flac import FLAC
from mutagen.id3 import COMM, ID3, TDRC, TIT2, TSSE, Encoding
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from core.errors import FileError

ORIGINATOR = "AudioStory Studio"
_VORBIS = {".flac": FLAC, ".ogg": OggVorbis, ".opus": OggOpus}
_V23 = 3


def tag_text(text: str) -> str:
    """The text as every tag can hold it: spaces for control characters, '?' for half letters."""
    text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    return text.encode("utf-8", "replace").decode().strip("\ufeff ")


def write_tags(path: Path, title: str, comment: str, created: datetime | None) -> None:
    """Write the tags of a finished MP3, FLAC, Ogg Vorbis, Opus or M4A file into it.

    Raises:
        MutagenError: the file is damaged, or the disk is full.
    """
    date = created.strftime("%Y-%m-%d") if created else ""
    if path.suffix == ".mp3":
        _id3(title, comment, date).save(path, v1=0, v2_version=_V23)
    elif path.suffix == ".m4a":
        atoms = MP4(path)
        named = {"\xa9nam": title, "\xa9cmt": comment, "\xa9too": ORIGINATOR, "\xa9day": date}
        atoms.update({name: [text] for name, text in named.items() if text})
        atoms.save()
    elif path.suffix in _VORBIS:
        file = _VORBIS[path.suffix](path)
        fields = {"title": title, "comment": comment, "software": ORIGINATOR, "date": date}
        file.update({name: [text] for name, text in fields.items() if text})
        file.save()
    else:
        raise FileError(f"{path.suffix} files have no tags here; choose another format.")


def id3_bytes(title: str, comment: str, created: datetime | None) -> bytes:
    """The same as an ID3 tag by itself."""
    file = io.BytesIO()
    date = created.strftime("%Y-%m-%d") if created else ""
    _id3(title, comment, date).save(file, v1=0, v2_version=_V23, padding=lambda _: 0)
    return file.getvalue()


def _id3(title: str, comment: str, date: str) -> ID3:
    tags = ID3()
    tags.add(TIT2(encoding=Encoding.UTF16, text=title))
    tags.add(COMM(encoding=Encoding.UTF16, lang="eng", desc="", text=comment))
    tags.add(TSSE(encoding=Encoding.UTF16, text=ORIGINATOR))
    if date:
        tags.add(TDRC(encoding=Encoding.UTF16, text=date))
    tags.update_to_v23()
    return tags
