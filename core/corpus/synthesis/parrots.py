"""Parrots: the screeches of macaws, cockatoos and smaller ones."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import contour, swell, wander
from core.corpus.synthesis.filters import bandpass
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.habitats import beside, over_ground, woodland
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import phase, white
from core.corpus.synthesis.space import draw_distance
from core.corpus.synthesis.voices import Timbre, vocalise


def _screech(rng: Rng, pitch: float, size: float, length: float, harsh: float) -> Signal:
    """A syrinx driven so hard that its periods break up, through a beak that opens and shuts.

    The pitch leaps up within a twentieth of a second and sags; two sides of the syrinx beat, which
    roughens the screech 60 to 160 times a second.
    """
    n = frames(length)
    top = between(rng, 1.05, 1.25)
    hz = pitch * contour(
        n, (0, 0.6), (min(0.3, 0.06 / length), top), (0.55, 1.0), (1, between(rng, 0.55, 0.8))
    )
    hz = hz * 2 ** (0.03 * harsh * wander(n, 70, rng))
    loud = contour(n, (0, 0), (min(0.25, 0.03 / length), 1), (0.7, 0.85), (1, 0))
    beat = between(rng, 60, 160) * 2 ** (0.15 * wander(n, 9, rng))
    rough = 1 - 0.5 * harsh * (0.5 + 0.5 * np.sin(2 * np.pi * phase(beat)))
    beak = (
        (1300 / size, 1600 / size, 500, 0.7),
        (2500 / size, 2900 / size, 700, 1.0),
        (4200 / size, 4500 / size, 1200, 0.7),
        (6800 / size, 6500 / size, 2200, 0.3),
    )
    voice = Timbre(beak, 2.0, 0.12 + 0.25 * harsh, 0.3 + 0.9 * harsh, 0.25 + 0.5 * harsh)
    other = Timbre(beak, 3.0, 0.1, 0.3 + 0.6 * harsh, 0.3)
    x = vocalise(hz, loud * rough, voice, rng)
    x += between(rng, 0.2, 0.6) * vocalise(hz * between(rng, 1.03, 1.4), loud * rough, other, rng)
    spray = bandpass(white(n, rng), 1800 / size, 7000 / size, 1) * loud * swell(n, 60, rng, 0.4)
    return peaked(unit(x) + 0.3 * harsh * unit(spray))


def parrot(seconds: float, rng: Rng) -> Synthesised:
    """Screeches of 0.15 to 1 s, single or in a row, of a bird as small as a budgerigar or a macaw.

    The larger the bird, the lower: harmonics of 450 to 1900 Hz fill 1 to 8 kHz, half noise.
    """
    n = frames(seconds)
    count, most = level(rng, single=1, several=4, many=99)
    tempo, pause = level(rng, slow=1.1, steady=0.55, fast=0.2)
    size = log_between(rng, 0.62, 1.3)
    pitch = log_between(rng, 520, 900) / size**1.4
    harsh = between(rng, 0.35, 1.0)
    long = between(rng, 0.3, 0.8) * size**0.5
    x = np.zeros(n)
    t, made = between(rng, 0.03, 0.25), 0
    while t < seconds - 0.2 and made < most:
        for _ in range(1 if most == 1 else int(rng.integers(1, 5))):
            length = min(long * between(rng, 0.6, 1.3), seconds - t - 0.05)
            if length < 0.12 or made >= most:
                break
            call = _screech(rng, pitch * between(rng, 0.88, 1.12), size, length, harsh)
            add_at(x, t, call, between(rng, 0.6, 1.0))
            t += length + pause * between(rng, 0.3, 0.8)
            made += 1
        t += pause * between(rng, 1.0, 2.5)
    distance = draw_distance(rng, 0.2)
    near = distance == "close" and chance(rng, 0.4)
    x = beside(x, rng) if near else woodland(over_ground(x, distance, rng), rng)
    attributes = {"tempo": tempo, "distance": distance}
    attributes["count"] = count if most == 1 else how_many(made)
    return finish(limited(x, 7), seconds, rng, attributes)


PARROTS: dict[str, Recipe] = {"parrot": parrot}
"""By the name of the kind."""
