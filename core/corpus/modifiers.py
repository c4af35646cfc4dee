"""Modifiers of a sound: how strong, how far away, how fast; said in its caption, and heard.

Hardly any recording comes with a name that says so, and a caption that says "in the distance" of a
sound that is near teaches that the words mean nothing. So what is said is made: a recording is
brought into such a state as acoustics would, and its captions say it.

What is far away reaches us softer, and as the synthesised sounds do from there
(core/training/synthesis/space.py). What is struck, blown or driven harder is louder and brighter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from core.corpus.learnable import CANDIDATES_BY_NAME
from core.corpus.recordings import SAMPLE_RATE, Waveform
from core.corpus.synthesis.space import at_distance

FAR_DB, SOFT_DB, STRONG_DB = -9.0, -8.0, 4.0
"""Change of level of what is far away, softly done, strongly done."""
TILT = {"light": -2.0, "heavy": 1.5}
"""Decibels an octave above 400 Hz; 9 at most."""
RINGING = 0.8
"""Seconds for which what is far away is heard after its end."""
PACE = {"slow": 1.9, "fast": 0.5}
"""How many times as long it is from one shot of a series to the next."""
ONE_THING = 0.7
"""Share of the sounds with modifiers that have one thing unusual; the others have two."""
LOUDEST = 0.95
BEATS = frozenset(
    ("anvil", "chicken", "chopping", "digging", "drum", "horse_gallop", "keys", "knock", "mining",
     "saw", "sword")
)  # fmt: skip
"""Classes of shots that come in series; footsteps are further ones."""


@dataclass(frozen=True)
class Modifiers:
    """What is unusual about a sound; all is usual where nothing is said.

    Attributes:
        strength: `light`, `heavy`, or empty.
        distance: `distant` or empty; recordings are near.
        tempo: `slow`, `fast`, or empty.
    """

    strength: str = ""
    distance: str = ""
    tempo: str = ""

    def attributes(self) -> dict[str, str]:
        """What there is to say."""
        return {key: value for key, value in asdict(self).items() if value}

    def beyond(self, own: Modifiers) -> Modifiers:
        """What there is to say that `own` does not say."""
        known = own.attributes()
        return Modifiers(**{k: v for k, v in self.attributes().items() if k not in known})


UNUSUAL: dict[str, tuple[str, ...]] = {
    "strength": ("light", "heavy"),
    "distance": ("distant",),
    "tempo": ("slow", "fast"),
}
USUAL = Modifiers()


def modifiers_of(sound_class: str, attributes: Mapping[str, str]) -> Modifiers:
    """The modifiers of a sound of which so much is known; a tempo only of what comes in series."""
    known = {key: attributes.get(key, "") for key in UNUSUAL}
    unusual = {key: value for key, value in known.items() if value in UNUSUAL[key]}
    if not in_series(sound_class):
        unusual.pop("tempo", None)
    return Modifiers(**unusual)


def in_series(sound_class: str) -> bool:
    """Whether the sounds of a class come in series, so that they may be slow or fast."""
    if sound_class in CANDIDATES_BY_NAME:
        return CANDIDATES_BY_NAME[sound_class].kind == "repeated"
    return sound_class in BEATS or sound_class.startswith("footsteps")


def draw_modifiers(
    sound_class: str, own: Modifiers, rng: np.random.Generator, *, tempo: bool
) -> Modifiers:
    """What is unusual in `own`, and one or two things more, of which one may be the tempo."""
    known = own.attributes()
    keys = [key for key in UNUSUAL if key not in known]
    if "tempo" in keys and not (tempo and in_series(sound_class)):
        keys.remove("tempo")
    chosen = rng.permutation(keys)[: 1 if rng.random() < ONE_THING else 2]
    return Modifiers(**known | {str(key): str(rng.choice(UNUSUAL[key])) for key in chosen})


def with_modifiers(sound: Waveform, modifiers: Modifiers, rng: np.random.Generator) -> Waveform:
    """A sound of usual strength, heard near, as it is when it is stronger, softer or far away.

    Args:
        sound: mono, 44.1 kHz, at its usual level; what is far away rings on after its end.
    """
    if modifiers == USUAL:
        return sound
    made = sound
    if modifiers.strength:
        made = _with_strength(made, modifiers.strength, rng)
    if modifiers.distance:
        made = _far(made, rng)
    peak = float(np.abs(made).max()) + 1e-9
    return np.asarray(made * min(1.0, LOUDEST / peak), dtype=np.float32)


def _with_strength(sound: Waveform, strength: str, rng: np.random.Generator) -> Waveform:
    made = _filtered(sound, lambda hz: TILT[strength] * np.log2(np.maximum(hz / 400.0, 1.0)), 9.0)
    level = {"light": SOFT_DB, "heavy": STRONG_DB}[strength] + rng.uniform(-1.5, 1.5)
    made = made * (_rms(sound) / _rms(made)) * 10 ** (level / 20)
    if strength == "heavy":
        made = LOUDEST * np.tanh(made / LOUDEST)
    return np.asarray(made, dtype=np.float32)


def _far(sound: Waveform, rng: np.random.Generator) -> Waveform:
    ringing = np.pad(sound.astype(np.float64), (0, round(RINGING * SAMPLE_RATE)))
    far = at_distance(ringing, "distant", rng)
    level = FAR_DB + rng.uniform(-1.5, 1.5)
    made = far * (_rms(sound) / _rms(far[: len(sound)])) * 10 ** (level / 20)
    return np.asarray(made, dtype=np.float32)


def _filtered(
    sound: npt.NDArray[np.floating], decibels: Callable[[Waveform], Waveform], most: float
) -> Waveform:
    """The sound with a gain for each frequency, of `most` dB at most, without delay."""
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE).astype(np.float32)
    gain = 10 ** (np.clip(decibels(hz), -most, most) / 20)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)).astype(np.float32)


def _rms(sound: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(sound**2))) + 1e-9
