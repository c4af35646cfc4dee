"""What of a recording is listened to: excerpts of 2.3 s, where it is loudest.

The effects network costs 12 ms a block of one core in bf16 and 48 ms in fp32, more than all else of
indexing: one block of each recording is heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor

from core.audio.decode import decode_span
from core.audio.downmix import to_mono
from core.errors import AudioFileError
from core.library.limits import LIBRARY_LIMITS, LONGEST_SECONDS
from core.listener.aisfx import AISFX_RATE, BLOCK, MEL_HOP, SoundEmbedder
from core.placement import multiplies_bf16
from core.story.recording import MIN_SECONDS

EXCERPT_SECONDS = BLOCK * MEL_HOP / AISFX_RATE
HEARD_SECONDS = 60.0
"""Of a recording's beginning, among which excerpts are chosen."""
EXCERPTS = 1
"""Of each recording."""
_SILENCE = 1e-5
_STEP = 0.5
"""Of an excerpt, between two places that are tried."""

_Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeardRecording:
    """A recording as it is listened to.

    Attributes:
        seconds: its length.
        blocks: (B, 100, 96), log-mel frames.
        decoding_seconds: of processor time.
    """

    seconds: float
    blocks: Tensor
    decoding_seconds: float = 0.0


class LibraryListener:
    """Makes vectors of recordings, in the precision in which this processor is quick."""

    def __init__(self) -> None:
        precision = torch.bfloat16 if multiplies_bf16() else torch.float32
        self._embedder = SoundEmbedder(precision)

    def hear(self, path: Path, cancel: threading.Event | None = None) -> HeardRecording:
        """Decode what is listened to of a file.

        Raises:
            AudioFileError: it is no recording that can be used, or silent.
            Cancelled: `cancel` was set.
        """
        began = time.thread_time()
        span = decode_span(path, 0.0, HEARD_SECONDS, LIBRARY_LIMITS, cancel)
        spent = time.thread_time() - began
        if not MIN_SECONDS <= span.total <= LONGEST_SECONDS:
            raise AudioFileError(
                f"The recording lasts {span.total:.2f} s; it should last from {MIN_SECONDS:g} s to "
                f"{LONGEST_SECONDS / 3600:g} hours."
            )
        return HeardRecording(span.total, self.blocks(span.samples.T, span.rate), spent)

    def blocks(self, samples: _Sound, rate: int) -> Tensor:
        """Blocks (B, 100, 96) of a sound (channels, frames).

        Raises:
            AudioFileError: it is silent, or damaged.
        """
        peak = float(np.abs(samples).max(initial=0.0))
        if not np.isfinite(peak):
            raise AudioFileError("The recording holds damaged samples; save it anew.")
        if peak < _SILENCE:
            raise AudioFileError("The recording is silent.")
        blocks = []
        for excerpt in loudest_excerpts(samples, round(EXCERPT_SECONDS * rate), EXCERPTS):
            mono = to_mono(excerpt)[0]
            if rate != AISFX_RATE:
                mono = soxr.resample(mono, rate, AISFX_RATE)
            blocks.append(self._embedder.blocks(torch.from_numpy(np.ascontiguousarray(mono)))[0])
        return torch.stack(blocks)

    def embed(self, heard: Sequence[HeardRecording]) -> Tensor:
        """Vectors (N, 512) of unit length, all at once."""
        if not heard:
            return torch.zeros(0, 512)
        each = self._embedder.embed_blocks(torch.cat([one.blocks for one in heard]))
        of = torch.split(each, [len(one.blocks) for one in heard])
        return torch.nn.functional.normalize(torch.stack([rows.amax(0) for rows in of]), dim=1)


def loudest_excerpts(samples: _Sound, length: int, count: int) -> list[_Sound]:
    """At most `count` excerpts (channels, length) of a sound that do not overlap, the loudest
    first; all of it where it is not longer."""
    step = max(1, round(_STEP * length))
    if samples.shape[1] <= length:
        return [samples]
    energy = np.square(samples, dtype=np.float64).sum(0)
    total = np.concatenate([[0.0], np.cumsum(energy)])
    starts = np.arange(0, samples.shape[1] - length + 1, step)
    chosen: list[int] = []
    for place in np.argsort(total[starts] - total[starts + length], kind="stable"):
        if all(abs(int(starts[place]) - other) >= length for other in chosen):
            chosen.append(int(starts[place]))
        if len(chosen) == count:
            break
    return [samples[:, start : start + length] for start in chosen]
