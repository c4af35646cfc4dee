"""From float samples to whole numbers, with dither where bits are lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples


class Dither:
    """Quantises blocks to `bits`, with triangular dither of two steps' width.

    Digital silence stays digital silence. The same sound gives the same numbers each time.
    """

    def __init__(self, bits: int) -> None:
        self._scale = float(2 ** (bits - 1))
        self._random = np.random.Generator(np.random.SFC64(bits))

    def quantised(self, block: Samples) -> npt.NDArray[np.int32]:
        """int32 of the same shape, clipped at full scale."""
        noise = self._random.random(block.shape, dtype=np.float32)
        noise -= self._random.random(block.shape, dtype=np.float32)
        scaled = block * self._scale if self._scale <= 2**15 else block * np.float64(self._scale)
        scaled += noise
        np.rint(scaled, out=scaled)
        np.clip(scaled, -self._scale, self._scale - 1.0, out=scaled)
        scaled[block == 0.0] = 0.0
        return scaled.astype(np.int32)
