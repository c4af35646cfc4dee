"""What lips, tongue and throat do: whistle, kiss, chew and drink."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import OUT_OF_DOORS, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, bubble, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import brown, pulses, sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, reverb, room
from core.corpus.synthesis.tract import CONTROL_HOP, Larynx, at_samples, control_frames
from core.corpus.synthesis.tunes import tune
from core.corpus.synthesis.vocal import silent_voice, vocal_sound


def whistling(seconds: float, rng: Rng) -> Synthesised:
    """A tune whistled at 700 to 3000 Hz: nearly a sine, with air about it and slides between."""
    n = frames(seconds)
    tempo, beat = level(rng, slow=0.55, steady=0.38, fast=0.25)
    base = log_between(rng, 750, 1350)
    count = control_frames(n)
    pitch, loud = np.zeros(count), np.zeros(count)
    slurred = between(rng, 0.0, 0.8)
    per = SAMPLE_RATE / CONTROL_HOP
    for start, long, semitones in tune(seconds, rng, beat):
        a, b = round(start * per), round((start + long) * per)
        pitch[a:] = semitones
        loud[a:b] = between(rng, 0.7, 1.0)
        if not chance(rng, slurred):
            loud[max(a, b - round(0.035 * per)) : b] = 0.08
    depth, rate = between(rng, 0.0, 0.35), between(rng, 4.8, 6.5)
    semis = at_samples(gaussian_filter1d(pitch, between(rng, 1.5, 4.5)), n)
    shake = depth * sine(rate * 2 ** (0.1 * wander(n, 1, rng))) + 0.12 * wander(n, 5, rng)
    hz = base * 2 ** ((semis + shake) / 12)
    strength = at_samples(gaussian_filter1d(loud, 2.0), n) * swell(n, 6, rng, 0.12)
    tone = sine(hz) + log_between(rng, 0.01, 0.05) * sine(2 * hz)
    air = unit(sweeping(white(n, rng), hz, 0.5)) + 0.4 * unit(bandpass(white(n, rng), 1500, 9000))
    x = strength * (tone + log_between(rng, 0.02, 0.14) * air)
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = hall(x, rng) if chance(rng, 0.25) else room(x, rng)
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance}, OUT_OF_DOORS)


def _smack(rng: Rng, force: float) -> Signal:
    """Lips that hold by suction, squeak as they slip and part with a pop."""
    squeak = between(rng, 0.05, 0.22) * (0.6 + 0.6 * force)
    n = frames(squeak + 0.15)
    m = frames(squeak)
    rate = log_between(rng, 90, 220) * contour(m, (0, 0.7), (0.8, 1.2), (1, 1.8))
    slip = pulses(rate * 2 ** (0.2 * wander(m, 30, rng)), rng, 0.08, 0.5)
    wet = white(m, rng) * (0.1 + np.convolve(slip, decay(frames(0.004), 0.008))[:m])
    centre = log_between(rng, 900, 1800) * contour(m, (0, 0.6), (0.7, 1.0), (1, 1.7))
    rise = contour(m, (0, 0), (0.6, 0.4), (1, 1.0))
    x = np.zeros(n)
    x[:m] = peaked(sweeping(wet, centre, 1.1)) * rise * between(rng, 0.3, 0.8)
    pop = burst(rng, log_between(rng, 600, 1100), log_between(rng, 2200, 5000), 0.03)
    add_at(x, squeak - 0.004, pop, force)
    add_at(x, squeak + between(rng, 0.008, 0.03), burst(rng, 1500, 8000, 0.012), 0.3 * force)
    return x


def kiss(seconds: float, rng: Rng) -> Synthesised:
    """One kiss or several, close by."""
    n = frames(seconds)
    strength, force = level(rng, light=0.45, moderate=0.7, heavy=1.0)
    count, most = level(rng, single=1, several=4)
    x = np.zeros(n)
    t, given = between(rng, 0.05, 0.25), 0
    while t < seconds - 0.3 and given < most:
        add_at(x, t, _smack(rng, force), between(rng, 0.7, 1.0))
        given += 1
        t += between(rng, 0.35, 0.8)
    if chance(rng, 0.25) and given == 1:
        voice = silent_voice(n, log_between(rng, 160, 320))
        hum = between(rng, 0.2, 0.4)
        voice.write(
            0.25,
            hum,
            effort=((0, 0), (0.4, 0.3), (1, 0)),
            air=((0, 0), (0.7, 0.15), (1, 0)),
            vowels=((0, "u"), (0.4, "V"), (1, "A")),
        )
        x += between(rng, 0.1, 0.35) * vocal_sound(n, voice, Larynx(), 1.15, rng)
    x = reverb(x, rng, between(rng, 0.15, 0.4), between(rng, 0.05, 0.2), 5000)
    x = peaked(x) + log_between(rng, 3e-4, 2e-3) * unit(lowpass(brown(n, rng), 500, 1))
    attributes = {"strength": strength}
    if (count == "single") == (given == 1):
        attributes["count"] = count
    return finish(x, seconds, rng, attributes)


def _swallow(rng: Rng) -> Signal:
    """Tongue off the palate, the throat closing over a bubble, and open again."""
    x = np.zeros(frames(0.45))
    add_at(x, 0.0, burst(rng, 900, 3000, 0.012), between(rng, 0.2, 0.5))
    low = bubble(rng, log_between(rng, 170, 380), between(rng, 0.15, 0.5))
    late = between(rng, 0.05, 0.1)
    add_at(x, late, low * decay(len(low), 0.25), 1.0)
    m = frames(between(rng, 0.08, 0.16))
    squeeze = lowpass(white(m, rng), between(rng, 400, 900), 2) * arch(m, 0.2, 0.5)
    add_at(x, late - 0.02, peaked(squeeze), between(rng, 0.25, 0.6))
    add_at(x, late + between(rng, 0.1, 0.2), burst(rng, 700, 2600, 0.015), between(rng, 0.15, 0.5))
    return peaked(x)


def _chew(rng: Rng, crisp: float, long: float) -> Signal:
    """One bite of the jaw: what is between the teeth breaks, then lips and tongue smack."""
    n = frames(long)
    press = contour(n, (0, 0), (0.15, 1), (0.45, 0.5), (0.6, 0.05), (1, 0))
    bank = bursts(rng, 24, (700, 9000), (0.002, 0.012), 1.2)
    places = poisson(n, press * (80 + 900 * crisp), rng)
    crunch = scatter(n, places, sizes(len(places), rng, 1.1), bank, rng)
    skull = lowpass(crunch, between(rng, 500, 1100), 1)
    mush = bandpass(white(n, rng), 500, 3500, 1) * press * swell(n, 60, rng, 0.9)
    x = crisp * (unit(crunch) + 0.8 * unit(skull)) + (1 - 0.7 * crisp) * 0.6 * unit(mush)
    for _ in range(int(rng.integers(1, 4))):
        smack = burst(rng, log_between(rng, 700, 1500), log_between(rng, 2500, 6000), 0.014)
        add_at(x, between(rng, 0.55, 0.85) * long, smack, between(rng, 0.5, 2.0) * (1.2 - crisp))
    return x


def eating(seconds: float, rng: Rng) -> Synthesised:
    """Bites and chewing, one or two a second, softer from chew to chew until it is swallowed."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.0, steady=1.4, fast=1.9)
    strength, crunchy = level(rng, light=0.1, moderate=0.5, heavy=1.0)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    while t < seconds:
        crisp = crunchy * between(rng, 0.75, 1.0)
        if crunchy > 0.3:
            bite = _chew(rng, crisp, between(rng, 0.25, 0.45))
            add_at(x, t, bite, between(rng, 1.2, 2.0))
            t += between(rng, 0.5, 0.8)
        for start in beats(between(rng, 5, 11) / rate, 1 / rate, 0.08, rng):
            add_at(x, t + start, _chew(rng, crisp, 0.75 / rate), between(rng, 0.7, 1.0))
            crisp *= between(rng, 0.8, 0.95)
        t += 8 / rate * between(rng, 0.9, 1.1)
        add_at(x, t, _swallow(rng), between(rng, 0.5, 1.2))
        t += between(rng, 0.6, 1.4)
    x = shaped(x, (60, -12), (200, 0), (6000, 0), (14_000, -6))
    x = reverb(x, rng, between(rng, 0.15, 0.4), between(rng, 0.05, 0.2), 5000)
    x = limited(x, 9)
    x = peaked(x) + log_between(rng, 5e-4, 3e-3) * unit(lowpass(brown(n, rng), 500, 1))
    return finish(x, seconds, rng, {"tempo": tempo, "strength": strength})


def _slurp(rng: Rng, long: float) -> Signal:
    """Drink drawn over the lip with air: a flutter of small bubbles in a hiss."""
    n = frames(long)
    flutter = np.abs(sine(log_between(rng, 18, 40) * 2 ** (0.3 * wander(n, 15, rng))))
    hiss = sweeping(white(n, rng), log_between(rng, 1500, 3000) * contour(n, (0, 0.7), (1, 1.4)), 1)
    drops = [bubble(rng, log_between(rng, 700, 2800), 0.2) for _ in range(12)]
    places = poisson(n, between(rng, 60, 200), rng)
    small = scatter(n, places, sizes(len(places), rng, 1.5), drops, rng)
    x = unit(hiss * (0.2 + flutter)) + between(rng, 0.3, 1.0) * unit(small)
    return peaked(x * arch(n, 0.2, 0.15))


def drinking(seconds: float, rng: Rng) -> Synthesised:
    """Gulps, a slurp before them at times, and a breath of relief behind."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.8, steady=1.15, fast=1.7)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    voice = silent_voice(n, log_between(rng, 110, 240))
    while t < seconds - 0.2:
        if chance(rng, 0.3) and seconds > 1.5:
            long = between(rng, 0.3, 0.8)
            add_at(x, t, _slurp(rng, long), between(rng, 0.3, 0.7))
            t += long + between(rng, 0.05, 0.2)
        for _ in range(int(rng.integers(2, 8))):
            add_at(x, t, _swallow(rng), between(rng, 0.7, 1.0))
            glug = bubble(rng, log_between(rng, 220, 500), between(rng, 0.1, 0.4))
            add_at(x, t + between(rng, 0.15, 0.3), glug, between(rng, 0.05, 0.4))
            t += between(rng, 0.88, 1.12) / rate
        sigh = between(rng, 0.05, 0.35) if chance(rng, 0.6) else 0.0
        voice.write(
            t,
            between(rng, 0.4, 0.9),
            effort=((0, 0), (0.15, sigh), (0.6, 0.4 * sigh), (1, 0)),
            air=((0, 0), (0.15, between(rng, 0.15, 0.5)), (0.6, 0.15), (1, 0)),
            vowels=((0, "a"), (0.5, "A"), (1, "@")),
        )
        t += between(rng, 0.9, 1.6)
    out = vocal_sound(n, voice, Larynx(1.0, 2.5, 0.3), round(between(rng, 0.97, 1.2), 2), rng)
    x = peaked(x) + (between(rng, 0.15, 0.5) * out if np.max(voice.air) > 0 else 0)
    x = reverb(x, rng, between(rng, 0.15, 0.4), between(rng, 0.05, 0.2), 5000)
    x = peaked(x) + log_between(rng, 5e-4, 3e-3) * unit(lowpass(brown(n, rng), 500, 1))
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo})


MOUTH: dict[str, Recipe] = {
    "whistling": whistling,
    "kiss": kiss,
    "eating": eating,
    "drinking": drinking,
}
"""By the name of the kind."""
