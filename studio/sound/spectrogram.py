"""Spectrograms of takes and of the mix as pictures: which frequencies sound when, in the page's
colours.

They are made when a page asks for them, once for each take or mix and light, and lie in the folder
that the tab may load from.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from core.errors import AudioFileError, Cancelled
from core.files import write_atomically
from core.story.take import Take
from studio.addresses import file_url
from studio.sessions.session import Session

PER_SECOND = 40
"""Columns."""
BANDS = 96
"""Rows, of equal musical width."""
LOWEST, HIGHEST = 50.0, 16_000.0
"""Hz of the lowest and the highest row."""
DYNAMICS = 70.0
"""Decibels below the take's loudest that are still seen."""
MAX_COLUMNS = 4096
MAX_MIX_COLUMNS = 16_384
"""Of a mix: seven minutes of it have all their columns, and no browser refuses such an image."""
_WINDOW = 0.045
"""Seconds of sound in a column: long enough for 50 Hz, short enough for an attack."""
_BLOCK = 400
"""Columns that are worked out at a time."""
_COLOURS = {
    "dark": ("#1a1c1f", "#4a3b28", "#e3a857", "#fbf1de"),
    "light": ("#fcfbf9", "#dcc7a0", "#8a5a10", "#22221f"),
}
"""From silence to loud: surface, accent and text of assets/studio/studio.css."""
Heights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class MixSpectrogram:
    """The spectrogram of a mix, as the page draws it.

    Attributes:
        title: of the story.
        address: where the picture can be loaded from.
        seconds: how long the mix is.
        lowest, highest: Hz at the foot and at the top of the picture.
    """

    title: str
    address: str
    seconds: float
    lowest: float
    highest: float


def spectrogram(
    file: Path, most: int = MAX_COLUMNS, is_over: Callable[[], bool] = lambda: False
) -> Heights:
    """How loud each band is in each column, 0 for silence to 1 for the loudest, (BANDS, columns).

    Args:
        most: columns.
        is_over: asked between blocks: whether nobody wants it any more.

    Raises:
        AudioFileError: the file cannot be read.
        Cancelled: `is_over`.
    """
    try:
        columns = np.concatenate(list(_wanted(_columns(file), is_over)), axis=1)
    except (soundfile.SoundFileError, OSError) as cause:
        raise AudioFileError(f"{file.name} cannot be read ({cause}); render it anew.") from None
    if columns.shape[1] > most:
        edges = np.linspace(0, columns.shape[1], most, endpoint=False).astype(int)
        columns = np.maximum.reduceat(columns, edges, axis=1)
    loudest = float(columns.max())
    if loudest <= 0.0:
        return np.zeros_like(columns)
    decibels = 20.0 * np.log10(np.maximum(columns / loudest, 1e-9))
    return np.clip(1.0 + decibels / DYNAMICS, 0.0, 1.0).astype(np.float32)


def _wanted(blocks: Iterator[Heights], is_over: Callable[[], bool]) -> Iterator[Heights]:
    for block in blocks:
        if is_over():
            raise Cancelled("The spectrogram is no longer wanted.")
        yield block


def _columns(file: Path) -> Iterator[Heights]:
    """Magnitudes by band, block by block; a column is the sound around its moment."""
    with soundfile.SoundFile(file) as sound:
        rate = sound.samplerate
        hop, window = max(1, rate // PER_SECOND), round(rate * _WINDOW)
        taper = np.hanning(window).astype(np.float32)
        edges = np.geomspace(LOWEST, min(HIGHEST, rate / 2), BANDS + 1) * window / rate
        lowest = np.minimum(edges[:-1].astype(int), window // 2)
        left, ahead = -(-sound.frames // hop), np.zeros(window // 2, np.float32)
        while left > 0:
            count = min(_BLOCK, left)
            read = sound.read(hop * count, dtype="float32", always_2d=True).mean(axis=1)
            heard = np.concatenate([ahead, read])
            count = count if count == left else (len(heard) - window) // hop + 1
            heard = np.pad(heard, (0, max(0, window + hop * (count - 1) - len(heard))))
            frames = np.lib.stride_tricks.sliding_window_view(heard, window)[::hop][:count]
            magnitudes = np.abs(np.fft.rfft(frames * taper, axis=1))
            yield np.maximum.reduceat(magnitudes, lowest, axis=1).T.astype(np.float32)
            ahead, left = heard[hop * count :], left - count


def picture(heights: Heights, light: str) -> bytes:
    """The heights as a PNG, low frequencies at the bottom; `light` is "dark" or "light"."""
    import io

    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.image import imsave

    colours = LinearSegmentedColormap.from_list("studio", _COLOURS[light])
    written = io.BytesIO()
    imsave(written, heights, format="png", cmap=colours, vmin=0.0, vmax=1.0, origin="lower")
    return written.getvalue()


def spectrogram_url(session: Session, take: Take, light: str) -> str:
    """Address of a take's spectrogram, made where it is not there yet; "" where it has no sound.

    Raises:
        AudioFileError, FileError: the take cannot be read, or the disk is full.
    """
    folder = session.open_folder
    if not folder.has_sound(take):
        return ""
    made = session.sounds / f"{take.key}-{light}.png"
    if not made.is_file():
        write_atomically(made, picture(spectrogram(folder.take_file(take)), light))
    return file_url(made)


def mix_spectrogram(session: Session, light: str) -> MixSpectrogram | None:
    """The spectrogram of the newest mix, made where it is not there yet and beside that mix.

    None where there is no mix of the open story, or where the story was changed meanwhile: its next
    mix is asked for then.

    Raises:
        AudioFileError, FileError: the mix cannot be read, or the disk is full.
    """
    mix = session.mix
    if mix is None or mix[0] is not session.folder:
        return None
    folder, revision, sound = mix
    made = sound.with_name(f"spectrum-{light}.png")
    try:
        rate, seconds = _length(sound)
        if not made.is_file():
            changed = lambda: folder.revision != revision  # noqa: E731
            write_atomically(made, picture(spectrogram(sound, MAX_MIX_COLUMNS, changed), light))
    except (Cancelled, AudioFileError):
        if folder.revision != revision or session.mix is not mix:  # it may be gone with its sound
            return None
        raise
    return MixSpectrogram(folder.title, file_url(made), seconds, LOWEST, min(HIGHEST, rate / 2))


def _length(file: Path) -> tuple[int, float]:
    """Sample rate in Hz, and seconds."""
    try:
        about = soundfile.info(str(file))
    except (soundfile.SoundFileError, OSError) as cause:
        raise AudioFileError(f"{file.name} cannot be read ({cause}); render it anew.") from None
    return int(about.samplerate), float(about.duration)


def takes_of(session: Session, keys: list[str]) -> list[Take]:
    """The takes of the open story with these keys."""
    events = session.open_folder.story.events
    there = {take.key: take for take in itertools.chain(*(event.takes for event in events))}
    return [there[key] for key in keys if key in there]
