"""Breath that is forced: a throat cleared, a nose blown, a groan, a puff."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.breath import somebody
from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, bubbles, dust, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import brown, phase, room_air, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb, room
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import VoiceTracks, silent_voice, vocal_sound

_JAWS = {"light": ("@", "U", "o"), "moderate": ("@", "V", "O"), "heavy": ("A", "a", "V")}
"""Vowels of a groan: the harder the effort, the wider the jaw."""
_STILL = (8e-4, 4e-3)
"""Air of the room beside the sound's peak."""


def _indoors(x: Signal, rng: Rng) -> Signal:
    """In a furnished room whose air is heard."""
    return peaked(x) + log_between(rng, *_STILL) * room_air(len(x), rng)


def _rasp(
    voice: VoiceTracks, t: float, length: float, pitch: float, force: float, rng: Rng
) -> None:
    """One heave of the throat: pressed folds that rattle, slime that is torn off by the air."""
    vowel = str(rng.choice(["@", "V", "3", "U"]))
    closes = str(rng.choice(["U", "u", "@"]))
    high = pitch * between(rng, 1.1, 1.5)
    rattles = [(k / 6, force * between(rng, 0.4, 1.0)) for k in range(2, 6)]
    voice.write(
        t,
        length,
        pitch=((0, high * 0.8), (0.25, high), (1, pitch * between(rng, 0.6, 0.85))),
        effort=((0, 0), (0.12, 0.8 * force), *rattles, (1, 0)),
        air=((0, 0.1), (0.15, 0.55 * force), (0.7, 0.35 * force), (1, 0)),
        rush=((0, 0), (0.2, 0.22 * force), (0.6, 0.1 * force), (1, 0)),
        vowels=((0, vowel), (0.6, vowel), (1, closes)),
        centre=between(rng, 1300, 2100),
        rough=between(rng, 0.14, 0.28),
        doubled=between(rng, 0.4, 0.9),
    )


def throat_clearing(seconds: float, rng: Rng) -> Synthesised:
    """Two short heaves of the throat, or one, or some; the folds rattle at half their pitch."""
    n = frames(seconds)
    strength, force = level(rng, light=0.45, moderate=0.7, heavy=1.0)
    count, most = level(rng, single=1, several=3)
    pitch, size = somebody(rng, 0.05)
    pitch *= 0.85
    voice = silent_voice(n, pitch)
    t, made = between(rng, 0.04, 0.2), 0
    while made == 0 or (made < most and t < seconds - 0.35):
        length = min(between(rng, 0.18, 0.4) * (0.7 + 0.5 * force), max(0.15, seconds - t - 0.05))
        _rasp(voice, t, length, pitch, force * between(rng, 0.8, 1.0), rng)
        if chance(rng, 0.5) and t + length + 0.35 < seconds:
            t += length + between(rng, 0.03, 0.08)
            length = between(rng, 0.22, 0.5)
            _rasp(voice, t, length, 0.9 * pitch, force, rng)
        t += length + between(rng, 0.25, 0.8)
        made += 1
    x = vocal_sound(n, voice, Larynx(0.6, 1.6, 0.35, 0.04, 0.25), size, rng)
    x = room(x, rng)
    counted = {"count": how_many(made) if most > 1 else count}
    return finish(limited(_indoors(x, rng), 8), seconds, rng, {"strength": strength, **counted})


def groan(seconds: float, rng: Rng) -> Synthesised:
    """A groan that falls for a second or so, or grunts of effort, cut off by the closed throat.

    *strength* is how loud and strained; strain roughens the voice.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    grunts = chance(rng, 0.45)
    count, most = level(rng, single=1, several=3)
    pitch, size = somebody(rng, 0.05)
    pitch *= 1.0 + 0.25 * force
    voice = silent_voice(n, pitch)
    t, made = between(rng, 0.03, 0.15), 0
    while made == 0 or (made < most and t < seconds - 0.4):
        length = between(rng, 0.18, 0.4) if grunts else between(rng, 0.8, 1.9)
        length = min(length, max(0.2, seconds - t - 0.08))
        begins, ends = (str(rng.choice(_JAWS[strength])) for _ in range(2))
        wobble = [(k / 7, force * between(rng, 0.65, 1.0)) for k in range(2, 6)]
        voice.write(
            t,
            length,
            pitch=(
                (0, pitch * between(rng, 0.8, 0.95)),
                (0.25, pitch * between(rng, 1.0, 1.25)),
                (1, pitch * between(rng, 0.6, 0.8)),
            ),
            effort=((0, 0), (0.07, 0.9 * force), *wobble, (1, 0)),
            air=((0, 0), (0.3, 0.12 * force), (0.85, 0.2 * force), (1, 0)),
            vowels=((0, begins), (0.5, begins), (1, ends)),
            rough=between(rng, 0.02, 0.06) + 0.1 * force * rng.random(),
            doubled=between(rng, 0, 0.6) * force,
        )
        t += length
        if chance(rng, 0.6):
            out = min(between(rng, 0.2, 0.6), max(0.1, seconds - t))
            puff = between(rng, 0.15, 0.4)
            voice.write(
                t + 0.04, out, air=((0, 0), (0.15, puff), (1, 0)), vowels=((0, "V"), (1, "@"))
            )
            t += out
        t += between(rng, 0.25, 0.9)
        made += 1
    larynx = Larynx(0.95 - 0.45 * force, 2.2, between(rng, 0.05, 0.15), 0.015, 0.08)
    x = vocal_sound(n, voice, larynx, size, rng)
    distance = draw_distance(rng, 0.1)
    x = at_distance(x, distance, rng) if distance == "distant" else room(x, rng)
    attributes = {"strength": strength, "distance": distance}
    counted = {"count": how_many(made) if most > 1 else count}
    return finish(limited(_indoors(x, rng), 7), seconds, rng, {**attributes, **counted})


def _blown_nose(rng: Rng, length: float, force: float, size: float) -> Signal:
    """A blow into a handkerchief: air hisses, and what is wet flaps 40 to 110 times a second.

    The nose resounds about 300 and 1000 Hz, which is the honk.
    """
    n = frames(length)
    blown = contour(n, (0, 0), (0.08, 1.0), (0.5, 0.8), (0.85, 0.6), (1, 0))
    rate = log_between(rng, 45, 105) * contour(n, (0, 0.8), (0.3, 1.1), (1, 0.75))
    flap = phase(rate * 2 ** (0.25 * wander(n, 16, rng))) % 1.0
    pulse = np.exp(-flap * between(rng, 3, 7)) * np.minimum(1, flap * 10)
    wet = np.clip(0.6 + 0.6 * wander(n, 5, rng), 0, 1.2) * force
    honk = resonances(
        pulse * (1 + 0.3 * white(n, rng)),
        (between(rng, 260, 380) * size, 120, 1.0),
        (between(rng, 850, 1200) * size, 300, 0.7),
        (between(rng, 2000, 2600) * size, 700, 0.35),
    )
    air = unit(bandpass(white(n, rng), 700 * size, 5500, 1)) * (0.5 + 0.5 * pulse)
    x = unit(honk) * wet + between(rng, 0.5, 0.9) * air
    drops = bubbles(rng, 10, 500, 1800, 0.3)
    places = poisson(n, 60 * force * blown + 1e-3, rng)
    x += 0.3 * peaked(scatter(n, places, sizes(len(places), rng), drops, rng) + 1e-9)
    return peaked(x * blown * swell(n, 18, rng, 0.25))


def nose_blowing(seconds: float, rng: Rng) -> Synthesised:
    """One to four blows of 0.3 to 1.1 s into a tissue; the heavier, the more they honk."""
    n = frames(seconds)
    strength, force = level(rng, light=0.3, moderate=0.7, heavy=1.2)
    count, most = level(rng, single=1, several=4)
    _, size = somebody(rng, 0.1)
    x = np.zeros(n)
    t, made = between(rng, 0.05, 0.25), 0
    while made == 0 or (made < most and t < seconds - 0.35):
        length = min(between(rng, 0.3, 1.1), max(0.25, seconds - t - 0.05))
        add_at(x, t, _blown_nose(rng, length, force, size), between(rng, 0.7, 1.0))
        t += length + between(rng, 0.15, 0.7)
        made += 1
    paper = highpass(dust(160 * np.clip(0.5 + wander(n, 2.5, rng), 0, 2) + 1e-3, rng, 1.4), 1500, 1)
    x = peaked(x) + between(rng, 0.02, 0.08) * peaked(paper)
    x = reverb(x, rng, between(rng, 0.2, 0.5), between(rng, 0.06, 0.25), 4500)
    counted = {"count": how_many(made) if most > 1 else count}
    return finish(limited(_indoors(x, rng), 8), seconds, rng, {"strength": strength, **counted})


def _puff(rng: Rng, length: float, force: float, near: float) -> Signal:
    """Air from rounded lips: it starts within some 15 ms and dies away.

    `near`, 0 to 1, is how much hits the microphone, as wind does: most of it below 200 Hz.
    """
    n = frames(length)
    blown = contour(n, (0, 0), (0.07, 1.0), (0.35, 0.6), (0.7, 0.25), (1, 0))
    lips = log_between(rng, 900, 1900)
    jet = resonances(
        white(n, rng), (lips, lips, 1.0), (3.1 * lips, 2500, 0.6 * force), (320, 300, 0.5)
    )
    wind = unit(lowpass(brown(n, rng), 160, 2)) * swell(n, 20, rng, 0.5)
    x = unit(jet) * blown + near * between(rng, 1.2, 3.0) * wind * blown**1.5
    return peaked(x)


def breath_puff(seconds: float, rng: Rng) -> Synthesised:
    """A short breath blown out: at a flame, or into a microphone, which rumbles.

    *strength* is how hard and bright; before a first, hard one air is taken in.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.35, moderate=0.65, heavy=1.0)
    count, most = level(rng, single=1, several=4)
    near = between(rng, 0.4, 1.0) if chance(rng, 0.5) else 0.0
    x = np.zeros(n)
    t, made = between(rng, 0.03, 0.1), 0
    if force > 0.5 and seconds > 1.4 and chance(rng, 0.6):
        m = frames(between(rng, 0.3, 0.6))
        taken = resonances(white(m, rng), (1500, 900, 1.0), (3800, 2000, 0.6)) * arch(m, 0.6, 0.2)
        add_at(x, t, peaked(taken), between(rng, 0.06, 0.2))
        t += m / frames(1.0) + between(rng, 0.05, 0.2)
    while made == 0 or (made < most and t < seconds - 0.25):
        length = min(between(rng, 0.14, 0.6) * (0.7 + 0.5 * force), max(0.15, seconds - t - 0.03))
        add_at(x, t, _puff(rng, length, force, near), between(rng, 0.7, 1.0))
        t += length + between(rng, 0.2, 0.8)
        made += 1
    x = x if near else reverb(x, rng, between(rng, 0.15, 0.4), between(rng, 0.04, 0.15), 4500)
    counted = {"count": how_many(made) if most > 1 else count}
    return finish(limited(_indoors(x, rng), 8), seconds, rng, {"strength": strength, **counted})


FORCED_BREATH: dict[str, Recipe] = {
    "breath_puff": breath_puff,
    "groan": groan,
    "nose_blowing": nose_blowing,
    "throat_clearing": throat_clearing,
}
"""By the name of the kind."""
