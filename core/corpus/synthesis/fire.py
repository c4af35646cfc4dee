"""Fire: lapping flames, hiss, and the crackle of bursting wood."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass
from core.corpus.synthesis.grains import bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import wood
from core.corpus.synthesis.sampling import Rng, between, chance, frames, level
from core.corpus.synthesis.sources import brown, pink, white
from core.corpus.synthesis.space import outdoors, room


def fire(seconds: float, rng: Rng) -> Synthesised:
    """Crackles in clusters and rarer pops with a woody body, over flames."""
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=1.0, heavy=2.2)
    activity = swell(n, 0.8, rng, 0.6) * swell(n, 6, rng, 0.5)
    places = poisson(n, np.minimum(between(rng, 14, 32) * force * activity, 400), rng)
    bank = bursts(rng, 50, (1200, 9000), (0.0015, 0.012), 1.3)
    crackle = scatter(n, places, sizes(len(places), rng, 1.1, 15), bank, rng)
    places = poisson(n, between(rng, 1.0, 3.5) * force**0.7, rng)
    log = wood(rng, between(rng, 300, 600), 3500, 10, t60=0.04)
    snaps = [
        log.tuned(between(rng, 0.7, 1.5)).struck(2600, rng) + 0.6 * grain
        for grain in (
            np.pad(b, (0, 2600))[:2600] for b in bursts(rng, 14, (1000, 5000), (0.01, 0.03))
        )
    ]
    pops = scatter(n, places, sizes(len(places), rng, 1.5, 6), snaps, rng)
    flutter = np.abs(wander(n, between(rng, 5, 10), rng)) ** 1.5 + 0.3
    lapping = unit(bandpass(brown(n, rng), 30, between(rng, 200, 500), 1)) * flutter
    hiss = unit(highpass(pink(n, rng), between(rng, 1000, 3000), 1)) * swell(n, 3, rng, 0.3) ** 2
    roar = unit(bandpass(pink(n, rng), 120, 1200, 1)) * swell(n, 4, rng, 0.25)
    x = unit(crackle) + 0.9 * unit(pops) + between(rng, 0.08, 0.3) * lapping * force**0.5
    x += between(rng, 0.03, 0.12) * hiss + between(rng, 0.06, 0.2) * force * roar
    x += 0.02 * lowpass(white(n, rng), 9000, 1)
    x = room(x, rng) if chance(rng, 0.4) else outdoors(x, rng)
    return finish(limited(x, 9), seconds, rng, {"strength": strength})
