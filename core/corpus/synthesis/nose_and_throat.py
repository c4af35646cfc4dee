"""A wet nose, a belch, water that is gargled."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.breath import somebody
from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import beats, contour, decay, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, sweeping
from core.corpus.synthesis.grains import add_at, bubbles, burst, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.plumbing import tiled
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import brown, phase, white
from core.corpus.synthesis.space import reverb, room
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import silent_voice, vocal_sound


def _sniff(rng: Rng, length: float, wet: float, size: float) -> Signal:
    """Air drawn in through a narrow nose: it hisses brighter and brighter and is cut off.

    What is wet flaps in the passage some 25 to 70 times a second, and crackles.
    """
    n = frames(length)
    drawn = contour(n, (0, 0), (0.15, 0.35), (0.7, 0.9), (0.9, 1.0), (1, 0))
    centre = size * log_between(rng, 1500, 2400) * contour(n, (0, 0.7), (0.8, 1.25), (1, 1.1))
    air = unit(sweeping(white(n, rng), centre, 1.5))
    hiss = unit(bandpass(white(n, rng), 3000 * size, 9000, 1))
    flap = phase(log_between(rng, 25, 70) * 2 ** (0.5 * wander(n, 18, rng)))
    gate = 1 - wet * (1 - np.abs(np.sin(np.pi * flap)) ** between(rng, 0.8, 2.5))
    x = (air + between(rng, 0.25, 0.6) * hiss) * drawn * gate * swell(n, 40, rng, 0.2)
    if wet > 0.3:
        small = bubbles(rng, 12, 500, 2600, 0.3)
        places = poisson(n, 140 * wet * drawn, rng)
        x = unit(x) + wet * 0.6 * unit(
            scatter(n, places, sizes(len(places), rng), small, rng) + 1e-9
        )
        x *= contour(n, (0, 0), (0.1, 1), (0.93, 1), (1, 0))
    return peaked(x)


def sniffle(seconds: float, rng: Rng) -> Synthesised:
    """Short sniffs of 0.12 to 0.5 s, one to three at a time; *strength* is how wet they are."""
    n = frames(seconds)
    strength, wet = level(rng, light=0.1, moderate=0.45, heavy=0.9)
    count, most = level(rng, single=1, several=4, many=99)
    _, size = somebody(rng)
    x = np.zeros(n)
    t, made = between(rng, 0.03, 0.2), 0
    while t < seconds - 0.2 and made < most:
        for _ in range(1 if most == 1 else int(rng.integers(1, 4))):
            length = min(between(rng, 0.12, 0.5), seconds - t - 0.03)
            if length < 0.1 or made >= most:
                break
            add_at(
                x, t, _sniff(rng, length, wet * between(rng, 0.8, 1.1), size), between(rng, 0.5, 1)
            )
            t += length + between(rng, 0.05, 0.2)
            made += 1
        t += between(rng, 0.3, 1.3)
    x = reverb(x, rng, between(rng, 0.2, 0.45), between(rng, 0.06, 0.25), 5000)
    x = peaked(limited(x, 9)) + log_between(rng, 8e-4, 4e-3) * unit(lowpass(brown(n, rng), 500, 1))
    attributes = {"strength": strength, "count": how_many(made) if most > 1 else count}
    return finish(x, seconds, rng, attributes)


def burp(seconds: float, rng: Rng) -> Synthesised:
    """Gas that shakes the gullet 45 to 140 times a second, unevenly, through throat and mouth.

    The heavier, the lower and longer; the mouth opens into it and closes.
    """
    n = frames(seconds)
    strength, (pitch, longest) = level(
        rng, light=(118.0, 0.3), moderate=(82.0, 0.75), heavy=(58.0, 1.7)
    )
    pitch *= between(rng, 0.88, 1.14)
    _, size = somebody(rng, 0.1)
    size = min(size, 1.25)
    voice = silent_voice(n, pitch)
    length = min(longest * between(rng, 0.75, 1.3), seconds - 0.2)
    t = between(rng, 0.04, 0.15)
    first, last = str(rng.choice(["@", "U", "E"])), str(rng.choice(["O", "A", "@", "o"]))
    middle = str(rng.choice(["A", "a", "V", "O"]))
    swells = [(k / 8, between(rng, 0.55, 1.0)) for k in range(2, 8)]
    voice.write(
        t,
        length,
        pitch=(
            (0, pitch * between(rng, 0.7, 0.9)),
            (between(rng, 0.15, 0.4), pitch * between(rng, 1.1, 1.35)),
            (between(rng, 0.6, 0.8), pitch),
            (1, pitch * between(rng, 0.65, 0.85)),
        ),
        effort=((0, 0), (0.08, 0.7), *swells, (1, 0)),
        air=((0, 0), (0.1, 0.25), (0.8, 0.12), (1, 0)),
        vowels=((0, first), (0.3, middle), (0.8, middle), (1, last)),
        rough=between(rng, 0.1, 0.22),
        doubled=between(rng, 0.2, 0.7),
    )
    if chance(rng, 0.3) and t + length + 0.3 < seconds:
        voice.write(
            t + length + 0.08,
            0.25,
            air=((0, 0), (0.2, 0.25), (1, 0)),
            vowels=((0, "@"), (1, "U")),
        )
    x = vocal_sound(n, voice, Larynx(0.55, 1.5, 0.3, 0.06, 0.35), size, rng)
    x = resonances(x, (220 * size, 160, 0.7), (700 * size, 500, 0.8)) + 0.6 * x
    gulp = burst(rng, 300, 1500, 0.03)
    add_at(x, t - 0.02, gulp, 0.2 * float(np.max(np.abs(x))))
    x = room(peaked(x), rng)
    x = peaked(x) + log_between(rng, 5e-4, 3e-3) * unit(lowpass(brown(n, rng), 500, 1))
    return finish(limited(x, 7), seconds, rng, {"strength": strength, "count": "single"})


def gargling(seconds: float, rng: Rng) -> Synthesised:
    """Air blown up through water in the throat: bubbles burst 10 to 26 times a second in a voice.

    Each bubble opens the throat for a moment, so that the voice comes in bursts, and rings itself.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=11.0, steady=16.0, fast=23.0)
    pitch, size = somebody(rng)
    voiced = between(rng, 0.35, 0.9) if chance(rng, 0.75) else 0.0
    voice = silent_voice(n, pitch)
    gate = np.zeros(n)
    big, small = bubbles(rng, 16, 260, 900, 0.25), bubbles(rng, 24, 700, 3200, 0.2)
    water = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    while t < seconds - 0.2:
        length = min(between(rng, 1.2, 4.0), seconds - t - 0.05)
        f = pitch * between(rng, 0.95, 1.2)
        vowel = str(rng.choice(["A", "a", "V", "@"]))
        voice.write(
            t,
            length,
            pitch=(
                (0, f * 0.95),
                (0.3, f * between(rng, 1.0, 1.15)),
                (1, f * between(rng, 0.8, 1)),
            ),
            effort=((0, 0), (0.06, voiced), (0.85, 0.9 * voiced), (1, 0)),
            air=((0, 0), (0.06, 0.5), (0.9, 0.4), (1, 0)),
            vowels=((0, vowel), (1, vowel)),
            rough=0.03,
        )
        for late in beats(length - 0.05, 1 / (rate * between(rng, 0.93, 1.07)), 0.28, rng):
            m = frames(between(rng, 0.7, 1.1) / rate)
            opened = decay(m, 1.6 / rate) * np.minimum(1, np.arange(m) / frames(0.006))
            add_at(gate, t + late, opened, between(rng, 0.5, 1.0))
            add_at(water, t + late, big[int(rng.integers(16))], between(rng, 0.3, 1.0))
            for _ in range(int(rng.integers(1, 4))):
                drop = small[int(rng.integers(24))]
                add_at(water, t + late + between(rng, 0, 0.8 / rate), drop, between(rng, 0.1, 0.5))
        t += length + between(rng, 0.25, 0.7)
    x = vocal_sound(n, voice, Larynx(0.8, 2.0, 0.2, 0.012, 0.08), size, rng)
    x = unit(x * np.minimum(gate, 1.5)) + between(rng, 0.35, 0.9) * unit(water)
    x = lowpass(x, between(rng, 3500, 7000), 1)
    x = tiled(x, rng) if chance(rng, 0.5) else room(x, rng)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo})


NOSE_AND_THROAT: dict[str, Recipe] = {"sniffle": sniffle, "burp": burp, "gargling": gargling}
"""By the name of the kind."""
