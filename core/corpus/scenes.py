"""Composing training sounds of a given length from the corpus' clips.

A recorded clip is seldom as long as an event: a footstep is one step, a wave loop lasts two
seconds. Textures are extended by overlapping crops of clips of one recording family, shots are
repeated at a natural pace, so that the performer learns what an event of some seconds sounds like.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from core.corpus.learnable import LEARNABLE
from core.corpus.modifiers import (
    PACE,
    USUAL,
    Modifiers,
    in_series,
    modifiers_of,
    with_modifiers,
)
from core.corpus.recordings import SAMPLE_RATE, Waveform

OVERLAP = 0.35
ALONE = 0.75
"""Share of the shots that are heard once, with silence after them: a door slams once. What comes in
series goes on (`in_series`): an axe strikes again and again, and no step is followed by silence."""
UNEVEN = 0.35
"""Share of the series whose strokes come at moments drawn freely, so that they can be asked for at
any moments."""
SHORTEST_GAP = 0.25
"""Seconds between such strokes."""
SPEED = 0.08
"""Recordings are played up to this much faster or slower, since there are few of some classes."""
TEXTURE_DB, SHOT_DB = -20.0, -3.0
"""Usual level of a texture by its RMS, of a shot by its peak."""
HELD = 0.44
"""Of its sample rate: up to there a recording holds sound, what filters took away not counted."""
ENOUGH_RECORDINGS = 4
"""Recordings from which a class can be learned without synthesis."""


@dataclass(frozen=True)
class Clip:
    """One line of the corpus' manifest that training needs."""

    path: Path
    sound_class: str
    recorded: bool
    attributes: dict[str, str]
    rate: int = SAMPLE_RATE

    @property
    def limit_hz(self) -> float | None:
        """Frequency up to which the recording holds sound; None: all of it."""
        return HELD * self.rate if self.rate < SAMPLE_RATE else None

    @property
    def modifiers(self) -> Modifiers:
        """What is unusual about it."""
        return modifiers_of(self.sound_class, self.attributes)

    @property
    def family(self) -> str:
        """Clips of one recording session: same folder, same name up to its number. Each that was
        synthesised has a source of its own."""
        if not self.recorded:
            return self.path.stem
        return re.sub(r"[\d_.\-]+$", "", self.path.stem)


def training_clips(manifest: Path) -> dict[str, list[Clip]]:
    """The clips of the training split by class, in a fixed order."""
    clips: dict[str, list[Clip]] = defaultdict(list)
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == "train":
            clips[row["class"]].append(
                Clip(
                    manifest.parent / row["path"],
                    row["class"],
                    row["kind"] == "recorded",
                    row["attributes"],
                    row["sample_rate"],
                )
            )
    return {name: sorted(clips[name], key=lambda clip: str(clip.path)) for name in sorted(clips)}


def choose_clip(clips: list[Clip], rng: np.random.Generator) -> Clip:
    """A clip of one class: recordings alone where there are `ENOUGH_RECORDINGS`, else
    the more of them the more there are."""
    recorded = [clip for clip in clips if clip.recorded]
    synthesised = [clip for clip in clips if not clip.recorded]
    enough = len(recorded) >= ENOUGH_RECORDINGS
    heard = enough or rng.random() < len(recorded) / (len(recorded) + ENOUGH_RECORDINGS)
    pool = (recorded if heard else synthesised) or recorded or synthesised
    return pool[rng.integers(len(pool))]


@dataclass(frozen=True)
class Composed:
    """A sound of the performer's training set.

    Attributes:
        samples: mono, 44.1 kHz.
        alone: one shot at the start, and then silence.
    """

    samples: Waveform
    alone: bool = False


def compose(
    clip: Clip,
    kin: list[Clip],
    frames: int,
    rng: np.random.Generator,
    *,
    repeated: bool = False,
    modifiers: Modifiers = USUAL,
) -> Composed:
    """A sound of `frames` samples made of `clip` and clips of its family.

    Args:
        clip: the clip that gives the sound its caption.
        kin: clips of the same class; those of the same family may follow the clip.
        repeated: a shot is heard again and again, as over a bed.
        modifiers: what is unusual about the sound, the clip's own modifiers included.
    """
    related = [other for other in kin if other.family == clip.family]
    made = modifiers.beyond(clip.modifiers)
    factor = _factor(clip, rng)
    first = read(clip, factor)
    if LEARNABLE[clip.sound_class].kind == "texture":
        sound = _texture(first, related, frames, rng, factor)
        if made.strength == "heavy":
            sound = sound + _texture(first, related, frames, rng, factor)
        return Composed(with_modifiers(_level(sound, clip, rng), made, rng)[:frames])
    series = repeated or bool(made.tempo) or in_series(clip.sound_class)
    alone = not series and bool(rng.random() < ALONE)
    pace = PACE.get(made.tempo, 1.0)
    sound = _shots(first, [] if alone else related, frames, rng, factor, pace)
    return Composed(with_modifiers(_level(sound, clip, rng), made, rng)[:frames], alone)


def whole(clip: Clip, rng: np.random.Generator, modifiers: Modifiers = USUAL) -> Waveform:
    """The clip as it was recorded, from its first sample to its last, with modifiers."""
    sound = _level(read(clip, _factor(clip, rng)), clip, rng)
    return with_modifiers(sound, modifiers.beyond(clip.modifiers), rng)


def _factor(clip: Clip, rng: np.random.Generator) -> float:
    """How many times as long a clip is played; that of a synthesised one is 1."""
    if clip.recorded and rng.random() < 0.5:
        return float(rng.uniform(1.0 - SPEED, 1.0 + SPEED))
    return 1.0


def read(clip: Clip, factor: float = 1.0) -> Waveform:
    """The clip, `factor` times as long and as much lower."""
    samples, rate = soundfile.read(clip.path, dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{clip.path} is not mono at {SAMPLE_RATE} Hz")
    if factor != 1.0:
        samples = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE * factor, quality="MQ")
    return np.asarray(samples, dtype=np.float32)


SHAPED_DB = -30.0
"""How far below its loudest moment a sound's level may go where it is shaped."""


def with_level_curve(sound: Waveform, rng: np.random.Generator) -> Waveform:
    """The sound with a slow course of level: two to four points, straight lines in decibels between
    them, so that "it fades", "it swells" can be learned as what is asked for."""
    places = np.linspace(0.0, len(sound) - 1.0, int(rng.integers(2, 5)))
    levels = rng.uniform(SHAPED_DB, 0.0, len(places))
    levels -= levels.max()
    decibels = np.interp(np.arange(len(sound)), places, levels)
    return np.asarray(sound * 10 ** (decibels / 20), dtype=np.float32)


def mix_over(bed: Waveform, sound: Waveform, rng: np.random.Generator) -> Waveform:
    """Two sounds at once; the second by RMS a little louder or softer than the bed."""
    level = _rms(bed) / _rms(sound)
    mixed = bed + level * 10 ** (rng.uniform(-4.0, 4.0) / 20) * sound
    return np.asarray(mixed * min(1.0, 0.95 / (np.abs(mixed).max() + 1e-9)), dtype=np.float32)


def _texture(
    first: Waveform, related: list[Clip], frames: int, rng: np.random.Generator, factor: float
) -> Waveform:
    """Crops joined by equal-power overlaps until the length is filled."""
    start = int(rng.integers(0, max(1, len(first) - frames + 1)))
    out = first[start : start + frames]
    while len(out) < frames:
        following = read(related[rng.integers(len(related))], factor)
        if len(following) > SAMPLE_RATE:
            following = following[rng.integers(0, len(following) // 4) :]
        out = _join(out, following)
    return out[:frames]


def _join(left: Waveform, right: Waveform) -> Waveform:
    overlap = min(int(OVERLAP * SAMPLE_RATE), len(left) // 2, len(right) // 2)
    if overlap < 1:
        return np.concatenate([left, right])
    angle = np.linspace(0.0, np.pi / 2, overlap, dtype=np.float32)
    middle = left[-overlap:] * np.cos(angle) + right[:overlap] * np.sin(angle)
    return np.concatenate([left[:-overlap], middle, right[overlap:]])


def _shots(
    first: Waveform,
    related: list[Clip],
    frames: int,
    rng: np.random.Generator,
    factor: float,
    pace: float = 1.0,
) -> Waveform:
    """The clip at the start, then clips of its family, if any, at a steady but human pace.

    Args:
        pace: how many times as long as usual it is from one to the next.
    """
    out = np.zeros(frames + len(first), dtype=np.float32)
    period = len(first) / SAMPLE_RATE * rng.uniform(0.9, 1.3) + rng.uniform(0.05, 0.5)
    period = pace * max(period, 0.35)
    uneven = pace == 1.0 and bool(rng.random() < UNEVEN)
    shot, at = first, int(rng.uniform(0.0, 0.15) * SAMPLE_RATE)
    while at < frames:
        room = min(len(shot), len(out) - at)
        out[at : at + room] += shot[:room] * rng.uniform(0.7, 1.0)
        if not related:
            break
        gap = SHORTEST_GAP + rng.exponential(period) if uneven else period * rng.uniform(0.85, 1.15)
        at += max(int(gap * SAMPLE_RATE), SAMPLE_RATE // 8)
        shot = read(related[rng.integers(len(related))], factor)
    return out[:frames]


def _level(sound: Waveform, clip: Clip, rng: np.random.Generator) -> Waveform:
    """Bring a sound to its usual level: textures by RMS, shots by peak, distant ones softer."""
    offset = rng.uniform(-3.0, 2.0) - (6.0 if clip.attributes.get("distance") == "distant" else 0.0)
    offset += {"light": -3.0, "heavy": 2.0}.get(clip.attributes.get("strength", ""), 0.0)
    peak = float(np.abs(sound).max()) + 1e-9
    if LEARNABLE[clip.sound_class].kind == "texture":
        gain = 10 ** ((TEXTURE_DB + offset) / 20) / _rms(sound)
    else:
        gain = 10 ** ((SHOT_DB + offset) / 20) / peak
    return np.asarray(sound * min(gain, 0.95 / peak), dtype=np.float32)


def _rms(sound: Waveform) -> float:
    return float(np.sqrt(np.mean(sound**2))) + 1e-9
