"""A take with its sound, as whoever performs it hands it over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.errors import RenderError
from core.render.other_performers import TAKE_PEAK
from core.story.take import Take


@dataclass(frozen=True)
class RenderedTake:
    """A take with its sound: float32 (channels, frames), `duration + tail` seconds long.

    Attributes:
        latents: (T, C), what the sound was decoded from; of several sounds at once, its own; None:
            its performer has none.
    """

    event_id: str
    take: Take
    samples: npt.NDArray[np.float32]
    latents: Tensor | None


def cut_to_take(
    samples: npt.NDArray[np.float32], seconds: float, rate: int
) -> npt.NDArray[np.float32]:
    """So many seconds of what was performed, (channels, frames), turned down to `TAKE_PEAK`.

    Raises:
        RenderError: it is no sound, or too short.
    """
    if not np.isfinite(samples).all():
        raise RenderError("The performer produced no sound; try another seed.")
    frames = round(seconds * rate)
    if samples.shape[1] < frames:
        raise RenderError("The performer's sound is too short; report this with the story.")
    cut = np.ascontiguousarray(samples[:, :frames], dtype=np.float32)
    peak = float(np.abs(cut).max())
    return cut if peak <= TAKE_PEAK else cut * np.float32(TAKE_PEAK / peak)
