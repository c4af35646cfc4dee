"""Talk as a sound: one voice, two, many, behind a wall and through a loudspeaker; never words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import decay, fade, swell
from core.corpus.synthesis.filters import bandpass, resonances, shaped
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal, pane
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
from core.corpus.synthesis.sources import brown, pink
from core.corpus.synthesis.space import at_distance, draw_distance, reverb, room
from core.corpus.synthesis.speech import Speaker, draw_speaker, speak

_ADULTS = ("man", "woman")
_OTHER_SPEED = 1.16
"""Most by which a voice that is laid again is sped up or slowed down, pitch and all."""
_SHORTEST_PHRASE = 0.9
"""Seconds that each person of a crowd says at least."""
_MOST_SAID = 4.5
"""Seconds that the people of a crowd say together; more hardly adds to what is heard."""
_PIECE = (0.3, 1.2)
"""Seconds of a piece that a voice of a crowd is cut into: a few syllables."""


def _alone(kind: str) -> Recipe:
    """The recipe of one person who talks: a `man`, `woman` or `child`."""

    def recipe(seconds: float, rng: Rng) -> Synthesised:
        n = frames(seconds)
        tempo, rate = level(rng, slow=0.75, steady=1.0, fast=1.3)
        strength, vigour = level(rng, light=0.3, moderate=0.6, heavy=1.0)
        speaker = draw_speaker(rng, kind)
        pauses = (0.2, 0.7) if tempo != "slow" else (0.35, 1.1)
        speaker = replace(speaker, rate=rate * speaker.rate, vigour=vigour, pause=pauses)
        x = speak(n, speaker, rng)
        distance = draw_distance(rng, 0.2)
        x = at_distance(x, distance, rng) if distance == "distant" else room(x, rng)
        attributes = {"tempo": tempo, "strength": strength, "distance": distance}
        return finish(limited(x, 7), seconds, rng, attributes)

    return recipe


def _conversation(n: int, pair: Sequence[Speaker], rng: Rng, pace: float) -> Signal:
    """Two who take turns of 0.7 to 4 s, now and then falling in a little early."""
    x = np.zeros(n)
    seconds, t, turn = n / SAMPLE_RATE, 0.0, int(rng.integers(2))
    near = (1.0, between(rng, 0.6, 1.0))
    while t < seconds - 0.3:
        length = min(seconds - t, log_between(rng, 0.7, 4.0))
        said = speak(frames(length), pair[turn], rng)
        add_at(x, t, said * decay(len(said), 40.0), near[turn])
        t += max(0.4, length + between(rng, -0.15, 0.45) / pace)
        turn = 1 - turn if chance(rng, 0.9) else turn
    return x


def _pair(rng: Rng, vigour: float, pace: float) -> list[Speaker]:
    """Two adults of unlike voices."""
    first = draw_speaker(rng, str(rng.choice(_ADULTS)))
    second = draw_speaker(rng, str(rng.choice(_ADULTS)))
    if 0.85 < first.pitch / second.pitch < 1.18:
        second = replace(second, pitch=second.pitch * between(rng, 1.25, 1.4))
    return [replace(one, vigour=vigour, rate=one.rate * pace) for one in (first, second)]


def talk_two(seconds: float, rng: Rng) -> Synthesised:
    """Two people in conversation."""
    n = frames(seconds)
    tempo, pace = level(rng, slow=0.9, steady=1.15, fast=1.4)
    strength, vigour = level(rng, light=0.8, moderate=1.05, heavy=1.3)
    x = _conversation(n, _pair(rng, vigour, pace), rng, pace)
    x = reverb(x, rng, between(rng, 0.25, 0.7), between(rng, 0.15, 0.4), 4000)
    attributes = {"tempo": tempo, "strength": strength}
    return finish(limited(x, 7), seconds, rng, attributes, (-52.0, -42.0))


def _phrases(
    said: float, rng: Rng, kinds: Sequence[str], distinct: int, vigour: float
) -> list[list[Signal]]:
    """What each of `distinct` people says in a share of `said` seconds.

    At several speeds, forwards and backwards.
    """
    length = frames(max(_SHORTEST_PHRASE, said / distinct))
    rows = []
    for index in range(distinct):
        speaker = draw_speaker(rng, kinds[index % len(kinds)])
        speaker = replace(speaker, vigour=vigour * between(rng, 0.8, 1.2), pause=(0.05, 0.12))
        speech = unit(speak(length, speaker, rng))
        slower = log_between(rng, 1 / _OTHER_SPEED, 0.95)
        faster = log_between(rng, 1.05, _OTHER_SPEED)
        row = [speech]
        for speed in (slower, faster):
            row.append(np.interp(np.arange(0, length - 1, speed), np.arange(length), speech))
        rows.append(row + [backwards[::-1] for backwards in row])
    return rows


def _endless(x: Signal, speech: Signal, rng: Rng, near: float, pause: tuple[float, float]) -> None:
    """Add one voice to `x`: pieces of `speech` in any order, so that nothing comes round again."""
    seconds, t = len(x) / SAMPLE_RATE, -between(rng, 0, 1.5)
    while t < seconds:
        for _ in range(int(rng.integers(1, 5))):
            length = min(frames(between(rng, *_PIECE)), len(speech) - 1)
            place = int(rng.integers(0, len(speech) - length))
            piece = fade(speech[place : place + length], 0.02, 0.03)
            add_at(x, t, piece, near * between(rng, 0.6, 1.0))
            t += length / SAMPLE_RATE - 0.03
        t += between(rng, *pause)


def babble(
    n: int,
    rng: Rng,
    kinds: Sequence[str],
    voices: int,
    vigour: float = 0.6,
    distinct: int = 5,
    said: float = _MOST_SAID,
) -> Signal:
    """Many who talk at once, of unit RMS.

    `distinct` people speak for `said` seconds together at most; what they say is cut, shuffled,
    laid over itself at other speeds and in part backwards, which no ear unravels.
    """
    spoken = min(n / SAMPLE_RATE, said)
    rows = _phrases(spoken, rng, kinds, min(voices, distinct), vigour)
    x = np.zeros(n)
    for index in range(voices):
        row = rows[index % len(rows)]
        near = between(rng, 0.3, 0.5) if index < 2 else between(rng, 0.2, 0.4)
        _endless(x, row[int(rng.integers(len(row)))], rng, near, (0.1, 0.9))
    return unit(x)


def _tableware(n: int, rng: Rng, often: float) -> Signal:
    """Knives on plates, spoons in cups, glasses set down, `often` a second."""
    x = np.zeros(n)
    plates = [pane(rng, 1400, 9000, between(rng, 0.12, 0.5)) for _ in range(3)]
    knives = [metal(rng, 2200, 14_000, 12, t60=between(rng, 0.06, 0.3)) for _ in range(3)]
    for _ in range(rng.poisson(often * n / SAMPLE_RATE)):
        t = between(rng, 0, n / SAMPLE_RATE)
        body = (plates + knives)[int(rng.integers(6))]
        near = log_between(rng, 0.1, 1.0)
        for tap in range(int(rng.integers(1, 4))):
            struck = body.struck(frames(0.35), rng, 9000)
            add_at(x, t + tap * between(rng, 0.06, 0.2), struck, near * between(rng, 0.4, 1.0))
    return x


def talk_restaurant(seconds: float, rng: Rng) -> Synthesised:
    """Diners at many tables of a furnished room, with knives, plates and glasses."""
    n = frames(seconds)
    strength, voices = level(rng, light=8, moderate=16, heavy=30)
    x = babble(n, rng, ("man", "woman"), voices, {8: 0.45, 16: 0.6, 30: 0.8}[voices])
    x = reverb(x, rng, between(rng, 0.5, 0.95), between(rng, 0.5, 0.9), 3500)
    ware = _tableware(n, rng, {"light": 1.2, "moderate": 2.0, "heavy": 3.0}[strength])
    x = unit(x) + between(rng, 0.8, 1.8) * room(ware, rng)
    x += between(rng, 0.05, 0.15) * unit(shaped(pink(n, rng), (100, 0), (400, -6), (3000, -24)))
    return finish(limited(x, 6), seconds, rng, {"strength": strength})


def talk_hall(seconds: float, rng: Rng) -> Synthesised:
    """Voices under a high roof: a tail of 1.2 to 2.2 s that runs them into each other."""
    n = frames(seconds)
    strength, voices = level(rng, light=8, moderate=12, heavy=18)
    x = babble(n, rng, ("woman", "man", "man", "child"), voices, 1.0)
    x = x * swell(n, 0.6, rng, 0.12)
    x = reverb(x, rng, between(rng, 1.2, 2.2), between(rng, 0.3, 0.5), 3000)
    x = shaped(x, (60, -20), (200, -8), (500, 0), (2000, 4), (5000, 2), (12_000, -10))
    return finish(limited(x, 6), seconds, rng, {"strength": strength}, LIVED_IN)


def talk_through_wall(seconds: float, rng: Rng) -> Synthesised:
    """Neighbours: their room, then a wall that lets ever less through the higher the tone."""
    n = frames(seconds)
    strength, vigour = level(rng, light=0.4, moderate=0.65, heavy=1.0)
    if chance(rng, 0.35):
        x = speak(n, replace(draw_speaker(rng, str(rng.choice(_ADULTS))), vigour=vigour), rng)
    else:
        x = _conversation(n, _pair(rng, vigour, 1.0), rng, 1.0)
    x = reverb(x, rng, between(rng, 0.4, 0.9), between(rng, 0.5, 1.0), 2500)
    thin = log_between(rng, 0.75, 2.2)
    x = shaped(
        x,
        (50, -8),
        (110 * thin, 0),
        (230 * thin, -3),
        (450 * thin, -14),
        (900 * thin, -30),
        (2000 * thin, -50),
        (6000, -75),
    )
    panel = [(log_between(rng, 90, 500), between(rng, 15, 40), 0.5) for _ in range(4)]
    x = unit(x) + 0.5 * unit(resonances(x, *panel))
    x = reverb(x, rng, between(rng, 0.2, 0.5), between(rng, 0.2, 0.4), 2000)
    still = unit(shaped(brown(n, rng), (60, 0), (500, -4), (3000, -10)))
    x = peaked(x) + log_between(rng, 0.001, 0.006) * still
    return finish(x, seconds, rng, {"strength": strength})


def _chime(rng: Rng) -> Signal:
    """Two to four soft tones that call for attention."""
    steps = [(0, -4), (0, 4, 7), (7, 4, 0), (0, -5, 4, 0)][int(rng.integers(4))]
    base, beat = log_between(rng, 420, 700), between(rng, 0.28, 0.5)
    x = np.zeros(frames(beat * len(steps) + 1.0))
    for index, step in enumerate(steps):
        n = frames(1.0)
        tone = np.sin(2 * np.pi * base * 2 ** (step / 12) * ticks(n)) * decay(n, 1.4)
        tone += 0.25 * np.sin(4 * np.pi * base * 2 ** (step / 12) * ticks(n)) * decay(n, 0.7)
        tone[: frames(0.005)] *= np.linspace(0, 1, frames(0.005))
        add_at(x, index * beat, tone)
    return peaked(x)


def _horn_loudspeaker(x: Signal, rng: Rng) -> Signal:
    """A small horn, overdriven: 350 Hz to 5 kHz, peaks of its own, and harmonics."""
    low, high = log_between(rng, 250, 500), log_between(rng, 3200, 6000)
    bell = [(log_between(rng, 700, 3000), between(rng, 120, 400), 0.7) for _ in range(3)]
    x = bandpass(x, low, high, 2)
    x = unit(x) + 0.6 * unit(resonances(x, *bell))
    drive = between(rng, 0.5, 1.5)
    x = np.tanh(drive * unit(x)) / drive
    return bandpass(x, low * 0.8, high * 1.5, 2)


def talk_loudspeaker(seconds: float, rng: Rng) -> Synthesised:
    """An announcement: a chime at times, horns at several distances, a large space."""
    n = frames(seconds)
    x = np.zeros(n)
    speaker = draw_speaker(rng, str(rng.choice(_ADULTS)))
    tempo, rate = level(rng, slow=3.4, steady=4.3, fast=5.4)
    speaker = replace(speaker, rate=rate, vigour=0.75, lively=between(rng, 1.5, 4))
    start = 0.05
    if seconds > 3.5 and chance(rng, 0.5):
        chime = _chime(rng)
        add_at(x, start, chime, between(rng, 0.3, 0.8))
        start += len(chime) / SAMPLE_RATE - 0.4
    add_at(x, start, speak(frames(seconds - start), speaker, rng))
    x = peaked(_horn_loudspeaker(x, rng))
    x += log_between(rng, 0.001, 0.005) * unit(bandpass(pink(n, rng), 300, 4000, 1))
    near = x.copy()
    for _ in range(int(rng.integers(1, 4))):
        late = frames(between(rng, 0.03, 0.22))
        x[late:] += between(rng, 0.1, 0.35) * near[: n - late] if late < n else 0
    x = reverb(x, rng, between(rng, 0.7, 2.4), between(rng, 0.15, 0.5), 2500)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


TALK: dict[str, Recipe] = {
    "talk_man": _alone("man"),
    "talk_woman": _alone("woman"),
    "talk_child": _alone("child"),
    "talk_two": talk_two,
    "talk_restaurant": talk_restaurant,
    "talk_hall": talk_hall,
    "talk_through_wall": talk_through_wall,
    "talk_loudspeaker": talk_loudspeaker,
}
"""By the name of the kind."""
