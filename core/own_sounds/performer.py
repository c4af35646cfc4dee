"""An own sound as a performer: events whose caption has its name are performed by it.

It is our own performer's network with the sound's updates in it, told the sound's condition in
place of a caption's. It has that network for itself, so that nothing of what the model performs
otherwise changes by a bit, and renders draft and final alike with the full network; without
guidance, since it need not be kept from other sounds, a step costs what one of the distilled does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WeightsError, raise_if_cancelled
from core.own_sounds.own_sound import OwnSound, read_learned
from core.performer.event_performer import (
    EventRequest,
    KnownSound,
    PerformedEvent,
    PerformerDescription,
)
from core.performer.naming import OWN_SOUND, names_in
from core.profile import NO_GUIDANCE, Profile, RenderSettings

if TYPE_CHECKING:
    from torch import Tensor

    from core.codec.codec import Codec
    from core.performer.flow import KnownLatents
    from core.performer.flow_performer import FlowPerformer

FINAL_STEPS, DRAFT_STEPS = 16, 8
_LONGEST_EVENT = 300.0
"""Seconds of one event, as of our own performer."""


class OwnSoundPerformer:
    """See `core.performer.event_performer.EventPerformer`.

    Args:
        about: what is said of the sound.
        digest: of its file.
        before_loading: called before it takes memory.
    """

    def __init__(
        self,
        about: OwnSound,
        path: Path,
        digest: str,
        profile: Profile,
        before_loading: Callable[[], object] = lambda: None,
    ) -> None:
        self.about, self.path, self._digest = about, path, digest
        self._profile = profile
        self._before_loading = before_loading
        self._loaded: tuple[FlowPerformer, Codec, Tensor] | None = None

    @property
    def description(self) -> PerformerDescription:
        about, profile = self.about, self._profile
        return PerformerDescription(
            f"{OWN_SOUND}{about.name}",
            about.name,
            "caption",
            _LONGEST_EVENT,
            profile.sample_rate,
            RenderSettings(DRAFT_STEPS, NO_GUIDANCE),
            RenderSettings(FINAL_STEPS, NO_GUIDANCE),
            f"{about.base}-{self._digest}",
            about.licence,
            f"learned from {about.recordings} recordings"
            + (f" by {about.recorded_by}" if about.recorded_by else ""),
            varies=True,
            repaints=True,
            latent_channels=profile.performer.latent_channels,
            answers_to=about.names,
        )

    def knows(self, captions: Sequence[str]) -> list[float]:
        """Wholly where a caption names it, else not at all."""
        return [float(names_in(caption, self.about.names)) for caption in captions]

    def steps(self, request: EventRequest, settings: RenderSettings) -> int:
        known = request.known
        return settings.steps if known is None else max(1, round(settings.steps * known.strength))

    def unload(self) -> None:
        self._loaded = None

    def perform(
        self,
        request: EventRequest,
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> PerformedEvent:
        """See `EventPerformer.perform`."""
        raise_if_cancelled(cancel, "Rendering")
        from core.placement import Placement, numeric_path

        performer, codec, condition = self._ready()
        frames = codec.frames(request.seconds)
        known = None
        if request.known is not None:
            known = known_latents(codec, request.known, frames, performer.canvas(frames))
        latents = performer.render(
            condition[None],
            [request.seconds],
            frames,
            [request.seed],
            settings,
            known=known,
            on_step=on_step,
            cancel=cancel,
        )
        sound = codec.decode(latents, seed=request.seed)[0]
        source = self.description.source
        return PerformedEvent(sound.numpy(), latents[0], numeric_path(Placement()), source)

    def _ready(self) -> tuple[FlowPerformer, Codec, Tensor]:
        """The network with the sound's updates in it; read when it is first used.

        Raises:
            WeightsError: the sound's file is gone, damaged, or goes with other weights.
        """
        if self._loaded is None:
            from core.own_sounds.base import base_digest, load_base
            from core.performer.low_rank import merge_updates

            check_base(self.about, self._profile, base_digest(self._profile))
            sound = read_learned(self.path)
            self._before_loading()
            performer, codec = load_base(self._profile)
            wanted = performer.negative.shape[1:]
            if sound.condition.shape != wanted:
                raise WeightsError(
                    f"{self.path.name} does not fit {self._profile.title}; learn the sound again."
                )
            merge_updates(performer, sound.updates)
            self._loaded = performer, codec, sound.condition
        return self._loaded


def check_base(about: OwnSound, profile: Profile, base: str) -> None:
    """Refuse a sound that was learned upon other weights; raises WeightsError.

    Args:
        base: of the profile (`core.own_sounds.base.base_digest`).
    """
    if about.base != base:
        raise WeightsError(
            f"{about.name!r} was learned upon other weights, those of {about.profile[:60]}, and "
            f"does not go with {profile.title} as it is here; learn it again from its recordings."
        )


def known_latents(codec: Codec, known: KnownSound, frames: int, canvas: int) -> KnownLatents:
    """What a render of so many frames begins from; what lies beyond a known sound is all new."""
    import torch

    from core.performer.flow import KnownLatents

    heard = known.latents
    if heard is None:
        samples = torch.from_numpy(known.samples).mean(0, keepdim=True)
        waveform = samples.expand(1, codec.audio_channels, -1)
        heard = codec.encode(waveform)[0, : max(1, waveform.shape[2] // codec.hop)]
    heard = heard[:frames]
    latents, strength = torch.zeros(1, canvas, codec.latent_channels), torch.ones(1, canvas)
    latents[0, : len(heard)] = heard
    strength[0, : len(heard)] = known.strength
    if known.span is not None:
        first, last = (round(s * codec.sample_rate / codec.hop) for s in known.span)
        kept = torch.ones(len(heard), dtype=torch.bool)
        kept[first : max(last, first + 1)] = False
        strength[0, : len(heard)][kept] = 0.0
    return KnownLatents(latents, strength)
