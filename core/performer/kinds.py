"""The performers by the `kind` that a profile names. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from core.errors import ProfileError
from core.performer.controls import Controls
from core.performer.flow_performer import FlowPerformer
from core.performer.performer import Performer
from core.profile import PerformerConfig, Profile


def _build_flux(config: PerformerConfig, semantic_tokens: int) -> Performer:
    from core.performer.flux import FluxPerformer  # brings diffusers, which takes a second

    return FluxPerformer(config, semantic_tokens)


PERFORMERS: dict[str, Callable[[PerformerConfig, int], Performer]] = {"flux": _build_flux}
"""How each is built from its settings and the number of a condition's tokens."""


def with_controls(performer: FlowPerformer, controls: Controls) -> Callable[..., Tensor]:
    """The performer's velocity, of sounds of which this is said besides.

    Raises:
        ProfileError: the performer has not learned it.
    """
    from core.performer.flux import FluxPerformer

    if not isinstance(performer, FluxPerformer) or performer.earlier is None:
        raise ProfileError(
            "This performer has learned no onsets and levels; set controls in its profile and "
            "train it anew."
        )
    return partial(performer.velocity, controls=controls)


def build_performer(profile: Profile) -> Performer:
    """The performer of a profile, untrained.

    Raises:
        ProfileError: there is no such kind, or it lacks a size.
    """
    config = profile.performer
    if config.kind not in PERFORMERS:
        known = ", ".join(PERFORMERS)
        raise ProfileError(f"There is no performer {config.kind!r}; the profile can name {known}.")
    return PERFORMERS[config.kind](config, profile.bridge.semantic_tokens)
