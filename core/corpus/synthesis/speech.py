"""Speech of no language: syllables, stress and melody of somebody who talks, and no words.

Every speaker draws a language of their own: which consonants and vowels it has, how its syllables
are built, how fast and lively it goes. Phrases of some 4 to 6 syllables a second carry stress,
a falling pitch and a slower end, with pauses and breaths between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.levels import peaked
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, log_between
from core.corpus.synthesis.tract import (
    CONTROL_HOP,
    FOURTH,
    VOWEL_WIDTHS,
    VOWELS,
    Larynx,
    at_samples,
    cascade,
    control_frames,
    draw_larynx,
    hiss,
    phonation,
    through,
)

FRAME = CONTROL_HOP / SAMPLE_RATE
_GLIDE = 4.0
"""Deviation in control frames (23 ms) of the formants' glides: tongues are slow."""
_SWITCH = 1.1
"""Deviation in control frames (6 ms) of the larynx's and the noises' beginnings and ends."""


@dataclass(frozen=True)
class Consonant:
    """A way to close the mouth.

    Attributes:
        locus: first three formants in Hz of a man; a second of 0 follows the vowel, as [k] does.
        seconds: how long it is held.
        voice: strength of the voice, 0 to 1.
        noise: strength of the noise in the narrow, in bursts after it where `burst`.
        centre: its frequency in Hz, and how many octaves it is wide.
        aspiration: seconds of breath behind the burst.
        damping: how much wider formants are, as the nose makes them.
    """

    locus: tuple[float, float, float]
    seconds: float
    voice: float
    noise: float = 0.0
    centre: float = 3000.0
    octaves: float = 1.0
    burst: bool = False
    aspiration: float = 0.0
    damping: float = 1.0


CONSONANTS: dict[str, Consonant] = {
    "p": Consonant((250, 900, 2200), 0.075, 0.0, 0.12, 900, 2.5, True, 0.035),
    "t": Consonant((250, 1750, 2650), 0.07, 0.0, 0.3, 4200, 1.3, True, 0.045),
    "k": Consonant((250, 0, 2200), 0.07, 0.0, 0.25, 2000, 1.0, True, 0.05),
    "b": Consonant((220, 900, 2200), 0.06, 0.16, 0.06, 800, 2.5, True),
    "d": Consonant((220, 1750, 2650), 0.05, 0.16, 0.12, 3800, 1.4, True),
    "g": Consonant((220, 0, 2200), 0.055, 0.16, 0.12, 1900, 1.0, True),
    "s": Consonant((300, 1700, 2650), 0.105, 0.0, 0.4, 6300, 1.0),
    "S": Consonant((300, 1850, 2500), 0.105, 0.0, 0.4, 3300, 1.1),
    "f": Consonant((300, 1000, 2200), 0.09, 0.0, 0.09, 6500, 3.0),
    "T": Consonant((300, 1400, 2600), 0.085, 0.0, 0.07, 6000, 2.8),
    "x": Consonant((400, 0, 2300), 0.085, 0.0, 0.2, 1700, 1.3),
    "h": Consonant((0, 0, 0), 0.06, 0.0, 0.0, 1500, 2.0, False, 0.05),
    "z": Consonant((280, 1700, 2650), 0.075, 0.35, 0.2, 6000, 1.1),
    "v": Consonant((280, 1000, 2200), 0.06, 0.4, 0.05, 5500, 3.0),
    "Z": Consonant((280, 1850, 2500), 0.075, 0.35, 0.2, 3200, 1.1),
    "m": Consonant((270, 1050, 2200), 0.07, 0.5, damping=2.5),
    "n": Consonant((270, 1600, 2600), 0.06, 0.5, damping=2.5),
    "N": Consonant((270, 0, 2500), 0.07, 0.45, damping=2.5),
    "l": Consonant((350, 1150, 2750), 0.055, 0.65, damping=1.4),
    "r": Consonant((420, 1250, 1700), 0.05, 0.65, damping=1.2),
    "w": Consonant((300, 720, 2250), 0.06, 0.6),
    "j": Consonant((280, 2150, 2950), 0.055, 0.6),
}
_GLIDES = ("l", "r", "w", "j")
_CODAS = ("n", "m", "s", "t", "k", "l", "r", "N", "z", "S", "d", "f", "x")


@dataclass(frozen=True)
class Speaker:
    """Somebody with a voice and a language.

    Attributes:
        pitch: middle of the voice in Hz.
        size: 1 is a man's tract; 1.17 a woman's, which is shorter, 1.4 a child's.
        rate: syllables a second within a phrase.
        lively: reach of accents in semitones.
        vigour: 0 murmurs, 0.6 talks, 1 calls.
        slack: 0 speaks distinctly, 0.6 mumbles: vowels lean to the neutral one.
        closed: share of syllables that end in a consonant.
        phrase: fewest and most syllables of a phrase.
        pause: shortest and longest pause in seconds.
    """

    pitch: float
    size: float
    larynx: Larynx
    consonants: tuple[str, ...]
    vowels: tuple[str, ...]
    rate: float = 5.0
    lively: float = 4.0
    vigour: float = 0.6
    slack: float = 0.15
    closed: float = 0.4
    phrase: tuple[int, int] = (4, 15)
    pause: tuple[float, float] = (0.2, 0.8)


def _language(rng: Rng) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Consonants, frequent ones first, and vowels of an invented language."""
    stops = list(rng.permutation(["p", "t", "k", "b", "d", "g"])[: int(rng.integers(4, 7))])
    noises = list(rng.permutation(["s", "S", "f", "h", "z", "v", "x", "Z", "T"])[:4])
    soft = list(rng.permutation(["m", "n", "l", "r", "w", "j"])[: int(rng.integers(4, 7))])
    vowels = list(rng.permutation([v for v in VOWELS if v != "@"])[: int(rng.integers(5, 10))])
    return tuple(map(str, rng.permutation(stops + noises + soft))), tuple(map(str, vowels))


def draw_speaker(rng: Rng, kind: str) -> Speaker:
    """A `man`, `woman` or `child` with a voice and a language of their own."""
    consonants, vowels = _language(rng)
    pitch, size = {
        "man": (log_between(rng, 88, 150), between(rng, 0.94, 1.07)),
        "woman": (log_between(rng, 165, 250), between(rng, 1.12, 1.24)),
        "child": (log_between(rng, 250, 370), between(rng, 1.32, 1.5)),
    }[kind]
    child = kind == "child"
    return Speaker(
        pitch=pitch,
        size=round(size, 2),
        larynx=draw_larynx(rng),
        consonants=consonants,
        vowels=vowels,
        rate=between(rng, 3.4, 4.8) if child else between(rng, 4.2, 6.0),
        lively=between(rng, 4, 8) if child else between(rng, 2.0, 6.0),
        vigour=between(rng, 0.45, 0.8),
        slack=between(rng, 0.0, 0.25),
        closed=between(rng, 0.1, 0.3) if child else between(rng, 0.15, 0.6),
        phrase=(2, 9) if child else (4, 15),
    )


@dataclass
class _Score:
    """What mouth and larynx do, control frame by control frame, as it is being written."""

    formants: list[tuple[float, float, float]] = field(default_factory=list)
    tracks: list[tuple[float, float, float, float, float, float]] = field(default_factory=list)
    pitch: list[tuple[int, float]] = field(default_factory=list)

    def hold(
        self,
        seconds: float,
        formants: tuple[float, float, float],
        voice: float = 0.0,
        breath: float = 0.0,
        noise: float = 0.0,
        centre: float = 3000.0,
        octaves: float = 1.5,
        damping: float = 1.0,
    ) -> None:
        """Stay in one position."""
        count = max(1, round(seconds / FRAME))
        self.formants += [formants] * count
        self.tracks += [(voice, breath, noise, centre, octaves, damping)] * count

    def at(self, semitones: float) -> None:
        """The pitch passes here."""
        self.pitch.append((len(self.tracks), semitones))


def _consonant(score: _Score, name: str, vowel: tuple[float, float, float], loud: float) -> None:
    """A consonant before or behind a vowel, coloured by it."""
    c = CONSONANTS[name]
    first, second, third = (
        a if b == 0 else 0.7 * b + 0.3 * a for a, b in zip(vowel, c.locus, strict=True)
    )
    place = (first, second, third)
    centre = c.centre if c.locus[1] or name == "h" else max(1000.0, 1.05 * second)
    sound = {"centre": centre, "octaves": c.octaves}
    if c.burst:
        score.hold(c.seconds, place, voice=c.voice * loud)
        score.hold(2 * FRAME, place, voice=c.voice * loud, noise=2.2 * c.noise * loud, **sound)
        score.hold(c.aspiration, place, breath=0.3 * loud, noise=0.2 * c.noise * loud, **sound)
    elif name == "h":
        score.hold(c.seconds, vowel, breath=0.35 * loud)
    else:
        held = c.noise * loud
        score.hold(c.seconds, place, c.voice * loud, 0.0, held, damping=c.damping, **sound)


def _ease(vowel: str, amount: float) -> tuple[float, float, float]:
    """A vowel's formants on the way to the neutral one."""
    first, second, third = (
        (1 - amount) * a + amount * b for a, b in zip(VOWELS[vowel], VOWELS["@"], strict=True)
    )
    return first, second, third


def _syllable(score: _Score, speaker: Speaker, rng: Rng, seconds: float, stress: float) -> None:
    """Consonant, vowel, and at times a glide before and a consonant behind it."""
    favour = 1 / np.arange(1.5, len(speaker.consonants) + 1)  # some sounds are frequent, as in any
    onset = str(rng.choice(speaker.consonants, p=favour / favour.sum()))
    name = str(rng.choice(speaker.vowels))
    ease = min(0.9, speaker.slack + 0.45 * (1 - stress))
    vowel = _ease(name, ease)
    loud = (0.45 + 0.55 * stress) * speaker.vigour / 0.6
    left = seconds
    before = len(score.tracks)
    if chance(rng, 0.93):
        _consonant(score, onset, vowel, loud)
        if CONSONANTS[onset].burst and chance(rng, 0.15):
            _consonant(score, str(rng.choice(_GLIDES)), vowel, loud)
    left -= (len(score.tracks) - before) * FRAME
    coda = str(rng.choice(_CODAS)) if chance(rng, speaker.closed) else ""
    if coda:
        left -= 0.8 * CONSONANTS[coda].seconds
    left = max(0.045, left)
    to = _ease(str(rng.choice(speaker.vowels)), ease) if chance(rng, 0.25) else vowel
    score.hold(0.55 * left, vowel, voice=loud, breath=0.02)
    score.hold(0.45 * left, to, voice=0.85 * loud, breath=0.02)
    if coda:
        _consonant(score, coda, to, 0.7 * loud)


def _phrase(score: _Score, speaker: Speaker, rng: Rng, room_left: float) -> None:
    """One breath's worth of syllables with its melody."""
    most = max(1, int(room_left * speaker.rate))
    count = min(most, int(rng.integers(speaker.phrase[0], speaker.phrase[1] + 1)))
    start, end = between(rng, 0.5, 3.0), between(rng, -4.5, -1.5)
    rising = chance(rng, 0.2)
    beat = int(rng.integers(0, 2))
    for index in range(count):
        done = index / max(1, count - 1)
        stressed = index == beat
        if stressed:
            beat += int(rng.integers(2, 4))
        stress = between(rng, 0.75, 1.0) if stressed else between(rng, 0.2, 0.6)
        seconds = (1.15 if stressed else 0.85) / speaker.rate * between(rng, 0.85, 1.15)
        if index >= count - 1:
            seconds *= between(rng, 1.3, 1.8)
        accent = speaker.lively * between(rng, 0.3, 1.0) if stressed else 0.0
        score.at(start + (end - start) * done + 0.3 * accent)
        _syllable(score, speaker, rng, seconds, stress * (1 - 0.25 * done))
        middle = (len(score.tracks) + score.pitch[-1][0]) // 2
        score.pitch.append((middle, start + (end - start) * done + accent))
    score.at(end + between(rng, 3, 7) if rising else end - between(rng, 0.5, 2.5))


def _pause(score: _Score, speaker: Speaker, rng: Rng) -> None:
    """Silence, in longer ones a breath taken."""
    seconds = log_between(rng, *speaker.pause)
    neutral = VOWELS["@"]
    if seconds > 0.35 and chance(rng, 0.5):
        air = between(rng, 0.03, 0.1)
        score.hold(seconds * 0.4, neutral)
        score.hold(min(0.45, seconds * 0.45), (600, 1500, 2500), breath=air, damping=2.0)
        score.hold(seconds * 0.15, neutral)
    else:
        score.hold(seconds, neutral)


def _written(n: int, speaker: Speaker, rng: Rng, turns: Sequence[tuple[float, float]]) -> _Score:
    """The score of everything that is said in `turns`, spans in seconds."""
    score = _Score()
    for start, stop in turns:
        if start > len(score.tracks) * FRAME:
            score.hold(start - len(score.tracks) * FRAME, VOWELS["@"])
        while (left := stop - len(score.tracks) * FRAME) > 0.25:
            _phrase(score, speaker, rng, left)
            if len(score.tracks) * FRAME < stop:
                _pause(score, speaker, rng)
    short = control_frames(n) - len(score.tracks)
    if short > 0:
        score.hold(short * FRAME + FRAME, VOWELS["@"])
    return score


def _melody(score: _Score, speaker: Speaker, n: int, rng: Rng) -> Signal:
    """The pitch in Hz, shape (n,)."""
    count = control_frames(n)
    places, semitones = zip(*(score.pitch or [(0, 0.0)]), strict=True)
    track = np.interp(np.arange(count), places, semitones)
    track = gaussian_filter1d(track, 6.0)
    lifted = speaker.pitch * (1 + 0.5 * max(0.0, speaker.vigour - 0.6))
    hz = lifted * 2 ** (at_samples(track, n) / 12)
    return np.asarray(np.maximum(hz * 2 ** (0.012 * wander(n, 6, rng)), 50))


def speak(
    n: int,
    speaker: Speaker,
    rng: Rng,
    turns: Sequence[tuple[float, float]] | None = None,
    excitation: Signal | None = None,
) -> Signal:
    """What a speaker says in `n` samples, of unit peak, in turns (start, stop) in seconds.

    `excitation`, shape (n,), drives the mouth in place of the larynx: noise for a whisper.
    """
    score = _written(n, speaker, rng, turns or [(0.0, n / SAMPLE_RATE)])
    count = control_frames(n)
    formants = np.array(score.formants[:count])
    formants = np.concatenate([formants, np.full((count, 1), FOURTH)], axis=1)
    formants = speaker.size * gaussian_filter1d(formants, _GLIDE, axis=0)
    voice, breath, noise, centre, octaves, damping = np.array(score.tracks[:count]).T
    widths = gaussian_filter1d(damping, 2.0)[:, None] * VOWEL_WIDTHS
    hz = _melody(score, speaker, n, rng)
    effort = at_samples(gaussian_filter1d(voice, 2 * _SWITCH), n)
    effort = effort * np.exp(0.1 * wander(n, 5, rng))
    air = at_samples(gaussian_filter1d(breath, 2 * _SWITCH), n) * rng.standard_normal(n, np.float32)
    noise = gaussian_filter1d(noise, _SWITCH)
    rush = at_samples(noise, n) * rng.standard_normal(n, np.float32)
    mouth = cascade(formants, widths, speaker.size)
    teeth = hiss(centre * speaker.size**0.5, octaves, noise > 1e-3)
    driven = 0.9 * effort
    voiced = (
        phonation(hz, driven, speaker.larynx, rng) if excitation is None else driven * excitation
    )
    source = voiced + 0.35 * air
    return peaked(through(n, (source, mouth), (1.2 * rush, teeth)))


def speakers(rng: Rng, count: int, kinds: Sequence[str]) -> Iterator[Speaker]:
    """People of given kinds in turn, the first drawn at random."""
    first = int(rng.integers(len(kinds)))
    for index in range(count):
        yield draw_speaker(rng, kinds[(first + index) % len(kinds)])


def in_mood(speaker: Speaker, vigour: float, lively: float) -> Speaker:
    """The same person, calling or murmuring."""
    return replace(speaker, vigour=vigour, lively=lively)
