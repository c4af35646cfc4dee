"""The master: from the mix to what leaves the studio.

DC is removed, the loudness brought to its target and the true peak kept under its ceiling. The mix
is first written to a scratch file and measured on the way; where the limiter has to act, the gain
is sought until loudness and ceiling hold together. Sounds of peaks alone, which the usual limiter
holds below the target, get one that releases quickly. Memory stays bounded by the block.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import Cancelled
from core.files import unwritable
from core.mix.crossfade import Samples
from core.mix.limiter import MARGIN_DB, QUICK_RELEASE, RELEASE, limit_blocks
from core.mix.loudness import Loudness, Meter, measure

DC_CORNER = 5.0
"""Hz at which the high-pass that removes DC is 3 dB down."""
MAX_GAIN_DB = 30.0
"""Quieter stories than this below the target stay below it: their noise would be all one hears."""
MAX_DRIVE_DB = 18.0
"""Most that the gain may go beyond `target - loudness` to make up for the limiter."""
TOLERANCE_LU = 0.02
AUDIBLE_LU = 0.1
"""A target missed by more calls for the quick limiter."""
_ATTEMPTS = 8
IN_MEMORY = 32_000_000
"""Bytes of a mix (90 s at 44.1 kHz) that are kept in memory before the scratch goes to disk."""


@dataclass(frozen=True)
class MasterSettings:
    """What the master has to meet.

    Attributes:
        loudness: integrated target in LUFS; None leaves the loudness alone.
        ceiling_db: true-peak ceiling in dBTP; None leaves peaks alone.
        remove_dc: take out what lies below hearing (5 Hz high-pass).
    """

    loudness: float | None = None
    ceiling_db: float | None = -1.0
    remove_dc: bool = True


class Scratch:
    """float32 stereo frames in an unnamed file that vanishes with the process.

    Raises:
        FileError: the disk is full.
    """

    def __init__(self, folder: Path | None = None, block: int = 65_536) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by `close`
            max_size=IN_MEMORY, dir=None if folder is None else str(folder)
        )
        self._folder = folder or Path(tempfile.gettempdir())
        self._block = block
        self.frames = 0

    def append(self, block: Samples) -> None:
        try:
            self._file.write(np.ascontiguousarray(block, dtype=np.float32).data)
        except OSError as cause:
            scratch = self._folder / "scratch"
            raise unwritable(scratch, cause, "The mix needs room for a while") from None
        self.frames += len(block)

    def blocks(self) -> Iterator[Samples]:
        self._file.seek(0)
        while data := self._file.read(self._block * 8):
            yield np.frombuffer(data, dtype=np.float32).reshape(-1, 2)

    def close(self) -> None:
        self._file.close()


def without_dc(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """A first-order high-pass; what it makes of digital silence is digital silence."""
    from scipy.signal import lfilter  # takes a second to import, which only a master needs

    pole = math.exp(-2.0 * math.pi * DC_CORNER / rate)
    gain = 0.5 * (1.0 + pole)
    state = np.zeros((1, 2))
    for block in blocks:
        filtered, state = lfilter([gain, -gain], [1.0, -pole], block, axis=0, zi=state)
        state[np.abs(state) < 1e-12] = 0.0
        filtered[np.abs(filtered) < 1e-9] = 0.0
        yield filtered.astype(np.float32)


class Master:
    """One mix on its way out: `Master(blocks, ...)`, then `blocks()` and, after it, `result`.

    Args:
        scratch: folder for the scratch file of a long mix; the system's own if None.
        cancel: set it to stop with `Cancelled`.

    Attributes:
        gain_db: gain before the limiter.
        result: loudness of what `blocks` returned; None before its end.
    """

    def __init__(
        self,
        mix: Iterable[Samples],
        rate: int,
        settings: MasterSettings,
        scratch: Path | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._rate = rate
        self._settings = settings
        self._cancel = cancel
        self._scratch = Scratch(scratch)
        self.result: Loudness | None = None
        meter = Meter(rate, over_time=False)
        for block in without_dc(mix, rate) if settings.remove_dc else mix:
            self._check_cancelled()
            self._scratch.append(block)
            meter.add(block)
        self._release = RELEASE
        self.gain_db, missing = self._find_gain(meter.integrated, meter.true_peak)
        if missing > AUDIBLE_LU:
            self._release = QUICK_RELEASE
            self.gain_db, _ = self._find_gain(meter.integrated, meter.true_peak)

    def _check_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("The export was cancelled; nothing half-done was left behind.")

    def _find_gain(self, loudness: float, true_peak: float) -> tuple[float, float]:
        """The gain at which the limited mix has the target loudness, and the LU it then misses.

        Without limiting it is the difference. With it, loudness grows more slowly than gain:
        secant steps from the two latest measures, each one pass over the mix.
        """
        target, ceiling = self._settings.loudness, self._settings.ceiling_db
        if target is None or not math.isfinite(loudness):
            return 0.0, 0.0
        first = target - loudness
        gain = min(MAX_GAIN_DB, first)
        if ceiling is None or true_peak + gain <= ceiling - MARGIN_DB:
            return gain, 0.0
        highest = min(MAX_GAIN_DB, first + MAX_DRIVE_DB)
        before: tuple[float, float] | None = None
        missing = 0.0
        for _ in range(_ATTEMPTS):
            limited = self._limited(gain)
            reached = measure(limited, self._rate, over_time=False, peaks=False).integrated
            missing = target - reached
            if abs(missing) < TOLERANCE_LU or (missing > 0 and gain >= highest):
                break
            slope = 1.0
            if before is not None and gain != before[0]:
                slope = min(1.0, max(0.1, (reached - before[1]) / (gain - before[0])))
            before = (gain, reached)
            gain = min(highest, gain + missing / slope)
        return gain, missing

    def _limited(self, gain_db: float) -> Iterator[Samples]:
        blocks = self._amplified(np.float32(10.0 ** (gain_db / 20.0)))
        if self._settings.ceiling_db is None:
            return blocks
        return limit_blocks(blocks, self._rate, self._settings.ceiling_db, self._release)

    def _amplified(self, gain: np.float32) -> Iterator[Samples]:
        for block in self._scratch.blocks():
            self._check_cancelled()
            yield block * gain

    def blocks(self) -> Iterator[Samples]:
        """The master as float32 (n, 2) blocks; as many frames as the mix has."""
        meter = Meter(self._rate)
        for block in self._limited(self.gain_db):
            meter.add(block)
            yield block
        self.result = meter.result()

    def close(self) -> None:
        self._scratch.close()


def shortfall(heard: Loudness, target: float | None) -> float:
    """LU by which a sound misses its target; 0 without one, or for silence."""
    if target is None or not math.isfinite(heard.integrated):
        return 0.0
    return target - heard.integrated
