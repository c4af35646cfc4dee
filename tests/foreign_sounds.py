"""Sound files as other programs and devices make them, and as mishaps leave them.

Each is made in a run of ffmpeg of its own or from the bytes of some that were, and lasts SECONDS or
a multiple of it.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from core.audio.ffmpeg import find_ffmpeg

SECONDS = 1.5
RATE = 44_100

NOISE = f"-f lavfi -i anoisesrc=d={SECONDS}:c=pink:r={RATE}:a=0.3"
PICTURE = "-f lavfi -i testsrc=d=1.5:s=64x48:r=10"
COVER = "-f lavfi -i testsrc=d=0.1:s=64x48:r=10 -disposition:v attached_pic"
ENCODED = {
    "voice memo.m4a": "-c:a aac -f ipod",
    "lossless.m4a": "-c:a alac -f ipod",
    "browser.webm": "-c:a libopus",
    "film.mp4": f"{PICTURE} -c:a aac -c:v mpeg4 -shortest",
    "film.mkv": f"{PICTURE} -c:a flac -c:v mpeg4 -shortest",
    "film.avi": f"{PICTURE} -c:a libmp3lame -c:v mpeg4 -shortest",
    "clip.flv": "-c:a aac",
    "memo.3gp": "-ac 1 -ar 8000 -c:a libopencore_amrnb",
    "memo.amr": "-ac 1 -ar 8000 -c:a libopencore_amrnb",
    "old.wma": "-c:a wmav2",
    "apple.caf": "-c:a alac",
    "pcm.caf": "-c:a pcm_s24be",
    "pack.wv": "-c:a wavpack",
    "true.tta": "-c:a tta",
    "stream.aac": "-c:a aac -f adts",
    "cinema.ac3": "-c:a ac3",
    "broadcast.mp2": "-c:a mp2",
    "broadcast.ts": "-c:a mp2 -f mpegts",
    "plain.mp3": "-c:a libmp3lame",
    "with cover.mp3": f"{COVER} -c:a libmp3lame -c:v png -id3v2_version 3",
    "with cover.m4a": f"{COVER} -c:a aac -c:v mjpeg -f ipod",
    "no xing.mp3": "-c:a libmp3lame -q:a 2 -write_xing 0",
    "vorbis.ogg": "-c:a libvorbis",
    "flac.ogg": "-c:a flac -f ogg",
    "talk.opus": "-c:a libopus",
    "plain.flac": "-c:a flac",
    "sun.au": "-c:a pcm_s16be",
    "aiff.aif": "-c:a pcm_s24be",
    "aifc.aifc": "-c:a pcm_mulaw -f aiff",
    "sony.w64": "-c:a pcm_s16le -f w64",
    "big.wav": "-c:a pcm_s16le -rf64 always",
    "float.wav": "-c:a pcm_f32le",
    "double.wav": "-c:a pcm_f64le",
    "bytes.wav": "-c:a pcm_u8",
    "law.wav": "-c:a pcm_mulaw",
    "ima.wav": "-c:a adpcm_ima_wav",
    "ms.wav": "-c:a adpcm_ms",
    "phone.wav": "-ar 8000",
    "bat.wav": "-ar 192000",
    "surround.wav": "-af pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0",
    "surround.m4a": "-af pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0 -c:a aac",
}
"""What ffmpeg is asked to make of the noise, by the name of the file."""


def encode(path: Path, arguments: str, sound: str = NOISE) -> Path:
    """Write a file in one run of ffmpeg."""
    asked = [find_ffmpeg(), "-v", "error", "-y", *sound.split(), *arguments.split(), str(path)]
    subprocess.run(asked, check=True, stdin=subprocess.DEVNULL)
    return path


def chunk(name: bytes, data: bytes, length: int | None = None, pad: bool = True) -> bytes:
    """A chunk of a WAV, with another length than its own if one is given."""
    size = len(data) if length is None else length
    return name + struct.pack("<I", size) + data + b"\0" * (len(data) % 2 * pad)


def wave(*chunks: bytes, size: int | None = None) -> bytes:
    """A WAV of 16 bit mono from its chunks but the first."""
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    body = b"WAVE" + form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def samples() -> bytes:
    """SECONDS of noise as 16 bit."""
    noise = np.random.default_rng(0).standard_normal(round(SECONDS * RATE))
    return (3000 * noise).astype("<i2").tobytes()


def odd_waves() -> dict[str, bytes]:
    """WAVs that recorders, browsers and cut-off copies leave."""
    data = samples()
    text = b"INFOISFT\x05\0\0\0abcde"
    return {
        "length 0.wav": wave(chunk(b"data", data, 0), size=0),
        "length unknown.wav": wave(chunk(b"data", data, 0xFFFFFFFF), size=0xFFFFFFFF),
        "length 0, list.wav": wave(chunk(b"LIST", text), chunk(b"data", data, 0)),
        "no pad.wav": wave(chunk(b"LIST", text, pad=False), chunk(b"data", data)),
        "pad.wav": wave(chunk(b"LIST", text), chunk(b"data", data)),
        "odd data.wav": wave(chunk(b"data", data[:-1], pad=False), chunk(b"LIST", text)),
        "tag before.wav": b"ID3\x03\0\0\0\0\x01\0" + b"\0" * 128 + wave(chunk(b"data", data)),
        "zeros after.wav": wave(chunk(b"data", data)) + b"\0" * 100_000,
        "samples.raw": wave(chunk(b"data", data)),
        "-dash.wav": wave(chunk(b"data", data)),
        "größe #1?%20.wav": wave(chunk(b"data", data)),
        "two\nlines.wav": wave(chunk(b"data", data)),
    }


def make_all(folder: Path) -> dict[str, float]:
    """Write every file; the seconds that each lasts, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in ENCODED.items():
        encode(folder / name, arguments)
    lasting = dict.fromkeys([*ENCODED, *odd_waves()], SECONDS)
    for name, data in odd_waves().items():
        (folder / name).write_bytes(data)
    return lasting | _joined(folder) | _misnamed(folder)


def _joined(folder: Path) -> dict[str, float]:
    """Files that are two in one, of one rate or of two."""
    slow = NOISE.replace(str(RATE), "22050")
    half = {".mp3": "-c:a libmp3lame", ".ogg": "-c:a libvorbis", ".opus": "-c:a libopus"}
    for suffix, arguments in half.items():
        encode(folder / f"slow{suffix}", f"{arguments} -ac 2", slow)
    soundfile.write(folder / "slow.flac", np.full((33_075, 2), 0.1), 22_050)
    soundfile.write(folder / "slow.wav", np.full((33_075, 2), 0.1), 22_050)
    pairs = {
        "joined.mp3": ("no xing.mp3", "no xing.mp3"),
        "joined with tags.mp3": ("plain.mp3", "with cover.mp3"),
        "joined rates.mp3": ("plain.mp3", "slow.mp3"),
        "chained.ogg": ("vorbis.ogg", "vorbis.ogg"),
        "chained rates.ogg": ("vorbis.ogg", "slow.ogg"),
        "chained kinds.ogg": ("slow.opus", "vorbis.ogg"),
        "chained.opus": ("talk.opus", "slow.opus"),
        "joined.flac": ("plain.flac", "slow.flac"),
        "joined.wav": ("phone.wav", "slow.wav"),
    }
    for name, parts in pairs.items():
        (folder / name).write_bytes(b"".join((folder / part).read_bytes() for part in parts))
    return dict.fromkeys(pairs, 2 * SECONDS)


def _misnamed(folder: Path) -> dict[str, float]:
    """Files whose names say they are of another kind."""
    names = {
        "m4a as.mp3": "voice memo.m4a",
        "mp3 as.wav": "plain.mp3",
        "wav as.mp3": "float.wav",
        "no suffix": "talk.opus",
        "flac as.raw": "plain.flac",
    }
    for name, of in names.items():
        (folder / name).write_bytes((folder / of).read_bytes())
    return dict.fromkeys(names, SECONDS)


def make_useless(folder: Path) -> dict[str, str]:
    """Write files that are no recording; what is said of each, by name."""
    encode(folder / "mute.mp4", f"{PICTURE} -an -c:v mpeg4", "")
    encode(folder / "whole.m4a", "-c:a aac -f ipod")
    noise = np.random.default_rng(1).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    contents: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
        "empty.wav": (b"", "is empty"),
        "header.wav": (wave(chunk(b"data", b"")), "shorter than 0.05 s"),
        "half a header.wav": (wave(chunk(b"data", samples()))[:30], "not a sound file"),
        "cut off.m4a": ((folder / "whole.m4a").read_bytes()[:9000], "cut off"),
        "noise.raw": (noise, "not a sound file"),
        "noise.mp3": (noise, "not a sound file"),
        "words.mp3": (b"no sound at all", "not a sound file"),
        "list.m3u8": (b"#EXTM3U\n#EXTINF:3,\nhttp://localhost/x.wav\n", "not a sound file"),
        "list.wav": (b"#EXTM3U\n#EXTINF:3,\nwhole.m4a\n#EXT-X-ENDLIST\n", "not a sound file"),
        "script.wav": (b"ffconcat version 1.0\nfile whole.m4a\n", "not a sound file"),
        "picture.png": (b"\x89PNG\r\n\x1a\n" + noise[:500], "not a sound file"),
    }
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data())
    return {name: said for name, (_, said) in contents.items()} | {"mute.mp4": "no sound"}
