"""Clips that are told what to say of themselves: one draw is settled, all others are the seed's.

Two of them, told the one thing and the other, are the same but for that, so that a pair shows
whether a parameter is in the sound, where clips as they come would have to be many.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TypeVar
from unittest import mock

import numpy as np

from core.corpus.recordings import Waveform
from core.corpus.synthesis import sampling, space, synthesise_clip
from core.corpus.synthesis.sampling import Rng

_T = TypeVar("_T")


@contextmanager
def _settled(said: str) -> Iterator[None]:
    """While it lasts, every choice that can be `said` is, and nothing else is drawn differently."""

    def level(rng: Rng, **choices: _T) -> tuple[str, _T]:
        name, value = sampling.level(rng, **choices)
        return (said, choices[said]) if said in choices else (name, value)

    def chance(rng: Rng, probability: float) -> bool:
        drawn = sampling.chance(rng, probability)
        return {"close": False, "distant": True}.get(said, drawn)

    recipes = [
        module
        for name, module in sys.modules.items()
        if name.startswith("core.corpus.synthesis.")
        and module is not sampling
        and getattr(module, "level", None) is sampling.level
    ]
    with ExitStack() as patches:
        for module in recipes:
            patches.enter_context(mock.patch.object(module, "level", level))
        patches.enter_context(mock.patch.object(space, "chance", chance))
        yield


@cache
def told(name: str, seconds: float, seed: int, key: str, said: str) -> Waveform:
    """The clip of a kind whose attribute `key` is `said`."""
    with _settled(said):
        clip = synthesise_clip(name, seconds, np.random.default_rng(seed))
    assert clip.attributes[key] == said, f"{name} cannot be told to be {said}"
    return clip.samples
