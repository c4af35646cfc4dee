"""On and around a desk: computer keyboard and mouse, stapler, camera and alarm clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped
from core.corpus.synthesis.grains import add_at, burst, dust
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
from core.corpus.synthesis.sources import brown, harmonics, pink, pulses, white
from core.corpus.synthesis.space import reverb, room

KEYS = 9
"""Different keys of one keyboard that are heard: letters alike, each with a tone of its own."""


AT_A_COMPUTER = (-32.0, -27.0)
"""Noise floor, dB of the peak, of somebody who works at a machine with fans in it."""

FRANTIC = 1000
"""More clicks than fit into a clip: the mouse is clicked until its end."""


def _still_air(n: int, rng: Rng) -> Signal:
    """A quiet room with a computer's fan in it."""
    return unit(lowpass(brown(n, rng), 500, 1)) + 0.15 * unit(bandpass(white(n, rng), 300, 2500, 1))


@dataclass(frozen=True)
class _Switches:
    """What is under the caps: gains of the finger's touch, the switch's own click, the blow on
    the base plate and the rebound of the cap, and how bright the blow is (Hz)."""

    touch: float
    click: float
    bottom: float
    release: float
    bright: float


_SWITCHES = (
    _Switches(touch=0.15, click=0.9, bottom=0.8, release=0.5, bright=9000),  # blue, tactile
    _Switches(touch=0.2, click=0.0, bottom=1.0, release=0.45, bright=5500),  # linear
    _Switches(touch=0.35, click=0.15, bottom=0.7, release=0.25, bright=3000),  # rubber domes
    _Switches(touch=0.3, click=0.25, bottom=0.6, release=0.35, bright=6500),  # laptop
)


def _keystroke(rng: Rng, switches: _Switches, case: Modes, cap: Modes, held: float) -> Signal:
    """Down and up: touch, click, the cap on the plate some 10 ms later, and back after `held`."""
    m = frames(held + 0.16)
    x = np.zeros(m)
    add_at(x, 0, burst(rng, 250, 1600, 0.012), switches.touch)
    if switches.click:
        add_at(x, between(rng, 0.003, 0.008), burst(rng, 2800, 8000, 0.004), switches.click)
    down = between(rng, 0.009, 0.016)
    add_at(x, down, cap.struck(2600, rng, switches.bright), 0.8 * switches.bottom)
    add_at(x, down, case.struck(5000, rng, 0.4 * switches.bright), 0.3 * switches.bottom)
    click = burst(rng, 0.35 * switches.bright, 2 * switches.bright, between(rng, 0.004, 0.01))
    add_at(x, down, click, between(rng, 0.8, 1.3) * switches.bottom)
    if switches.click:
        add_at(x, held - 0.006, burst(rng, 3200, 9000, 0.003), 0.4 * switches.click)
    add_at(x, held, cap.tuned(1.25).struck(2000, rng, switches.bright), switches.release)
    add_at(x, held, burst(rng, 1500, 1.6 * switches.bright, 0.006), 0.7 * switches.release)
    return peaked(x)


def _wide_key(rng: Rng, switches: _Switches, case: Modes, cap: Modes) -> Signal:
    """Space bar or Enter: a lower thump, and the wire that keeps it level rattles."""
    held = between(rng, 0.07, 0.13)
    x = _keystroke(rng, switches, case.tuned(0.7), cap.tuned(0.6), held)
    add_at(x, 0.012, case.tuned(0.8).struck(len(x), rng, 2000), between(rng, 0.2, 0.5))
    for late in rng.uniform(0.014, 0.05, 3):
        add_at(x, float(late), burst(rng, 2500, 9000, 0.003), between(rng, 0.05, 0.2))
    return peaked(x)


def _typing(seconds: float, pace: float, rng: Rng) -> list[tuple[float, bool]]:
    """Times of keystrokes, and whether each is a wide key: words, spaces, moments of thought.

    Intervals are log-normal, as of typists; the fingers of a word follow each other faster
    than words do.
    """
    strokes, t = [], between(rng, 0.02, 0.25)
    while t < seconds - 0.15:
        for _ in range(1 + int(rng.poisson(3.8))):
            strokes.append((t, False))
            t += 0.86 / pace * float(np.exp(0.38 * rng.standard_normal()))
        strokes.append((t, True))
        t += 1.25 / pace * float(np.exp(0.35 * rng.standard_normal()))
        if chance(rng, 0.12):
            t += between(rng, 0.4, 1.4)
    return [stroke for stroke in strokes if stroke[0] < seconds - 0.1]


def keyboard(seconds: float, rng: Rng) -> Synthesised:
    """Typing: two clicks a key, down and up 60 to 130 ms apart, 2.5 to 10 keys a second."""
    n = frames(seconds)
    tempo, pace = level(rng, slow=3.4, steady=6.0, fast=9.5)
    pace *= between(rng, 0.88, 1.12)
    switches = _SWITCHES[int(rng.integers(len(_SWITCHES)))]
    case = wood(rng, log_between(rng, 200, 520), 4500, 20, t60=between(rng, 0.02, 0.06))
    cap = wood(rng, log_between(rng, 1100, 2600), 12_000, 16, t60=between(rng, 0.008, 0.022))
    bank = []
    for _ in range(KEYS):
        own = between(rng, 0.85, 1.18)
        held = min(between(rng, 0.06, 0.13), 0.8 / pace)
        bank.append(_keystroke(rng, switches, case.tuned(own**0.5), cap.tuned(own), held))
    wide = [_wide_key(rng, switches, case, cap) for _ in range(3)]
    x = np.zeros(n)
    for t, broad in _typing(seconds, pace, rng):
        stroke = wide[int(rng.integers(3))] if broad else bank[int(rng.integers(KEYS))]
        add_at(x, t, stroke, between(rng, 0.45, 1.0) * (1.15 if broad else 1.0))
    x = highpass(lowpass(room(x, rng), log_between(rng, 4200, 5800), 1), 300, 1)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo}, AT_A_COMPUTER)


def _button(rng: Rng, switch: Modes, shell: Modes, held: float, force: float) -> Signal:
    """A microswitch pressed and let go: each a snap of a spring blade of 2 to 4 ms."""
    m = frames(held + 0.12)
    x = np.zeros(m)
    for at, tune, gain in ((0.004, 1.0, 1.0), (held, between(rng, 1.1, 1.35), 0.6)):
        add_at(x, at, switch.tuned(tune).struck(1400, rng, 9000), gain)
        add_at(x, at, shell.tuned(tune).struck(2600, rng, 3000), 0.5 * gain * force)
        add_at(x, at, burst(rng, 1800, 11_000, between(rng, 0.002, 0.004)), 0.8 * gain)
        if chance(rng, 0.5):
            late = at + between(rng, 0.0015, 0.004)
            add_at(x, late, switch.tuned(tune * 1.1).struck(700, rng, 9000), 0.35 * gain)
    add_at(x, 0, burst(rng, 200, 1200, 0.01), 0.15 * force)
    return peaked(x)


def _wheel(rng: Rng, switch: Modes, notches: int, rate: float) -> Signal:
    """The scroll wheel turned over its notches."""
    x = np.zeros(frames(notches / rate + 0.1))
    for t in beats(notches / rate, 1 / rate, 0.15, rng):
        add_at(x, t, switch.tuned(between(rng, 0.6, 0.75)).struck(900, rng, 4000))
        add_at(x, t, burst(rng, 900, 5000, 0.004), 0.6)
    return peaked(x)


def mouse_click(seconds: float, rng: Rng) -> Synthesised:
    """Clicks of a computer mouse: press and release, single, double or many; slides between."""
    n = frames(seconds)
    count = str(rng.choice(["single", "several", "many"]))
    switch = wood(rng, log_between(rng, 2000, 3800), 13_000, 14, t60=between(rng, 0.004, 0.012))
    shell = wood(rng, log_between(rng, 420, 1100), 6000, 14, t60=between(rng, 0.01, 0.03))
    force = between(rng, 0.4, 1.0)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    made = 0
    most = {"single": 1, "several": int(rng.integers(2, 6)), "many": FRANTIC}[count]
    pause = (0.05, 0.25) if count == "many" else (0.25, 0.9)
    while made < most and (made == 0 or t < seconds - 0.2):
        held = between(rng, 0.045, 0.13)
        add_at(x, t, _button(rng, switch, shell, held, force), between(rng, 0.75, 1.0))
        made += 1
        t += held + (between(rng, 0.05, 0.1) if chance(rng, 0.3) else between(rng, *pause))
        if made < most < FRANTIC and t < seconds - 0.8 and chance(rng, 0.2):
            k = frames(between(rng, 0.15, 0.4))
            mat = shaped(white(k, rng), (150, -18), (600, -2), (1800, 0), (6000, -9), (15e3, -22))
            slide = mat * arch(k, 0.3, 0.3) * swell(k, 15, rng, 0.4)
            add_at(x, t - 0.05, peaked(slide), between(rng, 0.03, 0.12))
            t += k / SAMPLE_RATE
        elif made < most < FRANTIC and t < seconds - 0.9 and chance(rng, 0.12):
            notches = int(rng.integers(3, 10))
            add_at(x, t, _wheel(rng, switch, notches, between(rng, 12, 25)), 0.3)
            t += 0.6
    x = peaked(room(x, rng)) + between(rng, 0.0002, 0.0015) * _still_air(n, rng)
    return finish(x, seconds, rng, {"count": how_many(made)}, fade_out=0.1)


def _staple(rng: Rng, arm: Modes, base: Modes, length: float, force: float) -> Signal:
    """The arm goes down, the staple is driven through the sheets and bent, the spring lifts."""
    m = frames(length + 0.5)
    x = np.zeros(m)
    k = frames(length)
    creak = pulses(np.linspace(50, between(rng, 90, 220), k), rng, 0.25, 0.5)
    creak = np.convolve(creak, arm.struck(500, rng, 6000))[:k] * np.linspace(0.3, 1, k)
    add_at(x, 0, peaked(creak), between(rng, 0.05, 0.2))
    sheets = peaked(highpass(dust(3000 * decay(1600, 0.1), rng), 1200, 1))
    add_at(x, length - 0.02, sheets, 0.5 * force)
    add_at(x, length, base.struck(frames(0.2), rng, 2500), 0.9 * force)
    add_at(x, length, arm.struck(frames(0.15), rng, 8000), between(rng, 0.5, 0.9))
    add_at(x, length, burst(rng, 900, 9000, between(rng, 0.012, 0.03)), 0.9)
    thud = lowpass(white(4000, rng), 220) * strike(4000, 0.002, 0.09)
    add_at(x, length, peaked(thud), 0.6 * force)
    add_at(x, length + between(rng, 0.006, 0.015), burst(rng, 2000, 11_000, 0.008), 0.5)
    back = length + between(rng, 0.09, 0.22)
    add_at(x, back, arm.tuned(1.15).struck(frames(0.2), rng, 9000), between(rng, 0.3, 0.6))
    for late in rng.uniform(0.0, 0.05, int(rng.integers(2, 6))):
        click = burst(rng, 1800, 10_000, 0.005)
        add_at(x, back + float(late), click, between(rng, 0.1, 0.45))
    return peaked(x)


def stapler(seconds: float, rng: Rng) -> Synthesised:
    """A stapler: a clunk through the paper with a click of steel, and the spring's rattle back."""
    n = frames(seconds)
    _, times = level(rng, single=1, several=int(rng.integers(2, 6)))
    arm = metal(rng, log_between(rng, 900, 2200), 12_000, 20, t60=between(rng, 0.03, 0.1))
    base = wood(rng, log_between(rng, 120, 320), 3500, 18, t60=between(rng, 0.05, 0.12))
    x = np.zeros(n)
    t, made = between(rng, 0.01, 0.15), 0
    while made < times and (made == 0 or t < seconds - 0.5):
        length = between(rng, 0.06, 0.22)
        force = between(rng, 0.7, 1.0)
        add_at(x, t, _staple(rng, arm, base, length, force), between(rng, 0.8, 1.0))
        t += length + between(rng, 0.35, 1.0)
        made += 1
    x = room(x, rng)
    return finish(limited(x, 10), seconds, rng, {"count": how_many(made)}, fade_out=0.1)


@dataclass(frozen=True)
class _Camera:
    """A reflex camera: mirror box, shutter blades, and a motor that cocks it or not."""

    box: Modes
    blades: Modes
    motor_hz: float
    winds: bool


def _exposure(rng: Rng, camera: _Camera, exposed: float, pause: float) -> Signal:
    """Mirror up, first curtain, second after `exposed` seconds, mirror down, winding."""
    m = frames(exposed + 0.75)
    x = np.zeros(m)
    lag = between(rng, 0.035, 0.055)
    add_at(x, 0, camera.box.struck(4500, rng, 2500), 0.8)
    add_at(x, 0, burst(rng, 500, 5000, 0.014), 0.7)
    for at, gain in ((lag, 0.55), (lag + exposed, 0.75)):
        blades = camera.blades.struck(3000, rng, 12_000)
        add_at(x, at, blades, gain)
        run = frames(0.012)
        slats = highpass(white(run, rng), 2500, 1) * arch(run, 0.3, 0.3)
        add_at(x, at - 0.008, peaked(slats), 0.5 * gain)
        add_at(x, at, burst(rng, 2200, 15_000, 0.006), gain)
    down = lag + exposed + between(rng, 0.025, 0.06)
    add_at(x, down, camera.box.tuned(1.1).struck(4500, rng, 3000), between(rng, 0.7, 1.0))
    add_at(x, down, burst(rng, 700, 7000, 0.012), 0.8)
    for bounce in (0.011, 0.021):
        add_at(x, down + bounce, camera.box.struck(1500, rng, 4000), 0.25)
    if camera.winds:
        k = frames(between(rng, 0.35, 0.6) * pause)
        spin = camera.motor_hz * contour(k, (0, 0.5), (0.2, 1), (0.9, 1), (1, 0.7))
        gears = harmonics(spin, [1, 0.7, 0.8, 0.4, 0.5, 0.3, 0.2, 0.2], rng)
        gears = unit(gears) + 1.2 * unit(bandpass(white(k, rng), 1500, 9000, 1))
        add_at(x, down + 0.015, peaked(gears * arch(k, 0.08, 0.08)), between(rng, 0.05, 0.14))
        add_at(x, down + 0.01 + k / SAMPLE_RATE, burst(rng, 1200, 8000, 0.008), 0.4)
    return peaked(x)


def camera_shutter(seconds: float, rng: Rng) -> Synthesised:
    """A single-lens reflex camera: ka-chick within a tenth of a second, at times in series."""
    n = frames(seconds)
    count = str(rng.choice(["single", "several", "many"]))
    camera = _Camera(
        wood(rng, log_between(rng, 500, 1050), 6000, 18, t60=log_between(rng, 0.025, 0.04)),
        metal(rng, log_between(rng, 1700, 2500), 15_000, 18, t60=log_between(rng, 0.02, 0.04)),
        log_between(rng, 250, 560),
        count == "many" or chance(rng, 0.75),
    )
    slow = chance(rng, 0.1) and count == "single"
    exposed = log_between(rng, 0.15, 0.4) if slow else log_between(rng, 0.025, 0.065)
    most = {"single": 1, "several": int(rng.integers(2, 5)), "many": int(rng.integers(6, 24))}
    pause = between(rng, 0.36, 0.44) if count == "many" else between(rng, 0.3, 0.6)
    x = np.zeros(n)
    t, made = between(rng, 0.02, 0.15), 0
    while made < most[count] and (made == 0 or t < seconds - 0.25):
        add_at(x, t, _exposure(rng, camera, exposed, max(pause, 0.6)), between(rng, 0.85, 1))
        made += 1
        t += pause * between(rng, 0.97, 1.03) if count == "many" else between(rng, 0.6, 1.0)
    x = reverb(x, rng, between(rng, 0.16, 0.35), between(rng, 0.12, 0.25), 4000)
    x = lowpass(
        peaked(x) + log_between(rng, 0.004, 0.011) * pink(n, rng), between(rng, 5e3, 8e3), 1
    )
    return finish(limited(x, 11), seconds, rng, {"count": how_many(made)}, fade_out=0.1)


def _twin_bell(n: int, rng: Rng, rate: float) -> Signal:
    """A hammer between two small bells, `rate` strokes a second; the case rattles along."""
    ratios = np.array([1.0, 1.52, 2.31, 2.36, 3.4, 4.6, 6.2])
    low = log_between(rng, 1300, 2600)
    bells = [
        Modes(low * tune * ratios, between(rng, 0.5, 1.4) * ratios**-0.7, ratios**-0.3)
        for tune in (1.0, between(rng, 1.04, 1.22))
    ]
    case = wood(rng, between(rng, 350, 800), 6000, 16, t60=0.03)
    blows = [[b.struck(frames(0.9), rng, vary=0.15) for _ in range(3)] for b in bells]
    taps = [case.struck(1500, rng, 5000) for _ in range(4)]
    x = np.zeros(n)
    for index, t in enumerate(beats(n / SAMPLE_RATE, 1 / rate, 0.06, rng)):
        add_at(x, t, blows[index % 2][int(rng.integers(3))], between(rng, 0.6, 1.0))
        add_at(x, t, taps[int(rng.integers(4))], between(rng, 0.5, 1.1))
        add_at(x, t, burst(rng, 2500, 14_000, 0.004), between(rng, 0.2, 0.5))
    return x


def _beeper(n: int, rng: Rng) -> Signal:
    """A piezo beeper: groups of short square tones, over and over."""
    hz = log_between(rng, 1900, 3300)
    beeps, on = int(rng.choice([1, 2, 4])), between(rng, 0.05, 0.11)
    gap = on * between(rng, 0.7, 1.1)
    pause = between(rng, 0.3, 0.6)
    gate = (ticks(n) % (beeps * (on + gap) + pause)) // (on + gap) < beeps
    gate &= (ticks(n) % (beeps * (on + gap) + pause)) % (on + gap) < on
    tone = harmonics(np.full(n, hz), [1, 0.12, 0.4, 0.06, 0.22], rng)
    return tone * lowpass(gate.astype(float), 300, 1)


def alarm_clock(seconds: float, rng: Rng) -> Synthesised:
    """An alarm clock: two bells hammered a dozen or more times a second, or beeps in groups."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=11.0, steady=16.0, fast=23.0)
    attributes = {}
    if chance(rng, 0.65):
        attributes["tempo"] = tempo
        x = _twin_bell(n, rng, rate * between(rng, 0.9, 1.1))
    else:
        x = _beeper(n, rng)
    start = frames(between(rng, 0.01, 0.25))
    x = np.concatenate([np.zeros(start), x])[:n]
    if chance(rng, 0.4) and seconds > 2:
        stop = between(rng, 0.75, 0.95) * seconds
        x *= np.where(ticks(n) < stop, 1.0, np.exp(-np.maximum(ticks(n) - stop, 0) / 0.03))
        add_at(x, stop, burst(rng, 300, 5000, 0.03), float(np.max(np.abs(x))))
    x = reverb(x, rng, between(rng, 0.25, 0.6), between(rng, 0.12, 0.35), 4000)
    return finish(limited(x, 5), seconds, rng, attributes)


DESK: dict[str, Recipe] = {
    "keyboard": keyboard,
    "mouse_click": mouse_click,
    "stapler": stapler,
    "camera_shutter": camera_shutter,
    "alarm_clock": alarm_clock,
}
"""Recipes of candidate kinds, by name."""
