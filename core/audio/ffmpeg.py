"""ffmpeg as a decoder: in a process of its own, bounded in time, memory and what it writes.

What it may open is bounded too: this file and no other, by demuxers of sound and film. Playlists,
which name other files and addresses, are not among them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from core.errors import AudioFileError, raise_if_cancelled

CHOSEN = "IMAGEIO_FFMPEG_EXE"
"""Environment variable of imageio-ffmpeg's: the binary that a person wants used."""
_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,avr,caf,dsf,dts,dtshd,eac3,flac,flv,iff,ircam,"
    "loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,paf,pvf,qcp,rm,sds,sox,"
    "tak,tta,voc,w64,wav,wv,xwma"
)
_ALLOCATION = 256_000_000
"""Bytes in one piece that ffmpeg may ask for: far more than a second of any sound."""
_MEMORY = 2_000_000_000
"""Bytes of address space, where the system can hold a process to it."""
_VERSION_SECONDS = 20.0
_GLANCE = 0.1
"""Seconds between two looks at the clock and at Cancel while ffmpeg works."""
_LOG = 64_000
"""Bytes of what ffmpeg says that are kept."""
_CHUNK = 1 << 18
_HEADER = struct.Struct(">4s5I")
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)(?:, start: (-?[\d.]+))?")
_INPUT = re.compile(r"^Input #0, (\w+)", re.MULTILINE)
_STREAM = re.compile(r"^\s*Stream #0:\d+.*?: (Audio|Video): (.*)$", re.MULTILINE)
_GUESSED = ("Estimating duration from bitrate", "using bitrate for duration")
_BROKEN_OFF = ("Error during demuxing", "partial file", "Truncat")
_NO_INDEX = "moov atom not found"
_WORK = "Reading the recording"
_DAMAGED = ("Error submitting packet to decoder", "Decoding error", "Invalid data found")


@dataclass(frozen=True)
class FfmpegOutput:
    """What ffmpeg decoded.

    Attributes:
        samples: float32 (frames, channels).
        rate: Hz.
        demuxer: its name of the container.
        start: seconds at which the container says that the sound begins.
        stated: seconds that the container says it lasts; 0: it says nothing, or not of the sound.
        tracks: of sound.
        broken_off, damaged: it met the file's end too early; it left out what it could not decode.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    demuxer: str
    start: float
    stated: float
    tracks: int
    broken_off: bool
    damaged: bool


def find_ffmpeg() -> str:
    """A binary that runs: the one chosen by CHOSEN, else imageio-ffmpeg's, else that of the PATH.

    Raises:
        AudioFileError: there is none.
    """
    chosen = os.environ.get(CHOSEN)
    for binary in [chosen] if chosen else _binaries():
        if _runs(binary):
            return binary
    which = f"the ffmpeg that {CHOSEN} names ({chosen})" if chosen else "ffmpeg"
    mend = f"correct or unset {CHOSEN}" if chosen else "run `make install`"
    raise AudioFileError(f"{which} is missing or cannot be run: {mend}.")


def _binaries() -> Iterator[str]:
    with contextlib.suppress(ImportError, RuntimeError):  # raised where it carries no binary
        import imageio_ffmpeg

        yield imageio_ffmpeg.get_ffmpeg_exe()
    if found := shutil.which("ffmpeg"):
        yield found


def _runs(binary: str) -> bool:
    try:
        run = subprocess.run(
            [binary, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            check=False,
            creationflags=_HIDDEN,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return run.returncode == 0


_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows a console program would flash up a window."""


def run_ffmpeg(
    binary: str,
    path: Path,
    part: tuple[int, int] | None,
    samples: int,
    seconds: float,
    cancel: threading.Event | None = None,
) -> FfmpegOutput:
    """The sound of a file, at its own rate and with its own channels.

    Args:
        part: bytes of the file to read, from and to; None: all.
        samples: of all channels together, after which decoding stops.
        seconds: of the clock that it may take.
        cancel: ends the process when it is set.

    Raises:
        AudioFileError: it is no sound, holds none, or takes too long.
        Cancelled: `cancel` was set.
    """
    process = subprocess.Popen(
        [binary, *_arguments(path, part, samples)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=_HIDDEN,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    _hold(process.pid, seconds)
    late, over = threading.Event(), threading.Event()
    ends = time.monotonic() + seconds

    def stop_in_time() -> None:
        while not over.wait(_GLANCE):
            if time.monotonic() > ends:
                late.set()
            if late.is_set() or (cancel is not None and cancel.is_set()):
                process.kill()
                return

    watch = threading.Thread(target=stop_in_time, daemon=True)
    log = bytearray()
    listening = threading.Thread(target=_keep, args=(process.stderr, log), daemon=True)
    watch.start()
    listening.start()
    failed = False
    try:
        most = _HEADER.size + 4 * samples
        encoded = _read(process.stdout, most)
        failed = len(encoded) < most and process.wait() != 0
    finally:
        over.set()
        process.kill()  # nothing happens to one that has ended
        process.wait()
        listening.join()
        process.stdout.close()
        process.stderr.close()
    raise_if_cancelled(cancel, _WORK)
    if late.is_set():
        raise AudioFileError(
            f"The recording could not be decoded in {seconds:.0f} s; save it as WAV or FLAC."
        )
    return _heard(encoded, log.decode("utf-8", "replace"), failed)


def _arguments(path: Path, part: tuple[int, int] | None, samples: int) -> list[str]:
    """A protocol stands before the name, so that no name is taken for an option or an address."""
    url = f"file:{os.path.abspath(path)}"
    if part is not None:
        url = f"subfile,,start,{part[0]},end,{part[1]},,:{url}"
    bounds = ["-max_alloc", str(_ALLOCATION), "-threads", "1"]
    allowed = ["-protocol_whitelist", "file,subfile", "-format_whitelist", _DEMUXERS]
    sound = ["-vn", "-sn", "-dn", "-threads", "1", "-fs", str(4 * samples + _HEADER.size)]
    written = ["-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    return ["-hide_banner", "-nostdin", "-nostats", *bounds, *allowed, "-i", url, *sound, *written]


def _hold(pid: int, seconds: float) -> None:
    """Hold a process to its memory and its time, where the system can."""
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError):  # it has ended already, or we may not
        resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))


def _keep(stream: IO[bytes], log: bytearray) -> None:
    """Read to the end, so that the process never waits for us, and keep the beginning."""
    while data := stream.read(4096):
        log += data[: max(0, _LOG - len(log))]


def _read(stream: IO[bytes], most: int) -> bytearray:
    data = bytearray()
    while len(data) < most and (more := stream.read(min(_CHUNK, most - len(data)))):
        data += more
    return data


def _heard(encoded: bytearray, log: str, failed: bool) -> FfmpegOutput:
    """Samples and what the log says of them; the samples come as a Sun file (AU), big-endian."""
    kinds = _STREAM.findall(log.split("Stream mapping:")[0].split("Output #0")[0])
    films = [what for kind, what in kinds if kind == "Video" and "attached pic" not in what]
    tracks = sum(kind == "Audio" for kind, _ in kinds)
    damaged = any(sign in log for sign in _DAMAGED)
    guess = "low score" in log and damaged
    if len(encoded) < _HEADER.size or guess:
        if kinds and not tracks:
            raise AudioFileError("The file holds pictures and no sound; choose another one.")
        if _NO_INDEX in log and "low score" not in log:
            raise AudioFileError(
                "The recording was cut off, and with its end its index is gone; copy it again."
            )
        raise AudioFileError(
            "The recording is not a sound file that can be read; save it as WAV or FLAC."
        )
    _, offset, _, _, rate, channels = _HEADER.unpack_from(encoded)
    frames = (len(encoded) - offset) // (4 * channels)
    samples = np.frombuffer(encoded, ">f4", max(0, frames * channels), min(offset, len(encoded)))
    spoken = _DURATION.search(log)
    demuxer = _INPUT.search(log)
    stated = start = 0.0
    if spoken:
        hours, minutes, rest, begin = spoken.groups()
        start = float(begin or 0.0)
        if not films and not any(sign in log for sign in _GUESSED):
            stated = 3600.0 * int(hours) + 60.0 * int(minutes) + float(rest)
    return FfmpegOutput(
        samples.astype(np.float32).reshape(-1, channels),
        rate,
        demuxer.group(1) if demuxer else "",
        start,
        stated,
        tracks,
        failed or any(sign in log for sign in _BROKEN_OFF),
        damaged,
    )
