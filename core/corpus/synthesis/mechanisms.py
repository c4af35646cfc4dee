"""Machines with a motor and moving parts: sewing machine, printer, film projector, lift, radio."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import (
    Response,
    bandpass,
    highpass,
    lowpass,
    moving,
    resonances,
    shaped,
)
from core.corpus.synthesis.grains import Bank, add_at, burst, dust
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
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
from core.corpus.synthesis.sources import (
    brown,
    glottal,
    harmonics,
    phase,
    pink,
    pulses,
    sine,
    tilted,
    white,
)
from core.corpus.synthesis.space import hall, reverb, room


def _cycle(
    turns: Signal, parts: list[tuple[float, Signal, float]], rng: Rng, uneven: float = 0.2
) -> Signal:
    """Sounds of a turning machine: each part (angle in turns, sound, gain) once a turn.

    `turns` is the angle at each sample, and must not fall.
    """
    x = np.zeros(len(turns))
    for angle, sound, gain in parts:
        starts = np.flatnonzero(np.diff(np.floor(turns - angle)) > 0)
        hits = np.zeros(len(turns))
        hits[starts] = gain * np.exp(uneven * rng.standard_normal(len(starts)))
        x += _train(hits, sound)
    return x


def _train(hits: Signal, sound: Signal) -> Signal:
    """`sound` begun at every hit; cheaper than a convolution, as hits are few."""
    out = np.zeros(len(hits) + len(sound))
    for place in np.flatnonzero(hits).tolist():
        out[place : place + len(sound)] += hits[place] * sound
    return out[: len(hits)]


def _pedal(seconds: float, top: float, rng: Rng) -> Signal:
    """Stitches a second under a foot that presses, eases and lets go."""
    n = frames(seconds)
    points, t = [(0.0, 0.0)], between(rng, 0.02, 0.2)
    while t < seconds:
        run, peak = between(rng, 0.6, 4.0), top * between(rng, 0.6, 1.0)
        rise, stop = between(rng, 0.15, 0.5), between(rng, 0.12, 0.3)
        for later, hz in ((0, 0.0), (rise, peak), (run, peak * between(rng, 0.8, 1.1)), (stop, 0)):
            t += max(later, 0.01)
            points.append((t / seconds, hz))
        t += between(rng, 0.2, 0.9)
    inside = [point for point in points if point[0] < 1.0]
    return contour(n, *inside, (1.0, inside[-1][1]))


def sewing_machine(seconds: float, rng: Rng) -> Synthesised:
    """Stitches of 5 to 25 a second: needle bar, hook and feed dog each turn, and the motor.

    The foot starts and stops it, so that the rate of the stitches and the motor's whine glide
    together.
    """
    n = frames(seconds)
    tempo, top = level(rng, slow=6.0, steady=11.0, fast=20.0)
    rate = _pedal(seconds, top * between(rng, 0.85, 1.2), rng)
    rate = np.maximum(rate * (1 + 0.02 * wander(n, 6, rng)), 0)
    turns = phase(rate)
    body = metal(rng, log_between(rng, 450, 1000), 9000, 24, t60=between(rng, 0.015, 0.05))
    table = wood(rng, between(rng, 90, 200), 1500, 14, t60=between(rng, 0.04, 0.1))
    needle, hook = body.struck(2600, rng, 8000), body.tuned(1.6).struck(1600, rng, 9000)
    thump, lever = table.struck(5000, rng, 700), body.tuned(1.25).struck(2000, rng, 9000)
    parts = [
        (0.0, needle, 1.0),
        (0.02, thump, between(rng, 0.15, 0.5)),
        (between(rng, 0.25, 0.35), hook, between(rng, 0.4, 0.8)),
        (between(rng, 0.45, 0.55), lever, between(rng, 0.4, 0.9)),
        (between(rng, 0.7, 0.85), peaked(burst(rng, 1500, 9000, 0.012)), between(rng, 0.3, 0.6)),
    ]
    x = _cycle(turns, parts, rng, 0.12)
    run = np.minimum(rate / (0.3 * top), 1.0)
    motor = harmonics(np.maximum(rate * between(rng, 9, 15), 1), tilted(10, 3), rng)
    gears = bandpass(white(n, rng), 700, 6500, 1) * (1 + 0.6 * np.sin(2 * np.pi * 2 * turns))
    whir = between(rng, 0.3, 0.7) * unit(motor * run) + between(rng, 0.4, 0.8) * unit(gears * run)
    x = unit(x) + between(rng, 0.4, 0.8) * whir * (rate / top)
    return finish(limited(room(x, rng), 6), seconds, rng, {"tempo": tempo})


def _carriage(n: int, rng: Rng, length: float) -> tuple[Signal, list[float]]:
    """The print head's speed (0 to 1) at each sample, and the times where it turns."""
    speed, turns = np.zeros(n), []
    t = between(rng, 0.02, 0.2)
    while t < n / SAMPLE_RATE:
        now = length * (1.0 if chance(rng, 0.8) else between(rng, 0.4, 0.8))
        k = frames(now)
        add_at(speed, t, contour(k, (0, 0), (0.12, 1), (0.88, 1), (1, 0)))
        turns.append(t + now)
        t += now + between(rng, 0.03, 0.12)
    return speed, turns


def _feed(rng: Rng, rollers: Modes) -> Signal:
    """The sheet moved on a line: a stepping motor's short zip through the rollers."""
    k = frames(between(rng, 0.04, 0.11))
    step = pulses(between(rng, 160, 420) * contour(k, (0, 0.5), (0.4, 1), (1, 0.6)), rng, 0.02, 0.1)
    zip_ = resonances(step, *[(float(hz), float(hz) / 6, 1.0) for hz in rollers.hz[:6]])
    slide = bandpass(white(k, rng), 1500, 9000, 1) * arch(k, 0.3, 0.3)
    return peaked(unit(zip_) + 0.5 * unit(slide)) * arch(k, 0.05, 0.1)


def _inkjet(n: int, rng: Rng, length: float) -> Signal:
    """The head runs to and fro on its belt, sprays, and knocks a little where it turns."""
    speed, turns = _carriage(n, rng, length)
    frame = wood(rng, between(rng, 180, 420), 5000, 20, t60=0.05)
    whine = np.maximum(log_between(rng, 350, 800) * speed, 20)
    motor = harmonics(whine, [1, 0.5, 0.7, 0.3, 0.35, 0.2, 0.2, 0.1], rng) * speed
    cogs = pulses(np.maximum(whine * between(rng, 0.22, 0.4), 1), rng, 0.05, 0.3)
    belt = resonances(cogs, (700, 300, 0.7), (1900, 700, 1.0), (4300, 1800, 0.9)) * speed
    spray = shaped(white(n, rng), (300, -26), (1500, -6), (5000, 0), (13_000, -5))
    x = 0.45 * unit(motor) + 0.6 * unit(belt)
    x += between(rng, 0.6, 1.1) * unit(spray * speed) * swell(n, 18, rng, 0.25)
    rollers = metal(rng, 500, 7000, 16, t60=0.03)
    for t in turns:
        add_at(x, t - 0.02, frame.struck(4000, rng, 1800), between(rng, 0.6, 1.6))
        add_at(x, t + 0.01, _feed(rng, rollers), between(rng, 0.8, 1.8))
    return x


def _dot_matrix(n: int, rng: Rng, length: float) -> Signal:
    """Pins hammer the ribbon about a thousand times a second, in words, line by line."""
    speed, turns = _carriage(n, rng, length)
    printed = (speed > 0.9) * (wander(n, between(rng, 9, 16), rng) > -0.7)
    pins = pulses(between(rng, 750, 1400) * np.ones(n), rng, 0.02, 0.5) * printed
    head = (
        (between(rng, 900, 1500), 300, 0.7),
        (between(rng, 2200, 3200), 700, 1.0),
        (between(rng, 4200, 6500), 1800, 0.8),
    )
    scream = unit(resonances(pins, *head)) + 0.25 * unit(highpass(pins * white(n, rng), 5000, 1))
    motor = harmonics(np.maximum(between(rng, 180, 330) * speed, 20), tilted(12, 4), rng) * speed
    x = scream * swell(n, 12, rng, 0.15) + 0.3 * unit(motor)
    rollers = metal(rng, 350, 5000, 16, t60=0.04)
    for t in turns:
        add_at(x, t, _feed(rng, rollers), between(rng, 1.5, 3.0))
    return x


def _laser(n: int, rng: Rng, length: float) -> Signal:
    """A drum and a fan that hum, gears, and a sheet that is drawn in, pressed and dropped."""
    hum = harmonics(np.full(n, between(rng, 85, 160)), tilted(24, 4), rng)
    gears = harmonics(log_between(rng, 380, 900) * swell(n, 3, rng, 0.01), tilted(8, 5), rng)
    air = shaped(white(n, rng), (60, -14), (300, 0), (1500, -4), (6000, -14), (14_000, -26))
    x = 0.15 * unit(hum) + 0.12 * unit(gears) + 0.3 * unit(air)
    body = wood(rng, between(rng, 110, 240), 3500, 20, t60=0.09)
    for t in beats(n / SAMPLE_RATE, 2.2 * length, 0.05, rng, first=between(rng, 0.05, 0.4)):
        add_at(x, t, body.struck(frames(0.2), rng, 1500), between(rng, 2.5, 5.0))
        add_at(x, t, burst(rng, 900, 7000, 0.02), between(rng, 1.0, 2.5))
        k = frames(1.3 * length)
        sheet = shaped(white(k, rng), (300, -22), (1200, -5), (3500, 0), (11_000, -6))
        add_at(x, t + 0.1, peaked(sheet * arch(k, 0.1, 0.2) * swell(k, 20, rng, 0.3)), 2.2)
        k = frames(0.12)
        flop = bandpass(white(k, rng), 250, 4500, 1) * strike(k, 0.004, 0.09)
        add_at(x, t + 0.2 + 1.3 * length, peaked(flop), between(rng, 1.5, 3.0))
    return x


def _next_sheet(rng: Rng) -> Signal:
    """A sheet is drawn from the tray: a clunk, rollers that whirr, its edge that arrives."""
    k = frames(between(rng, 0.45, 0.95))
    x = np.zeros(k + frames(0.2))
    speed = contour(k, (0, 0.2), (0.25, 1), (0.85, 0.9), (1, 0.2))
    whirr = harmonics(log_between(rng, 240, 600) * speed, tilted(12, 4), rng)
    whirr = unit(whirr) + 0.7 * unit(bandpass(white(k, rng), 600, 5000, 1))
    sheet = shaped(white(k, rng), (400, -24), (1500, -4), (4000, 0), (12_000, -6))
    sheet = sheet * swell(k, 22, rng, 0.4) * np.linspace(0, 1, k)
    add_at(x, 0, (whirr + between(rng, 0.5, 1.0) * unit(sheet)) * speed * arch(k, 0.05, 0.08))
    tray = wood(rng, between(rng, 120, 300), 4500, 20, t60=0.07)
    for at in (0.0, k / SAMPLE_RATE):
        add_at(x, at, tray.struck(frames(0.15), rng, 2500), between(rng, 2.0, 5.0))
        add_at(x, at, burst(rng, 900, 7000, 0.015), between(rng, 1.0, 3.0))
    return x


def printer(seconds: float, rng: Rng) -> Synthesised:
    """An office printer: an ink head to and fro, a dot matrix that screams, or a laser's sheets."""
    n = frames(seconds)
    tempo, length = level(rng, slow=1.25, steady=0.8, fast=0.5)
    kind = rng.choice(3, p=[0.5, 0.25, 0.25])
    machine = (_inkjet, _dot_matrix, _laser)[int(kind)]
    x = unit(limited(machine(n, rng, length * between(rng, 0.9, 1.1)), 5))
    if machine is not _laser:
        for t in beats(seconds, between(rng, 5, 12), 0.2, rng, first=between(rng, -3, 2)):
            drawn = _next_sheet(rng)
            resting = 1 - 0.95 * arch(len(drawn), 0.04, 0.04)
            place = round(t * SAMPLE_RATE)
            still = x[max(0, place) : max(0, place + len(drawn))]
            still *= resting[max(0, -place) :][: len(still)]
            add_at(x, t, drawn, between(rng, 0.5, 0.9))
    fan = shaped(pink(n, rng), (60, -10), (200, 0), (900, -5), (5000, -16), (15_000, -34))
    x = unit(x) + between(rng, 0.02, 0.12) * unit(fan)
    return finish(limited(room(x, rng), 6), seconds, rng, {"tempo": tempo})


def film_projector(seconds: float, rng: Rng) -> Synthesised:
    """Claw and shutter at 16 to 24 frames a second over motor and blower; the film flutters."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=12.0, steady=17.5, fast=24.0)
    rate *= between(rng, 0.96, 1.04)
    turns = phase(rate * (1 + 0.012 * wander(n, 1.5, rng)))
    gate = metal(rng, log_between(rng, 700, 1600), 9000, 18, t60=between(rng, 0.01, 0.03))
    claw = gate.struck(1400, rng, 6000) + 0.8 * peaked(burst(rng, 1500, 8000, 0.008))[:1]
    pull = frames(0.35 / rate)
    film = bandpass(white(pull, rng), 1200, 7500, 1) * arch(pull, 0.3, 0.4)
    parts = [
        (0.0, peaked(claw), 1.0),
        (0.03, peaked(film), between(rng, 0.4, 0.8)),
        (between(rng, 0.3, 0.4), gate.tuned(0.7).struck(1400, rng, 3500), between(rng, 0.4, 0.8)),
        (between(rng, 0.6, 0.75), gate.tuned(1.3).struck(900, rng, 7000), between(rng, 0.2, 0.5)),
    ]
    clatter = _cycle(turns, parts, rng, 0.1)
    motor = harmonics(rate * between(rng, 5.5, 8) * swell(n, 1, rng, 0.004), tilted(14, 4), rng)
    blower = shaped(pink(n, rng), (50, -12), (180, -2), (600, 0), (2500, -6), (9000, -18))
    x = (
        unit(clatter)
        + between(rng, 0.15, 0.4) * unit(motor)
        + between(rng, 0.1, 0.3) * unit(blower)
    )
    if chance(rng, 0.35):
        loop = dust(60 * np.maximum(wander(n, 3, rng), 0) + 1e-3, rng)
        x += 0.25 * unit(resonances(loop, (450, 300, 1.0), (1700, 900, 0.8)))
    x = reverb(x, rng, between(rng, 0.3, 0.8), between(rng, 0.15, 0.4), 2500)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


def _chime(rng: Rng) -> Signal:
    """The lift's gong: one stroke, or two of falling pitch."""
    x = np.zeros(frames(2.4))
    hz = log_between(rng, 620, 1250)
    ratios = np.array([1.0, 2.0, 2.76, 4.1, 5.4])
    for index in range(int(rng.integers(1, 3))):
        tuned = hz * (1.0 if index == 0 else between(rng, 0.74, 0.85))
        gains = np.array([1.0, 0.25, 0.3, 0.12, 0.08])
        gong = Modes(tuned * ratios, between(rng, 0.9, 2.0) * ratios**-0.7, gains)
        add_at(x, 0.45 * index, gong.struck(frames(1.8), rng, vary=0.1))
    return peaked(x)


def _doors(rng: Rng, length: float) -> Signal:
    """Lift doors run on their track: a motor that speeds up and brakes, rollers, two thuds."""
    m = frames(length + 0.5)
    k = frames(length)
    speed = contour(k, (0, 0.02), (0.2, 1), (0.7, 0.9), (1, 0.05))
    motor = harmonics(between(rng, 130, 300) * np.maximum(speed, 0.1), tilted(14, 4), rng) * speed
    rolling = shaped(white(k, rng), (60, -8), (250, 0), (1200, -5), (5000, -13), (14_000, -26))
    rollers = pulses(np.maximum(between(rng, 22, 40) * speed, 0.5), rng, 0.15, 0.4)
    ticking = resonances(rollers, (420, 200, 1.0), (1500, 700, 0.7), (3600, 1500, 0.5))
    run = between(rng, 0.3, 0.7) * unit(motor) + unit(rolling * speed) + 0.5 * unit(ticking)
    x = np.zeros(m)
    add_at(x, 0, run * arch(k, 0.04, 0.06))
    panel = metal(rng, between(rng, 70, 130), 2500, 24, t60=between(rng, 0.12, 0.3))
    for at, gain in ((0.0, 1.2), (length - 0.02, 2.2)):
        add_at(x, at, panel.struck(frames(0.4), rng, 900), gain)
        add_at(x, at, burst(rng, 300, 3500, 0.03), 0.5 * gain)
    return peaked(x)


def lift(seconds: float, rng: Rng) -> Synthesised:
    """A lift comes: its hum falls, the brake, the gong, the doors slide open, and shut again."""
    n = frames(seconds)
    tempo, doors = level(rng, slow=2.6, steady=1.9, fast=1.3)
    stop = min(between(rng, 0.12, 0.3) * seconds, 4.0)
    going = np.clip((stop - ticks(n)) / max(0.6 * stop, 0.05), 0, 1) ** 0.7
    hz = between(rng, 55, 95) * (0.55 + 0.45 * going)
    hum = harmonics(hz * swell(n, 1, rng, 0.01), tilted(20, 4), rng)
    cable = bandpass(pink(n, rng), 120, 1500, 1) * swell(n, 4, rng, 0.2)
    x = between(rng, 0.06, 0.12) * (unit(hum) + 0.7 * unit(cable)) * going
    brake = metal(rng, between(rng, 80, 160), 2500, 20, t60=0.15).struck(frames(0.4), rng, 1200)
    add_at(x, stop, brake, between(rng, 0.4, 0.8))
    ding = stop + between(rng, 0.02, 0.3)
    add_at(x, ding, _chime(rng), between(rng, 0.5, 0.9))
    opening = ding + between(rng, 0.25, 0.8)
    doors = min(doors, max(0.3, seconds - opening - 0.15))
    add_at(x, opening, _doors(rng, doors), between(rng, 0.6, 1.0))
    closing = opening + doors + between(rng, 1.2, 2.5)
    while closing < seconds - doors:
        add_at(x, closing, _doors(rng, doors), between(rng, 0.6, 1.0))
        closing += doors + between(rng, 2.5, 6.0)
    vent = shaped(pink(n, rng), (50, -6), (150, 0), (600, -6), (3000, -20), (12_000, -40))
    x = x + between(rng, 0.004, 0.015) * unit(vent)
    x = hall(x, rng) if chance(rng, 0.4) else reverb(x, rng, 0.9, 0.3, 3000)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo}, fade_out=0.15)


def _babble(n: int, rng: Rng) -> Response:
    """Vowels drawn at random, six a second: a mouth that says nothing."""
    count = int(n / SAMPLE_RATE * 6) + 2
    first = np.exp(rng.uniform(np.log(300), np.log(850), count))
    second = np.exp(rng.uniform(np.log(900), np.log(2300), count))

    def response(times: Signal, hz: Signal) -> Signal:
        at = times.ravel() * (count - 1)
        total = np.full((len(at), hz.shape[1]), 0.01)
        for peaks, width, gain in ((first, 90.0, 1.0), (second, 130.0, 0.6)):
            centre = np.interp(at, np.arange(count), peaks)[:, None]
            total += gain / (1 + ((hz - centre) / (width / 2)) ** 2)
        return total

    return response


def _programme(n: int, rng: Rng) -> Signal:
    """What a station sends: a voice without words, or a band of tones, in a narrow channel."""
    if chance(rng, 0.55):
        hz = log_between(rng, 100, 210) * 2 ** (0.12 * wander(n, 2.5, rng))
        source = glottal(hz, rng, breath=0.05) * np.clip(wander(n, 4.5, rng) + 0.6, 0, 1.2)
        x = moving(source, _babble(n, rng))
        return unit(x)
    x = np.zeros(n)
    root = log_between(rng, 110, 220)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    pace = between(rng, 0.18, 0.4)
    m = frames(min(0.6, 2 * pace))

    def note(index: int) -> Signal:
        tone = root * 2 ** (float(scale[index % len(scale)]) / 12 + index // len(scale))
        return harmonics(np.full(m, tone), tilted(10, 6), rng) * strike(m, 0.01, 0.9)

    notes = Bank(2 * len(scale), note)
    for t in beats(n / SAMPLE_RATE, pace, 0.02, rng):
        for octave in (0, 1):
            degree = int(rng.integers(len(scale)))
            add_at(x, t, notes[octave * len(scale) + degree], between(rng, 0.1, 0.6))
    return unit(x)


_BEAT_HEARD = 3.4
"""Turns of the dial off a carrier at which its beat is 60 dB down."""


def radio_tuning(seconds: float, rng: Rng) -> Synthesised:
    """The dial of a medium-wave radio: noise, whistles that fall to nothing at a carrier and
    rise again, and stations that come and go.

    The beat of two carriers is as high as they are apart; a station is heard within 4 kHz.
    """
    n = frames(seconds)
    tempo, pace = level(rng, slow=3.0, steady=6.0, fast=11.0)
    moves = np.maximum(wander(n, between(rng, 0.4, 0.8), rng) + 0.55, 0)
    dial = np.cumsum(moves * pace) / SAMPLE_RATE + between(rng, 0, 4)
    noise = shaped(white(n, rng), (80, -14), (300, -2), (1200, 0), (3500, -5), (5500, -22))
    noise = unit(noise) * swell(n, 4, rng, 0.2)
    crackle = bandpass(dust(between(rng, 8, 40) * np.ones(n), rng, 1.2, 20), 200, 4500, 1)
    x = noise + between(rng, 0.3, 0.7) * unit(crackle)
    at = between(rng, 1, 5)
    while at < dial[-1] + _BEAT_HEARD:
        # The dial never turns back: where a station is heard is one stretch.
        first, last = np.searchsorted(dial, (at - _BEAT_HEARD, at + _BEAT_HEARD)).tolist()
        off, here = dial[first:last] - at, x[first:last]
        inside = np.exp(-((off / 0.9) ** 2))
        near = np.flatnonzero(inside > 0.02)
        if len(near) > frames(0.1):
            here *= 1 - between(rng, 0.5, 0.9) * inside
            sent = bandpass(_programme(len(near), rng), 200, 3800)
            here[near] += between(rng, 0.9, 1.8) * sent * inside[near]
            beat = np.clip(np.abs(off) * 2500, 0, 6000)
            heard = np.exp(-((off / 1.3) ** 2)) - np.exp(-((_BEAT_HEARD / 1.3) ** 2))
            heard = np.maximum(heard, 0) * np.minimum(beat / 150, 1)
            here += between(rng, 0.3, 1.0) * sine(beat) * heard * swell(len(off), 3, rng, 0.2)
        at += log_between(rng, 2.0, 6.0)
    x = lowpass(bandpass(x, 180, 4500, 1), 5500)
    x = unit(x) + between(rng, 0.03, 0.1) * sine(np.full(n, 100.0)) + 0.02 * unit(brown(n, rng))
    if chance(rng, 0.5):
        add_at(x, 0.0, burst(rng, 400, 5000, 0.02), 3.0)
    return finish(limited(room(x, rng), 4), seconds, rng, {"tempo": tempo})


MECHANISMS: dict[str, Recipe] = {
    "sewing_machine": sewing_machine,
    "printer": printer,
    "film_projector": film_projector,
    "lift": lift,
    "radio_tuning": radio_tuning,
}
"""Recipes of candidate kinds, by name."""
