"""Sample-rate conversion in blocks (soxr)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from core.mix.crossfade import Samples

QUALITY = "HQ"


def resampled(blocks: Iterable[Samples], rate: int, wanted: int, frames: int) -> Iterator[Samples]:
    """Blocks (n, channels) at `rate` Hz as blocks at `wanted` Hz, exactly `frames` in all.

    The position of every sound is kept: frame n lies at n / wanted seconds.
    """
    if rate == wanted:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    channels, written = 2, 0
    for block in blocks:
        if stream is None:
            channels = block.shape[1]
            stream = soxr.ResampleStream(rate, wanted, channels, "float32", QUALITY)
        ready = stream.resample_chunk(block)[: frames - written]
        written += len(ready)
        if len(ready):
            yield ready
    if stream is not None:
        nothing = np.zeros((0, channels), dtype=np.float32)
        ready = stream.resample_chunk(nothing, last=True)[: frames - written]
        written += len(ready)
        yield ready
    if written < frames:
        yield np.zeros((frames - written, channels), dtype=np.float32)
