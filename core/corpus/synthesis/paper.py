"""Paper turned, crumpled and torn, a pen that writes on it, scissors that cut it, sticky tape."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import (
    bandpass,
    highpass,
    lowpass,
    resonances,
    shaped,
    sweeping,
)
from core.corpus.synthesis.grains import add_at, burst, dust, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import reverb, room


def _buckles(rng: Rng, low: float, high: float, t60: tuple[float, float]) -> list[Signal]:
    """Clicks of facets that snap from one bent shape into the other; a smaller one is higher."""
    bank = []
    for _ in range(48):
        hz = log_between(rng, low, high)
        damped = log_between(rng, *t60) * (low / hz) ** 0.3
        click = burst(rng, hz / 2, min(3 * hz, 19_000), damped)
        add_at(click, 0, burst(rng, 3000, 17_000, 0.0015), between(rng, 0.2, 0.8))
        bank.append(peaked(click))
    return bank


def _page(rng: Rng, length: float, stiff: float) -> Signal:
    """One page: taken by the fingers, swung through the air, laid down, at times smoothed."""
    m = frames(length + 0.9)
    x = np.zeros(m)
    lift = length * between(rng, 0.25, 0.4)
    buckles = _buckles(rng, 700 * stiff, 6000, (0.003, 0.012))
    t = ticks(m)
    over = lift + 0.5 * (length - lift)
    swing = np.exp(-(((t - over) / (0.32 * (length - lift))) ** 2))
    taken = np.exp(-(((t - 0.4 * lift) / (0.35 * lift)) ** 2))
    places = poisson(m, 220 * stiff * taken + 420 * stiff * swing**2, rng)
    x += scatter(m, places, sizes(len(places), rng, 1.2, 14), buckles, rng)
    rub = bandpass(white(m, rng), 1800, 9000, 1) * taken * swell(m, 30, rng, 0.5)
    x = peaked(limited(x, 6)) + between(rng, 0.15, 0.4) * peaked(rub)
    centre = 900 + between(rng, 1800, 3800) * swing
    air = unit(sweeping(white(m, rng), centre, 2.6)) * swing * swell(m, 22, rng, 0.45)
    x += between(rng, 0.25, 0.55) * peaked(air)
    bend = bandpass(white(m, rng), 110, 420, 1) * swing * swell(m, 14, rng, 0.6)
    x += between(rng, 0.08, 0.25) * stiff * peaked(bend)
    flop = frames(0.25)
    laid = bandpass(white(flop, rng), 180, 3500, 1) * strike(flop, 0.006, between(rng, 0.06, 0.16))
    add_at(x, length * between(rng, 0.92, 1.0), peaked(laid), between(rng, 0.3, 0.8))
    if chance(rng, 0.35):
        stroke = frames(between(rng, 0.25, 0.5))
        hand = shaped(white(stroke, rng), (200, -24), (900, -6), (2500, 0), (9000, -10))
        hand = hand * arch(stroke, 0.3, 0.4) * swell(stroke, 12, rng, 0.3)
        add_at(x, length + 0.1, peaked(hand), between(rng, 0.15, 0.4))
    return peaked(x)


def paper_turn(seconds: float, rng: Rng) -> Synthesised:
    """Pages turned one after another: crackle of the lifted sheet, its swish, and its landing."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=2.6, steady=1.5, fast=0.6)
    stiff = log_between(rng, 0.6, 1.7)
    x = np.zeros(n)
    times = beats(max(0.1, seconds - 0.5), interval, 0.2, rng, first=between(rng, 0.01, 0.2))
    for t in times:
        length = min(between(rng, 0.45, 0.9), 0.85 * interval)
        add_at(x, t, _page(rng, length, stiff * between(rng, 0.85, 1.15)), between(rng, 0.6, 1))
    x = room(x, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo}, fade_out=0.1)


def _squeezes(n: int, length: float, rng: Rng) -> Signal:
    """Pressure of the hands: quick closings, several a second, weaker the smaller the ball."""
    t = ticks(n)
    force = np.zeros(n)
    at = 0.0
    while at < length:
        since = np.maximum(t - at, 0.0)
        attack, release = between(rng, 0.02, 0.09), between(rng, 0.08, 0.3)
        force += (
            between(rng, 0.4, 1.0) * np.minimum(since / attack, 1.0) * np.exp(-since / release)
        ) * (t >= at)
        at += between(rng, 0.1, 0.4)
    return force * np.exp(-0.5 * t / length) * (t < length + 0.4)


def _facets(rng: Rng, low: float) -> list[Signal]:
    """Clicks of the facets of a ball of paper: too small to sound below a few hundred Hz."""
    bank = []
    for _ in range(48):
        hz = log_between(rng, low, 9000)
        bank.append(burst(rng, hz / 1.5, min(2 * hz, 19_000), log_between(rng, 0.002, 0.01)))
    return bank


def paper_crumple(seconds: float, rng: Rng) -> Synthesised:
    """A sheet pressed into a ball.

    Ridges form and buckle one by one: clicks of a few milliseconds whose energies follow a
    power law (Houle and Sethna), some hundreds a second while the hands close, a few after.
    """
    n = frames(seconds)
    strength, (rate, stiff) = level(rng, light=(90, 0.8), moderate=(200, 1.0), heavy=(450, 1.25))
    length = min(0.85 * seconds, log_between(rng, 1.2, 4.0))
    force = _squeezes(n, length, rng)
    bank = _facets(rng, 1300 * stiff * between(rng, 0.85, 1.15))
    places = poisson(n, rate * between(rng, 0.7, 1.3) * force, rng)
    x = scatter(n, places, sizes(len(places), rng, between(rng, 1.1, 1.3), 16), bank, rng)
    after: Signal = np.where(ticks(n) > 0.3, 22 * np.exp(-ticks(n) / (1.6 * length)), 0.0)
    places = poisson(n, after, rng)
    x += 0.3 * scatter(n, places, sizes(len(places), rng, 1.2, 14), bank, rng)
    rub = shaped(white(n, rng), (250, -20), (1200, -4), (5000, 0), (12_000, -6)) * force
    rub = unit(rub * swell(n, 20, rng, 0.5))
    x = limited(unit(x) + between(rng, 0.15, 0.45) * rub, 9)
    x = highpass(x, between(rng, 300, 500))
    start = np.zeros(n)
    add_at(start, between(rng, 0.01, 0.1), x)
    x = reverb(start, rng, between(rng, 0.2, 0.6), between(rng, 0.1, 0.25), 6000)
    return finish(x, seconds, rng, {"strength": strength}, LIVED_IN, fade_out=0.2)


def _torn(rng: Rng, length: float, pace: float) -> Signal:
    """Fibres part at the tip of the tear, the more a second the faster the hands move."""
    m = frames(length + 0.35)
    t = ticks(m) / length
    jerks = swell(m, between(rng, 4, 9), rng, 0.3) * swell(m, 35, rng, 0.25)
    rise = contour(m, (0, 0.15), (0.12, 0.6), (between(rng, 0.45, 0.7), 1), (1, 0.9)) * jerks
    speed = rise * (t < 1)
    centre = 1300 * pace**0.3 + between(rng, 2500, 4500) * np.minimum(speed, 1.3)
    fibres = dust(2200 * pace * speed + 1e-3, rng, 1.6, 10)
    rip = sweeping(fibres, centre, 3.4)
    rip = unit(rip) + 0.35 * unit(resonances(fibres, (between(rng, 350, 800), 300, 1.0)))
    coarse = dust(90 * pace * speed + 1e-3, rng, 1.3, 8)
    rip += 0.5 * unit(shaped(coarse, (200, -14), (900, -2), (3000, 0), (12_000, -4))) * (t < 1)
    x = rip * lowpass(np.minimum(speed, 1.4), 80, 1)
    snap = burst(rng, 900, 12_000, between(rng, 0.01, 0.03))
    add_at(x, length, snap, between(rng, 0.5, 1.0) * float(np.max(np.abs(x))))
    flutter = np.exp(-np.maximum(ticks(m) - length, 0) / 0.09) * (t >= 1)
    places = poisson(m, 260 * flutter + 1e-3, rng)
    bank = _buckles(rng, 800, 5000, (0.004, 0.012))
    x += 0.5 * np.max(np.abs(x)) * scatter(m, places, sizes(len(places), rng), bank, rng)
    return peaked(x)


def paper_tear(seconds: float, rng: Rng) -> Synthesised:
    """Sheets torn apart: a rip whose brightness and density follow the speed of the hands."""
    n = frames(seconds)
    tempo, (length, pace) = level(rng, slow=(1.8, 0.3), steady=(0.8, 1.0), fast=(0.3, 2.4))
    _, tears = level(rng, single=1, several=int(rng.integers(2, 5)))
    length *= between(rng, 0.75, 1.25)
    x = np.zeros(n)
    t = between(rng, 0.01, 0.12)
    made = 0
    while made < tears and (made == 0 or t + length < seconds - 0.1):
        now = min(length * between(rng, 0.8, 1.2), seconds - t - 0.12)
        add_at(x, t, _torn(rng, now, pace * length / now), between(rng, 0.7, 1.0))
        t += now + between(rng, 0.25, 0.7)
        made += 1
    attributes = {"tempo": tempo, "count": how_many(made)}
    return finish(limited(room(x, rng), 7), seconds, rng, attributes, fade_out=0.1)


def _written(rng: Rng, tempo: float) -> Signal:
    """The pen's speed over a word: two peaks a letter, nothing while the pen is in the air."""
    letters = int(rng.integers(2, 9))
    rate = between(rng, 3.2, 4.8) * tempo
    m = frames(letters / rate)
    turn = ticks(m) * rate
    speed = np.abs(np.sin(np.pi * 2 * turn + 0.6 * wander(m, 6, rng))) ** 0.8
    speed *= swell(m, 5, rng, 0.35)
    down: Signal = np.where(wander(m, rate * 0.8, rng) > 1.1, 0.0, 1.0)
    return speed * lowpass(down, 120, 1) * arch(m, 0.02, 0.03)


def pen(seconds: float, rng: Rng) -> Synthesised:
    """Writing: friction that follows the pen's strokes, its taps, the table that sounds with it.

    The ball or nib rubs over fibres: noise from 1 to 9 kHz, loud at the speed squared, near
    silent where the stroke turns, seven to ten strokes a second.
    """
    n = frames(seconds)
    tempo, pace = level(rng, slow=0.65, steady=1.0, fast=1.5)
    table = wood(rng, between(rng, 140, 380), 3000, 14, t60=between(rng, 0.03, 0.09))
    speed, taps = np.zeros(n), np.zeros(n)
    t = between(rng, 0.02, 0.3)
    while t < seconds - 0.2:
        word = _written(rng, pace)
        add_at(speed, t, word, between(rng, 0.7, 1.0))
        downs = np.flatnonzero((word[1:] > 0.08) & (word[:-1] <= 0.08))
        for down in [0, *downs[rng.random(len(downs)) < 0.3].tolist()]:
            tap = table.struck(4000, rng, 1500) * 0.8
            add_at(tap, 0, burst(rng, 1500, 9000, 0.005), between(rng, 0.4, 1.0))
            add_at(taps, t + down / SAMPLE_RATE, tap, between(rng, 0.2, 0.8))
        t += len(word) / SAMPLE_RATE + between(rng, 0.08, 0.35) / pace
        if chance(rng, 0.12):
            t += between(rng, 0.4, 1.2)
    low, high = between(rng, 900, 2000), between(rng, 5000, 10_000)
    scratch = unit(bandpass(white(n, rng), low, high, 1)) * 0.6
    scratch += unit(highpass(dust(1500 * speed + 1e-3, rng, 1.4), 1500, 1))
    x = scratch * speed**1.5
    board = [(float(hz), float(hz) / 6, 1.0) for hz in table.hz[:5]]
    x += between(rng, 0.15, 0.4) * unit(resonances(x, *board))
    x = peaked(limited(x, 8)) + between(rng, 0.35, 0.8) * peaked(taps)
    return finish(limited(room(x, rng), 9), seconds, rng, {"tempo": tempo})


def _snip(rng: Rng, blades: tuple[Signal, Signal], length: float) -> Signal:
    """One cut: the blades slide apart, then shear the paper from hinge to tip, and meet."""
    slide, stop = blades
    close = length * between(rng, 0.45, 0.6)
    m = frames(length + 0.25)
    x = np.zeros(m)
    k = frames(close)
    opened = sweeping(white(k, rng), np.linspace(5500, 3000, k), 1.2) * arch(k, 0.2, 0.5)
    add_at(x, 0, peaked(opened), between(rng, 0.12, 0.3))
    k = frames(length - close)
    run = contour(k, (0, 0.3), (0.7, 1), (1, 0.8))
    shear = sweeping(white(k, rng), 2500 + between(rng, 3500, 6500) * np.linspace(0, 1, k), 1.8)
    crush = highpass(dust(2600 * run, rng, 1.4), 900, 1)
    cut = (0.7 * unit(shear) + unit(crush)) * run * arch(k, 0.1, 0.04)
    add_at(x, close, peaked(cut), between(rng, 0.6, 0.9))
    grate = pulses(np.linspace(180, 420, k), rng, 0.2, 0.4)
    add_at(x, close, peaked(np.convolve(grate, slide)[:k]) * run, between(rng, 0.15, 0.4))
    add_at(x, length, stop, between(rng, 0.6, 1.0))
    return peaked(x)


def scissors(seconds: float, rng: Rng) -> Synthesised:
    """Scissors through paper: a bright shear up to the tips, and the click where they meet."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=0.95, steady=0.55, fast=0.28)
    size = log_between(rng, 0.7, 1.5)
    steel = metal(rng, 1900 / size, 15_000, 22, t60=between(rng, 0.05, 0.18))
    x = np.zeros(n)
    first = between(rng, 0.01, 0.15)
    for index, t in enumerate(beats(seconds - 0.35, interval, 0.1, rng, first=first)):
        if index and chance(rng, 0.08):
            continue
        stop = steel.struck(frames(0.15), rng)
        add_at(stop, 0, burst(rng, 2500, 15_000, 0.006), between(rng, 0.6, 1.2))
        length = min(0.9 * interval, between(rng, 0.2, 0.45) * size)
        blades = (steel.struck(700, rng), peaked(stop))
        add_at(x, t, _snip(rng, blades, length), between(rng, 0.7, 1.0))
    x = room(x, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo}, fade_out=0.1)


def _pulled(rng: Rng, length: float, pace: float) -> Signal:
    """Tape off its roll: the glue lets go in jumps, hundreds to thousands a second."""
    m = frames(length)
    speed = contour(m, (0, 0.2), (0.15, 1.0), (between(rng, 0.4, 0.8), 0.8), (1, 1))
    speed = speed * swell(m, between(rng, 3, 9), rng, 0.4)
    jumps = between(rng, 280, 650) * pace * speed * 2 ** (0.15 * wander(m, 25, rng))
    train = pulses(jumps, rng, 0.22, 0.5) + dust(900 * pace * speed, rng, 1.6, 8)
    roll = (
        (between(rng, 500, 900), 300, 0.5),
        (between(rng, 1400, 2200), 600, 1.0),
        (between(rng, 3000, 4600), 1300, 1.0),
        (between(rng, 6500, 9500), 3500, 0.8),
    )
    rip = unit(resonances(train, *roll)) + 0.3 * unit(highpass(white(m, rng), 4000, 1))
    return peaked(rip * speed**0.8 * swell(m, 35, rng, 0.45) * arch(m, 0.03, 0.02))


def tape(seconds: float, rng: Rng) -> Synthesised:
    """Sticky tape screeches off its roll, is snapped on the teeth and, at times, smoothed down."""
    n = frames(seconds)
    tempo, (length, pace) = level(rng, slow=(1.6, 0.5), steady=(0.9, 1.0), fast=(0.45, 1.9))
    x = np.zeros(n)
    t = between(rng, 0.01, 0.12)
    first = True
    while first or t + length + 0.3 < seconds:
        pull = min(length * between(rng, 0.7, 1.3), seconds - t - 0.2)
        add_at(x, t, _pulled(rng, pull, pace), between(rng, 0.7, 1.0))
        t += pull
        if chance(rng, 0.85):
            t += between(rng, 0.02, 0.25) if seconds - t > 0.6 else 0.0
            snap = burst(rng, 800, 13_000, between(rng, 0.012, 0.05))
            k = frames(0.05)
            teeth = peaked(highpass(dust(2500 * decay(k, 0.08) + 1e-3, rng), 1200, 1))
            add_at(x, t, teeth, 0.6)
            add_at(x, t + 0.02, snap, between(rng, 0.8, 1.2))
        if chance(rng, 0.4) and t < seconds - 0.8:
            k = frames(between(rng, 0.2, 0.45))
            rub = bandpass(white(k, rng), 500, 4500, 1) * arch(k, 0.2, 0.3)
            add_at(x, t + 0.25, peaked(rub), between(rng, 0.1, 0.3))
            t += 0.5
        t += between(rng, 0.4, 1.2)
        first = False
    x = room(x, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo}, fade_out=0.1)


PAPER: dict[str, Recipe] = {
    "paper_turn": paper_turn,
    "paper_crumple": paper_crumple,
    "paper_tear": paper_tear,
    "pen": pen,
    "scissors": scissors,
    "tape": tape,
}
"""Recipes of candidate kinds, by name."""
