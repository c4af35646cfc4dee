"""What our own performer's takes begin from: known latents, of another take or of a sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.errors import AudioFileError
from core.profile import OWN
from core.render.start_sounds import StartSound, read_start_sound
from core.story.folders import StoryFolder
from core.story.latents import load_latents
from core.story.recording import brought_to
from core.story.story import Event
from core.story.take import Start


@dataclass(frozen=True)
class Beginning:
    """What a take begins from, and its known latents (T, C)."""

    start: Start
    latents: Tensor


def known_of_event(
    model: AudioStory,
    folder: StoryFolder,
    event: Event,
    start: Start,
    seconds: float,
    read: StartSound | None,
) -> Tensor:
    """As `known`; of another performer's take the sound counts, since its latents are not ours."""
    source = next((take for take in event.takes if take.key == start.source), None)
    if start.of == "take" and source is not None and source.performer != OWN:
        start = dataclasses.replace(start, of="sound")
    with said_of(event, start):
        return known(model, folder, start, seconds, read)


def known(
    model: AudioStory,
    folder: StoryFolder,
    start: Start,
    seconds: float,
    read: StartSound | None = None,
) -> Tensor:
    """The latents (T, C) that a take of this many seconds begins from, from `start.offset` on.

    Of a sound only whole latent frames count, so that the performer goes on from its sound
    and not from the silence that fills up the last one.

    Args:
        read: its sound, where that was read before; the event may have become longer since.

    Raises:
        AudioFileError: the source is gone or cannot be read.
    """
    if start.of == "take":
        path = folder.path / "takes" / f"{start.source}.safetensors"
        latents = load_latents(path, model.codec.latent_channels)
        first = round(start.offset * model.sample_rate / model.codec.hop)
        return latents[min(first, len(latents) - 1) :]
    if read is None or read.seconds < seconds:
        read = read_start_sound(folder, start, seconds)
    heard = read.used_for(seconds)
    sound = torch.from_numpy(brought_to(heard, read.rate, model.sample_rate, model.channels))
    latents = model.codec.encode(sound[None])[0].cpu()
    return latents[: max(1, sound.shape[1] // model.codec.hop)]


@contextmanager
def said_of(event: Event, start: Start) -> Iterator[None]:
    """The error that a beginning cannot be read says of which event among many."""
    try:
        yield
    except AudioFileError as cause:
        name = event.caption[:60]
        raise AudioFileError(f"{name!r} cannot begin from its {start.of}. {cause}") from None
