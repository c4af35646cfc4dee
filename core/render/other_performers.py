"""Takes by performers beside our own: what they are asked for, and what they give as a take.

Each event is told to them by itself. Their sound is brought to the model's rate; a mono one stays
mono. They begin from a sound wherever our own may; of a repainted take, what lies outside the span
is the sound that was there, not the performer's repetition of it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import soxr
from torch import Tensor

from core.errors import RenderError
from core.performer.event_performer import (
    EventPerformer,
    EventRequest,
    KnownSound,
    PerformerDescription,
)
from core.profile import RenderSettings
from core.render.start_sounds import StartSound, read_start_sound
from core.story.folders import StoryFolder
from core.story.latents import load_latents
from core.story.recording import brought_to
from core.story.story import Event
from core.story.take import Start, Take

TAKE_PEAK = 0.999
"""Takes are turned down to this peak where the codec overshoots, since FLAC cannot hold more."""
SEAM = 0.03
"""Seconds over which what was repainted goes over into what was kept."""

_Sound = npt.NDArray[np.float32]


def refusal(by: PerformerDescription, take: Take) -> str:
    """Why a performer cannot make such a take; empty: it can."""
    what = f"{by.title} cannot perform {take.caption[:60]!r}"
    if take.duration + take.tail > by.longest_seconds:
        return (
            f"{what}: it lasts {take.duration + take.tail:g} s with its cross-fade, more than the "
            f"{by.longest_seconds:g} s that this performer can; split it or choose another."
        )
    if take.start is None:
        return ""
    if take.start.span is not None and not by.repaints:
        return f"{what} in part: it cannot repaint; make a new take, or choose another performer."
    if take.start.span is None and not by.varies:
        return (
            f"{what} from another sound: it begins from words alone; make a new take, or choose "
            "another performer."
        )
    return ""


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """What another performer's take begins from.

    Attributes:
        sound: as the performer is told it.
        kept: the sound itself, (channels, frames) at the rate of takes.
    """

    sound: KnownSound
    kept: _Sound


def known_sound(
    by: PerformerDescription,
    folder: StoryFolder,
    event: Event,
    start: Start,
    seconds: float,
    rate: int,
    read: StartSound | None,
) -> Known:
    """What a take of this many seconds begins from, for this performer.

    Args:
        rate: Hz of takes.
        read: its sound, where that was read before.

    Raises:
        AudioFileError: it is gone or cannot be read.
    """
    if read is None or read.seconds < seconds:
        read = read_start_sound(folder, start, seconds)
    heard = read.used_for(seconds)
    channels = min(2, len(heard))
    samples = brought_to(heard, read.rate, by.sample_rate, channels)
    latents = None
    source = next((take for take in event.takes if take.key == start.source), None)
    own = source is not None and (source.performer, source.weights) == (by.name, by.weights)
    path = folder.path / "takes" / f"{start.source}.safetensors"
    if start.of == "take" and own and by.latent_channels and path.is_file():
        latents = load_latents(path, by.latent_channels)
    sound = KnownSound(samples, start.strength, start.span, latents)
    return Known(sound, brought_to(heard, read.rate, rate, channels))


@dataclasses.dataclass(frozen=True, eq=False)
class OtherTake:
    """A take by another performer, its sound at the model's rate, and its latents if it has any."""

    take: Take
    samples: _Sound
    latents: Tensor | None


def perform_other(
    performer: EventPerformer,
    take: Take,
    seed: int,
    known: Known | None,
    rate: int,
    *,
    on_step: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> OtherTake:
    """The take's sound, as long as the take or longer.

    Args:
        rate: Hz of the take's file.
        on_step: called with the number of each step and of all, and with both the same at the end.

    Raises:
        Cancelled, WeightsError, RenderError: as `EventPerformer.perform`; RenderError too where
            nothing is heard.
    """
    sound = known.sound if known else None
    request = EventRequest(take.caption, take.duration + take.tail, seed, sound)
    settings = RenderSettings(take.steps, take.guidance, take.sampler)
    steps = max(1, performer.steps(request, settings))

    def before(step: int) -> None:
        if on_step is not None:
            on_step(min(step, steps - 1), steps)

    made = performer.perform(request, settings, on_step=before, cancel=cancel)
    by = performer.description
    if not made.samples.any():
        raise RenderError(
            f"{by.title} gave silence for {take.caption[:60]!r}; try another seed, or another "
            "performer."
        )
    samples = made.samples
    if by.sample_rate != rate:
        samples = np.ascontiguousarray(soxr.resample(samples.T, by.sample_rate, rate, "VHQ").T)
    if known is not None and known.sound.span is not None:
        samples = spliced(known.kept, samples, known.sound.span, rate)
    if on_step is not None:
        on_step(steps, steps)
    take = dataclasses.replace(
        take,
        made_on=made.made_on,
        source=made.source,
        licence=made.licence or by.licence,
    )
    return OtherTake(take, samples, made.latents)


def spliced(kept: _Sound, new: _Sound, span: tuple[float, float], rate: int) -> _Sound:
    """`new` within the span and `kept` around it, (channels, frames) at `rate` Hz, as long as
    `new`; the seams lie within the span. Past the end of `kept` all is new, and what is new is
    turned down where it would have all turned down."""
    new = new / max(1.0, float(np.abs(new).max()) / TAKE_PEAK)
    if len(kept) != len(new):
        kept = np.repeat(kept.mean(axis=0, keepdims=True), len(new), axis=0)
    first, last = (round(seconds * rate) for seconds in span)
    seam = max(1, min(round(SEAM * rate), (last - first) // 2))
    clock = np.arange(new.shape[1])
    rise = np.clip((clock - first) / seam, 0.0, 1.0)
    fall = np.clip((last - clock) / seam, 0.0, 1.0)
    share = np.minimum(rise, fall).astype(np.float32)
    share[kept.shape[1] :] = 1.0
    kept = np.pad(kept[:, : new.shape[1]], ((0, 0), (0, max(0, new.shape[1] - kept.shape[1]))))
    mixed: _Sound = share * new + (1.0 - share) * kept
    return mixed
