"""A shop's roller shutter."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, strike, swell
from core.corpus.synthesis.filters import lowpass, shaped
from core.corpus.synthesis.grains import add_at, ringing
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.roads import town
from core.corpus.synthesis.sampling import Rng, between, frames, level
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb


def roller_shutter(seconds: float, rng: Rng) -> Synthesised:
    """Steel slats wound up or let down: each knocks in its guides, 5 to 15 a second, and a stop.

    The curtain is a large plate: it booms from 60 Hz and rattles to 8 kHz; it ends with a crash.
    """
    n = frames(seconds)
    tempo, top = level(rng, slow=5.0, steady=8.0, fast=13.0)
    run = seconds * between(rng, 0.7, 0.88)
    m = frames(run)
    rate = top * contour(m, (0, 0.35), (0.15, 0.9), (0.8, 1.0), (1, between(rng, 0.5, 1.2)))
    sheet = metal(rng, 90, 6500, 40, t60=0.25)
    slats = [
        sheet.tuned(between(rng, 0.9, 1.1)).struck(frames(0.3), rng, 4000, 0.6) for _ in range(3)
    ]
    x = np.zeros(n)
    body = np.zeros(m)
    for slat in slats:
        body += ringing(pulses(rate / 3, rng, 0.25, 0.5), slat)
    guide = shaped(
        white(m, rng), (80, -8), (300, 0), (1200, 1), (3500, -4), (9000, -16), (17_000, -32)
    )
    scrape = unit(guide) * swell(m, 14, rng, 0.35) * (rate / top)
    knocks = ringing(np.abs(pulses(rate, rng, 0.15, 0.4)), strike(frames(0.08), 0.004, 0.08))
    moving = unit(body) + between(rng, 0.5, 0.9) * unit(scrape * (0.4 + knocks))
    add_at(x, 0.0, moving * arch(m, 0.03, 0.04))
    crash = sheet.struck(frames(0.9), rng, 3000)
    boom = peaked(lowpass(white(frames(0.5), rng), 180)) * strike(frames(0.5), 0.004, 0.35)
    add_at(x, run, peaked(crash), between(rng, 1.5, 3))
    add_at(x, run, boom, between(rng, 0.6, 1.5))
    distance = draw_distance(rng, 0.2)
    x = reverb(x, rng, between(rng, 0.5, 1.2), between(rng, 0.2, 0.4), 3000)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = unit(x) + between(rng, 0.02, 0.08) * town(n, rng)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, fade_out=0.2)


ROLLER_SHUTTER: dict[str, Recipe] = {"roller_shutter": roller_shutter}
