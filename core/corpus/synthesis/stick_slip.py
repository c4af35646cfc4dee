"""What sticks and slips: wood that creaks, soles that squeak, metal that squeals, chalk."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    spread,
)
from core.corpus.synthesis.sources import harmonics, phase, pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, outdoors, reverb, room

_QUIET = (-60.0, -44.0)
"""Noise floor, dB of the peak, of the quiet places where one hears such things."""


def _body_peaks(body: Modes, sharpness: float) -> list[tuple[float, float, float]]:
    """The modes of a body as resonances, each (Hz, width in Hz, gain)."""
    return [
        (float(hz), 8 + float(hz) / sharpness, float(gain))
        for hz, gain in zip(body.hz, body.gains, strict=True)
    ]


def _groan(rng: Rng, length: float, rate: float, beam: Modes, size: float) -> Signal:
    """Fibres and joints that hold and let go: clicks of the beam, 6 to 140 a second.

    As the load comes on they crowd into a groan, as it goes they thin out to single ticks.
    """
    m = frames(length)
    load = contour(
        m, (0, 0.1), (between(rng, 0.25, 0.5), 1.0), (0.75, between(rng, 0.4, 0.9)), (1, 0.08)
    )
    hz = rate * load ** between(rng, 0.7, 1.3) * 2 ** (0.35 * wander(m, between(rng, 2, 7), rng))
    slips = pulses(np.maximum(hz, 1.5), rng, 0.12, 0.6)
    x = resonances(slips, *_body_peaks(beam, 26))
    x = peaked(x * (0.3 + 0.7 * load))
    squeak = [(float(f), float(f) / 40, 1.0) for f in spread(rng, 350 / size, 1500 / size, 3)]
    x += between(rng, 0.0, 0.4) * peaked(resonances(slips, *squeak)) * load
    return x * contour(m, (0, 0), (0.04, 1), (0.9, 1), (1, 0))


def wood_creaking(seconds: float, rng: Rng) -> Synthesised:
    """Timber under a load that comes and goes: groans of slipping joints, ticks, a crack at times.

    *tempo* is how often the load comes: a hull that rolls slowly, boards under quick steps.
    *strength* is the size of the timber: beams groan lower than boards.
    """
    n = frames(seconds)
    tempo, period = level(rng, slow=2.6, steady=1.5, fast=0.75)
    strength, size = level(rng, light=0.55, moderate=1.0, heavy=1.9)
    size *= between(rng, 0.88, 1.14)
    x = np.zeros(n)
    beams = [
        wood(rng, between(rng, 105, 165) / size, 3400 / size**0.5, 20, t60=0.12) for _ in range(3)
    ]
    for t in beats(seconds - 0.2, period, 0.22, rng, first=between(rng, 0.02, 0.25)):
        beam = beams[int(rng.integers(3))]
        length = min(period * between(rng, 0.45, 0.95), seconds - t - 0.02)
        rate = log_between(rng, 28, 110) / size**0.6
        add_at(x, t, _groan(rng, max(0.15, length), rate, beam, size), between(rng, 0.4, 1.0))
        for _ in range(int(rng.integers(0, 4))):
            tick = beam.struck(frames(0.2), rng, log_between(rng, 900, 4000) / size, 0.6)
            add_at(x, t + between(rng, 0, length), tick, between(rng, 0.08, 0.5))
    x = reverb(x, rng, between(rng, 0.3, 1.0), between(rng, 0.1, 0.35), 2500)
    distance = draw_distance(rng, 0.12)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes = {"tempo": tempo, "strength": strength, "distance": distance, "surface": "wood"}
    return finish(limited(x, 9), seconds, rng, attributes, _QUIET)


def _chirp(rng: Rng, hz: float, length: float) -> Signal:
    """Rubber that shudders over a smooth floor: harmonics whose pitch bends as the sole turns."""
    m = frames(length)
    bend = between(rng, 0.8, 1.3)
    glide = contour(m, (0, 0.85), (between(rng, 0.2, 0.5), 1.0), (1, bend))
    pitch = hz * glide * 2 ** (0.02 * wander(m, 45, rng))
    count = int(max(3, 12_000 / hz))
    gains = np.arange(1.0, count + 1) ** -between(rng, 0.5, 1.1)
    tone = harmonics(pitch, gains * np.exp(0.4 * rng.standard_normal(count)), rng)
    sole = resonances(tone, (1400, 900, 0.8), (2800, 1600, 1.0), (4800, 2500, 0.5))
    rub = bandpass(white(m, rng), 1200, 7000, 1)
    loud = contour(m, (0, 0), (0.12, 1), (between(rng, 0.5, 0.8), between(rng, 0.5, 1)), (1, 0))
    return peaked((unit(sole) + between(rng, 0.08, 0.3) * unit(rub)) * loud)


def _footfall(rng: Rng, floor: Modes) -> Signal:
    """A soft sole set down: hardly more than a thump."""
    m = frames(0.2)
    thud = lowpass(white(m, rng), 380, 2) * strike(m, 0.005, 0.08)
    return peaked(peaked(thud) + 0.5 * floor.struck(m, rng, 600))


def squeaky_shoes(seconds: float, rng: Rng) -> Synthesised:
    """Steps of rubber soles, most of which squeak at 600 to 2600 Hz for 40 to 250 ms.

    In a sports hall several players stop and turn, and chirp in bursts; in a corridor one walks.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.3, steady=2.0, fast=3.2)
    surface = str(rng.choice(["wood", "lino", "tiles"]))
    court = surface == "wood" and chance(rng, 0.7)
    floor = wood(rng, between(rng, 90, 180), 1500, 12, t60=0.1 if surface == "wood" else 0.05)
    pitch = log_between(rng, 800, 1900)
    x = np.zeros(n)
    for t in beats(seconds - 0.12, 1 / rate, 0.25 if court else 0.06, rng, between(rng, 0.01, 0.2)):
        add_at(x, t, _footfall(rng, floor), between(rng, 0.1, 0.45))
        for _ in range(int(rng.integers(0, 3)) if court else int(chance(rng, 0.85))):
            hz = pitch * (2 ** between(rng, -0.6, 0.5) if court else between(rng, 0.9, 1.12))
            late = between(rng, 0.0, 0.35 if court else 0.06)
            length = log_between(rng, 0.04, 0.22 if court else 0.16)
            add_at(x, t + late, _chirp(rng, hz, length), between(rng, 0.3, 1.0))
    x = (
        hall(x, rng)
        if court
        else reverb(x, rng, between(rng, 0.4, 1.2), between(rng, 0.1, 0.3), 4500)
    )
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "surface": surface}, _QUIET)


def _squeal(rng: Rng, length: float, hz: float, turn: float) -> Signal:
    """Metal driven at one of its modes by friction: a tone that wavers, breaks and leaps.

    Slow movement adds the slips themselves, some tens a second, as a flutter.
    """
    m = frames(length)
    push = contour(
        m, (0, 0.2), (between(rng, 0.2, 0.5), 1.0), (0.8, between(rng, 0.6, 1)), (1, 0.2)
    )
    pitch = hz * (1 + turn * (push - 0.6)) * 2 ** (0.012 * wander(m, 30, rng))
    x = np.zeros(m)
    for ratio in (1.0, between(rng, 1.35, 1.75), between(rng, 2.1, 2.9)):
        gains = np.arange(1.0, 7) ** -between(rng, 0.8, 1.6)
        tone = harmonics(np.minimum(pitch * ratio, 15_000), gains, rng)
        held = np.clip(0.6 + 0.8 * wander(m, between(rng, 1.5, 6), rng), 0, 1.6)
        x += ratio**-1.5 * unit(tone) * held
    flutter = np.abs(np.sin(np.pi * phase(between(rng, 18, 60) * push + 1))) ** 0.5
    depth = between(rng, 0.1, 0.7)
    grind = shaped(white(m, rng), (300, -20), (1500, -3), (4000, 0), (12_000, -12))
    x = unit(x) * (1 - depth + depth * flutter) + between(rng, 0.04, 0.15) * unit(grind)
    return peaked(x * push) * arch(m, 0.06, 0.15)


def metal_squeal(seconds: float, rng: Rng) -> Synthesised:
    """A hinge or swing that squeals to and fro at 350 to 3000 Hz, or brakes at 1.5 to 5 kHz.

    *strength* is the size of the thing: a great gate squeals lower than a small hinge. *tempo* is
    how fast it goes to and fro.
    """
    n = frames(seconds)
    strength, low = level(rng, light=2100.0, moderate=1150.0, heavy=560.0)
    tempo, period = level(rng, slow=1.9, steady=1.15, fast=0.6)
    brakes = chance(rng, 0.25)
    hz = low * between(rng, 0.85, 1.2) * (1.7 if brakes else 1.0)
    back = between(rng, 0.7, 0.95) if chance(rng, 0.6) else 1.0
    x = np.zeros(n)
    t, forth = between(rng, 0.02, 0.2), True
    while t < seconds - 0.12:
        part = between(rng, 0.9, 1.5) if brakes else between(rng, 0.45, 0.85)
        length = max(0.1, min(period * part, seconds - t - 0.03))
        turn = -between(rng, 0.02, 0.12) if brakes else between(rng, 0.03, 0.25)
        own = hz * (1.0 if forth else back) * between(rng, 0.97, 1.03)
        add_at(x, t, _squeal(rng, length, own, turn), between(rng, 0.55, 1.0))
        t += period * (part if brakes else 1.0) * between(rng, 0.95, 1.12)
        forth = not forth
    body = resonances(x, (low * 0.8, low, 0.6), (low * 2.1, low, 0.8), (low * 3.7, 2 * low, 0.5))
    x = peaked(x) + between(rng, 0.2, 0.6) * peaked(body)
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = outdoors(x, rng) if chance(rng, 0.6) else hall(x, rng)
    attributes = {"strength": strength, "tempo": tempo, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, _QUIET)


def _chalk_stroke(rng: Rng, length: float, board: Modes, force: float) -> Signal:
    """Chalk set down with a tap and drawn: it chatters over the slate and sheds dust.

    The chatter is 70 to 260 slips a second; held steeply it breaks into a squeak of 2 to 4 kHz.
    The harder it is pressed (`force`, up to 1), the more the board behind the slate is moved and
    the less of the sound is dust.
    """
    m = frames(length)
    speed = contour(m, (0, 0.3), (between(rng, 0.2, 0.5), 1.0), (0.8, 0.8), (1, 0.2))
    hz = log_between(rng, 80, 240) * (0.5 + 0.5 * speed) * 2 ** (0.15 * wander(m, 20, rng))
    slips = pulses(hz, rng, 0.18, 0.6)
    chatter = resonances(slips, (1900, 900, 0.8), (3600, 1500, 1.0), (6200, 2500, 0.5))
    hollow = resonances(slips, *_body_peaks(board, 9))
    dust_ = shaped(white(m, rng), (400, -24), (1800, -6), (4500, 0), (9000, -4), (16_000, -16))
    x = unit(chatter) + 1.8 * force**2 * between(rng, 0.25, 0.5) * unit(hollow)
    dusty = (1.75 - force) * between(rng, 0.5, 1.0)
    x = (x + dusty * unit(dust_) * swell(m, 50, rng, 0.3)) * speed
    if chance(rng, 0.05) and length > 0.12:
        tone = harmonics(log_between(rng, 1900, 3600) * (0.9 + 0.1 * speed), [1, 0.4, 0.2], rng)
        x += between(rng, 0.4, 1.2) * unit(tone) * arch(m, 0.3, 0.2)
    out = np.zeros(m + frames(0.12))
    out[:m] = 0.6 * peaked(x * arch(m, 0.08, 0.12))
    tap = board.struck(frames(0.12), rng, 2600)
    add_at(tap, 0, burst(rng, 1800, 9000, 0.005), between(rng, 0.4, 0.8))
    add_at(out, 0.0, peaked(tap), between(rng, 0.25, 0.6) * (0.25 + force))
    return out


def chalk(seconds: float, rng: Rng) -> Synthesised:
    """Writing on a blackboard: strokes of 0.06 to 0.4 s, each set down with a tap, word by word.

    The board is a hollow wooden panel, 140 Hz to 1.6 kHz; between words the hand moves on.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.4, steady=3.8, fast=5.6)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    board = wood(rng, between(rng, 130, 230), 1700, 14, t60=between(rng, 0.05, 0.1))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    while t < seconds - 0.1:
        for _ in range(int(rng.integers(3, 13))):
            if t > seconds - 0.1:
                break
            if chance(rng, 0.1):
                add_at(x, t, _chalk_stroke(rng, 0.02, board, force), between(rng, 0.6, 1.0))
                t += 0.4 / rate
                continue
            length = between(rng, 0.25, 0.8) / rate
            if chance(rng, 0.08):
                length *= 2.2
            stroke = _chalk_stroke(rng, length, board, force)
            add_at(x, t, stroke, between(rng, 0.55, 1.0))
            t += max(length, between(rng, 0.8, 1.2) / rate) + 0.03
        t += between(rng, 0.6, 2.2) / rate
    x = room(x, rng) if chance(rng, 0.7) else hall(x, rng)
    attributes = {"tempo": tempo, "strength": strength}
    return finish(limited(x, 10), seconds, rng, attributes, _QUIET)


STICK_SLIP: dict[str, Recipe] = {
    "wood_creaking": wood_creaking,
    "squeaky_shoes": squeaky_shoes,
    "metal_squeal": metal_squeal,
    "chalk": chalk,
}
"""By the name of the kind."""
