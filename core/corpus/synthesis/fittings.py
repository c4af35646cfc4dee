"""What hands move against a resistance: zip, lock, drawer, toothbrush."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, ringing, scatter, sizes
from core.corpus.synthesis.levels import limited, matched, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, phase, pulses, room_air, sine, white
from core.corpus.synthesis.space import hall, room


def _pull(rng: Rng, length: float, teeth: float, body: Modes) -> Signal:
    """One run of the slider: it meets `teeth` teeth a second at its fastest, then its stop."""
    m = frames(length)
    hurry = between(rng, 0.55, 0.85)
    speed = contour(m, (0, 0.25), (0.15, 0.8), (hurry, 1.0), (0.97, 0.7), (1, 0.05))
    speed = np.maximum(speed * (1 + 0.12 * wander(m, 7, rng)), 0.02)
    clicks = pulses(teeth * speed, rng, 0.04, 0.3) * (0.3 + 0.7 * speed)
    grain = body.struck(frames(0.02), rng) + 0.5 * np.resize(
        burst(rng, 2500, 14_000, 0.004), frames(0.02)
    ) * decay(frames(0.02), 0.006)
    zip_up = unit(ringing(clicks, grain))
    rasp = unit(sweeping(white(m, rng), 2200 + 4500 * speed, 1.8)) * speed
    cloth = unit(bandpass(white(m, rng), 400, 4000, 1)) * swell(m, 12, rng, 0.6) * speed
    x = zip_up + between(rng, 0.15, 0.45) * rasp + between(rng, 0.05, 0.25) * cloth
    out = np.zeros(m + frames(0.15))
    out[:m] = x * np.minimum(1, 60 * (m - np.arange(m)) / m)
    stop = body.struck(frames(0.1), rng, 9000)
    add_at(out, length - 0.02, stop, between(rng, 1.0, 3.5))
    return peaked(out)


def zipper(seconds: float, rng: Rng) -> Synthesised:
    """A slider closes or opens its teeth, 80 to 700 a second: a buzz that climbs with the hand.

    The teeth ring at 2.5 to 9 kHz, metal longer than plastic; the stop clacks.
    """
    n = frames(seconds)
    tempo, length = level(rng, slow=1.3, steady=0.65, fast=0.3)
    length = min(length * between(rng, 0.8, 1.25), seconds - 0.25)
    teeth = log_between(rng, 90, 200) / length**0.9
    body = metal(rng, log_between(rng, 2400, 4200), 12_000, 10, t60=between(rng, 0.006, 0.03))
    several = seconds > 2 * length + 0.8 and chance(rng, 0.4)
    x = np.zeros(n)
    t = between(rng, 0.03, 0.15)
    rustle = bursts(rng, 12, (700, 4000), (0.03, 0.12), 2.0)
    for late in rng.uniform(0, t + length, 4):
        add_at(x, float(late), rustle[int(rng.integers(12))], between(rng, 0.02, 0.1))
    for _ in range(3 if several else 1):
        add_at(x, t, _pull(rng, length, teeth * between(rng, 0.9, 1.1), body), between(rng, 0.7, 1))
        t += length + between(rng, 0.25, 0.6)
        if t + length > seconds - 0.1:
            break
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    attributes = {"tempo": tempo, "count": "several" if several else "single"}
    return finish(limited(x, 8), seconds, rng, attributes, fade_out=0.1)


def _insertion(rng: Rng, brass: Modes, pace: float) -> Signal:
    """The key's bit lifts pin after pin as it slides in."""
    m = frames(0.6)
    x = np.zeros(m)
    t = 0.0
    for _ in range(int(rng.integers(5, 9))):
        add_at(x, t, brass.struck(frames(0.05), rng, vary=0.6), between(rng, 0.3, 1.0))
        add_at(x, t, burst(rng, 2500, 12_000, 0.003), between(rng, 0.1, 0.5))
        t += pace * between(rng, 0.5, 1.5)
    rub = bandpass(white(frames(t + 0.01), rng), 2500, 9000, 1)
    add_at(x, 0.0, peaked(rub * arch(len(rub), 0.2, 0.2)), between(rng, 0.1, 0.3))
    return peaked(x)


def _throw(rng: Rng, bolt: Modes, door: Modes, force: float) -> Signal:
    """The bolt driven over: levers click, it slides, strikes its stop and shakes the door."""
    m = frames(0.7)
    x = np.zeros(m)
    travel = between(rng, 0.06, 0.16)
    for late in np.sort(rng.uniform(0, travel, int(rng.integers(1, 4)))):
        add_at(x, float(late), bolt.struck(frames(0.1), rng, 6000), between(rng, 0.1, 0.4))
    slide = bandpass(white(frames(travel), rng), 700, 5000, 1)
    add_at(x, 0.0, peaked(slide * arch(len(slide), 0.3, 0.1)), between(rng, 0.05, 0.2))
    add_at(x, travel, bolt.struck(m, rng, 3000 + 5000 * force), 1.0)
    add_at(x, travel, door.struck(m, rng, 700 + 900 * force), force * between(rng, 0.5, 1.1))
    add_at(x, travel, burst(rng, 1200, 8000, 0.01), between(rng, 0.3, 0.8))
    rebound = travel + between(rng, 0.02, 0.05)
    add_at(x, rebound, bolt.struck(frames(0.2), rng, 4000), between(rng, 0.1, 0.35))
    return peaked(x)


def key_in_lock(seconds: float, rng: Rng) -> Synthesised:
    """A key goes in over five to eight pins and throws the bolt once or twice; it may come out.

    Pins click at 3 to 9 kHz every 20 to 45 ms; a bolt of brass or iron clacks at 600 Hz to 2 kHz
    and shakes the door.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.35, moderate=0.65, heavy=1.0)
    brass = metal(rng, log_between(rng, 2800, 4500), 11_000, 12, t60=between(rng, 0.015, 0.05))
    low = log_between(rng, 1100, 2200) / (1 + force)
    bolt = metal(rng, low, 8000, 24, t60=between(rng, 0.06, 0.12) * (1 + force))
    door = wood(rng, between(rng, 95, 190), 1800, 16, t60=between(rng, 0.1, 0.25))
    x = np.zeros(n)
    t = between(rng, 0.03, 0.12)
    with_key = seconds > 1.2 and chance(rng, 0.75)
    if with_key:
        add_at(x, t, _insertion(rng, brass, between(rng, 0.02, 0.045)), between(rng, 0.25, 0.6))
        t += between(rng, 0.35, 0.6)
    turns = int(rng.integers(1, 3)) if seconds > 1.8 else 1
    for _ in range(turns):
        if t > seconds - 0.35:
            break
        add_at(x, t, _throw(rng, bolt, door, force), between(rng, 0.8, 1.0))
        t += between(rng, 0.4, 0.75)
    if with_key and t < seconds - 0.5 and chance(rng, 0.6):
        add_at(x, t, _insertion(rng, brass, between(rng, 0.012, 0.03)), between(rng, 0.2, 0.45))
        bunch = bursts(rng, 8, (4000, 11_000), (0.01, 0.05), 0.6)
        for late in rng.uniform(t, min(t + 0.5, seconds - 0.05), 5):
            add_at(x, float(late), bunch[int(rng.integers(8))], between(rng, 0.03, 0.15))
    x = hall(x, rng) if chance(rng, 0.25) else room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    return finish(limited(x, 10), seconds, rng, {"strength": strength}, fade_out=0.15)


def _slide(rng: Rng, box: Modes, length: float, runners: bool) -> Signal:
    """A drawer on its way: wood rubs and may squeak, or rollers run in steel rails."""
    m = frames(length)
    way = contour(m, (0, 0.1), (0.2, 0.8), (between(rng, 0.5, 0.7), 1.0), (1, 0.45))
    way = np.maximum(way * (1 + 0.2 * wander(m, 6, rng)), 0.02)
    if runners:
        rolling = pulses(log_between(rng, 60, 130) * way, rng, 0.25, 0.5)
        rail = metal(rng, log_between(rng, 500, 1100), 7000, 16, t60=0.03)
        x = unit(ringing(rolling, rail.struck(frames(0.05), rng, 4000)))
        x += 0.6 * unit(bandpass(white(m, rng), 150, 1800, 1)) * way
    else:
        slips = pulses(log_between(rng, 120, 380) * way, rng, 0.3, 0.6)
        rub = bandpass(white(m, rng), 180, 3500, 1) * swell(m, 35, rng, 0.5)
        x = unit(rub) * way + 0.5 * unit(lowpass(slips, 2500, 1))
        if chance(rng, 0.35):
            squeal = sine(log_between(rng, 500, 1300) * (0.8 + 0.4 * way))
            x += between(rng, 0.3, 0.9) * squeal * np.clip(wander(m, 5, rng), 0, 1.5)
    panels = [(float(f), float(f) / 7, float(g)) for f, g in zip(box.hz, box.gains, strict=True)]
    x = unit(x) + 0.8 * unit(resonances(x, *panels))
    return peaked(x * way * arch(m, 0.06, 0.03))


def drawer(seconds: float, rng: Rng) -> Synthesised:
    """A drawer slides on wood or steel runners to its stop with all that is in it, or shuts.

    The box of a drawer sounds at 90 to 400 Hz and booms as it shuts.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    runners = chance(rng, 0.45)
    box = wood(rng, between(rng, 90, 190), 2400, 18, t60=between(rng, 0.1, 0.2))
    filled = chance(rng, 0.5)
    things = metal(rng, log_between(rng, 1500, 3000), 9000, 16, t60=0.12)
    bank = [things.tuned(between(rng, 0.7, 1.4)).struck(frames(0.2), rng) for _ in range(12)]
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    shut = chance(rng, 0.5)
    moves = 2 if seconds > 1.8 else 1
    for _ in range(moves):
        length = min(between(rng, 0.3, 0.75) / (0.4 + 0.6 * force), seconds - t - 0.2)
        if length < 0.15:
            break
        add_at(x, t, _slide(rng, box, length, runners), between(rng, 0.25, 0.5))
        t += length
        stop = box.struck(frames(0.5), rng, 500 + 2500 * force)
        hit = sine(np.full(frames(0.3), between(rng, 70, 115))) * strike(frames(0.3), 0.004, 0.2)
        add_at(x, t, stop, force * (1.2 if shut else 0.6))
        add_at(x, t, hit, force * (0.8 if shut else 0.2))
        add_at(x, t, burst(rng, 800, 5000, 0.012), 0.4 * force)
        if filled:
            for late in np.abs(rng.normal(0, 0.09, int(4 + 14 * force))) - 0.03:
                grain = bank[int(rng.integers(len(bank)))]
                add_at(x, max(0.0, t + float(late)), grain, force * log_between(rng, 0.05, 0.4))
        t += between(rng, 0.25, 0.7)
        shut = not shut
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.004) * room_air(n, rng)
    attributes = {"strength": strength, "surface": "metal" if runners else "wood"}
    return finish(limited(x, 9), seconds, rng, attributes, fade_out=0.12)


def _mouth(rng: Rng, n: int) -> Signal:
    """Centre in Hz of the mouth's main resonance as the brush moves from tooth to tooth."""
    return log_between(rng, 1300, 2400) * 2 ** (0.5 * np.clip(wander(n, 0.8, rng), -2, 2))


def brushing_teeth(seconds: float, rng: Rng) -> Synthesised:
    """Bristles to and fro, 2.5 to 6.5 strokes a second, in a mouth that colours them at 1 to 4 kHz.

    Or an electric brush: 200 to 270 Hz and its harmonics, muffled as lips close round it.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.7, steady=4.2, fast=6.2)
    mouth = _mouth(rng, n)
    foam = bursts(rng, 20, (1500, 6000), (0.002, 0.01), 1.0)
    places = poisson(n, 30.0, rng)
    bubbly = scatter(n, places, sizes(len(places), rng), foam, rng)
    bristles = highpass(white(n, rng), 700, 1) * swell(n, 90, rng, 0.35)
    if chance(rng, 0.2):
        tempo = "fast"
        hz = between(rng, 200, 270) * (1 + 0.01 * wander(n, 2, rng))
        buzz = unit(harmonics(hz, [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.15, 0.1], rng))
        x = buzz + 1.5 * matched(sweeping(buzz, mouth / 2, 1.5), buzz)
        x = x + 0.5 * unit(sweeping(bristles, mouth, 1.5)) * (1 + np.sin(2 * np.pi * phase(hz / 2)))
        return finish(room(unit(x) + bubbly, rng), seconds, rng, {"tempo": tempo})
    angle = phase(rate * swell(n, 0.7, rng, 0.08)) + rng.random()
    going = np.abs(np.sin(np.pi * 2 * angle / 2)) ** between(rng, 0.8, 1.6)
    back = np.sign(np.sin(2 * np.pi * angle / 2))
    weight = np.where(back > 0, 1.0, between(rng, 0.5, 0.85))
    resting = np.clip(3 * (wander(n, 0.5, rng) + 1.6), 0.02, 1) if chance(rng, 0.6) else 1.0
    tuned = mouth * np.where(back > 0, 1.0, between(rng, 0.8, 0.95))
    brush = unit(sweeping(bristles, tuned, 1.6)) + 0.45 * unit(sweeping(bristles, 2.6 * mouth, 1.2))
    x = brush * going * weight * resting
    scrub = unit(lowpass(white(n, rng), 350, 1)) * going * resting
    x += between(rng, 0.05, 0.2) * scrub + between(rng, 0.2, 0.6) * bubbly * resting
    if seconds > 3.0 and chance(rng, 0.25):
        tapped = wood(rng, log_between(rng, 900, 1800), 8000, 10, t60=0.05)
        for t in beats(0.7, 0.2, 0.1, rng):
            add_at(x, seconds - 0.9 + t, tapped.struck(frames(0.1), rng), between(rng, 1.5, 3))
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.004) * room_air(n, rng)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo})


FITTINGS: dict[str, Recipe] = {
    "zipper": zipper,
    "lock": key_in_lock,
    "drawer": drawer,
    "brushing_teeth": brushing_teeth,
}
