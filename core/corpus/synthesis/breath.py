"""Breath: at rest, gasped, yawned, coughed and sneezed."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import strike, swell, wander
from core.corpus.synthesis.filters import lowpass
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import brown, white
from core.corpus.synthesis.space import hall, room
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import VoiceTracks, silent_voice, vocal_sound


def somebody(rng: Rng, young: float = 0.25) -> tuple[float, float]:
    """Pitch in Hz and size of tract of a man, a woman or (at `young`) a child."""
    if chance(rng, young):
        return log_between(rng, 280, 400), round(between(rng, 1.3, 1.5), 2)
    if chance(rng, 0.5):
        return log_between(rng, 95, 150), round(between(rng, 0.94, 1.06), 2)
    return log_between(rng, 180, 260), round(between(rng, 1.12, 1.24), 2)


def breathing(seconds: float, rng: Rng) -> Synthesised:
    """In and out, 14 to 60 times a minute: in is brighter, out longer and duller."""
    n = frames(seconds)
    tempo, period = level(rng, slow=4.2, steady=2.6, fast=1.05)
    strength, force = level(rng, light=0.35, moderate=0.6, heavy=1.0)
    _, size = somebody(rng, 0.1)
    nose = chance(rng, 0.4)
    voice = silent_voice(n, 150)
    inward, outward = ("I", "@") if nose else ("E", "A")
    hoarse = between(rng, 0.0, 0.12) if force > 0.5 else 0.0
    t = between(rng, 0.02, 0.1)
    while t < seconds:
        cycle = period * between(rng, 0.92, 1.08)
        taken, let = cycle * between(rng, 0.34, 0.42), cycle * between(rng, 0.38, 0.48)
        air = force * between(rng, 0.8, 1.0)
        voice.write(
            t,
            taken,
            air=((0, 0), (0.35, 0.6 * air), (0.8, 0.75 * air), (1, 0)),
            rush=((0, 0), (0.6, 0.12 * air if nose else 0.04 * air), (1, 0)),
            vowels=((0, inward), (1, inward)),
            centre=2600,
        )
        gap = cycle * between(rng, 0.02, 0.06)
        voice.write(
            t + taken + gap,
            let,
            pitch=((0, 130 * size), (1, 100 * size)),
            effort=((0, 0), (0.2, hoarse), (1, 0)),
            air=((0, 0), (0.15, air), (0.5, 0.5 * air), (1, 0)),
            vowels=((0, outward), (1, "@" if nose else "U")),
        )
        t += cycle
    x = vocal_sound(n, voice, Larynx(1.2, 2.6, 0.5, 0.03, 0.15), size, rng)
    x = room(x * swell(n, 12, rng, 0.12), rng)
    return finish(x, seconds, rng, {"tempo": tempo, "strength": strength})


def gasp(seconds: float, rng: Rng) -> Synthesised:
    """Air snatched in within a quarter of a second or so, at times with a squeak, then held."""
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    pitch, size = somebody(rng)
    voice = silent_voice(n, pitch)
    long = between(rng, 0.22, 0.5) * (0.8 + 0.4 * force)
    t = between(rng, 0.02, 0.15)
    squeak = between(rng, 0.1, 0.45) * force if chance(rng, 0.55) else 0.0
    high = pitch * between(rng, 1.4, 2.6)
    voice.write(
        t,
        long,
        pitch=((0, high * 0.8), (0.7, high), (1, high * 1.1)),
        effort=((0, 0), (0.3, squeak), (0.75, 0.8 * squeak), (1, 0)),
        air=((0, 0), (0.25, 0.7 * force), (0.8, force), (1, 0)),
        rush=((0, 0), (0.7, 0.1 * force), (1, 0)),
        vowels=((0, "@"), (0.4, "a"), (1, "A")),
        centre=3000,
        rough=0.08,
    )
    t += long + between(rng, 0.25, 0.6)
    if chance(rng, 0.5):
        let = min(between(rng, 0.4, 1.0), max(0.2, seconds - t))
        shaky = [(k / 6, 0.25 * force * between(rng, 0.3, 1.0)) for k in range(1, 6)]
        voice.write(t, let, air=((0, 0), *shaky, (1, 0)), vowels=((0, "A"), (1, "@")))
    x = room(vocal_sound(n, voice, Larynx(0.9, 2.2, 0.35, 0.02, 0.1), size, rng), rng)
    return finish(x, seconds, rng, {"strength": strength})


def yawn(seconds: float, rng: Rng) -> Synthesised:
    """The jaw drops on a long breath in; the voice slides down on the way out."""
    n = frames(seconds)
    strength, force = level(rng, light=0.35, moderate=0.65, heavy=1.0)
    pitch, size = somebody(rng)
    voice = silent_voice(n, pitch)
    whole = min(0.95 * seconds, between(rng, 2.4, 4.8))
    taken = whole * between(rng, 0.36, 0.46)
    t = between(rng, 0.01, 0.05)
    voice.write(
        t,
        taken,
        air=((0, 0), (0.3, 0.15), (0.8, 0.3 + 0.2 * force), (1, 0.05)),
        vowels=((0, "I"), (0.5, "V"), (1, "A")),
    )
    high = pitch * between(rng, 1.2, 1.9)
    end = str(rng.choice(["U", "o", "@", "V"]))
    voice.write(
        t + taken,
        whole - taken,
        pitch=((0, high * 0.9), (0.15, high), (0.55, pitch), (1, pitch * 0.7)),
        effort=((0, 0), (0.12, 0.5 * force), (0.3, 0.9 * force), (0.65, 0.5 * force), (1, 0)),
        air=((0, 0.1), (0.3, 0.25), (0.7, 0.35), (1, 0)),
        vowels=((0, "A"), (0.4, "A"), (0.75, "O"), (1, end)),
    )
    x = room(vocal_sound(n, voice, Larynx(1.0, 2.5, 0.25, 0.01, 0.06), size, rng), rng)
    return finish(x, seconds, rng, {"strength": strength})


def _bark(voice: VoiceTracks, t: float, pitch: float, loud: float, force: float, rng: Rng) -> float:
    """One cough: the glottis bursts open, air rushes, the folds rattle shut; returns its end."""
    burst, rush, tail = between(rng, 0.03, 0.06), between(rng, 0.08, 0.2), between(rng, 0.06, 0.16)
    whole = burst + rush + tail
    a, b = burst / whole, (burst + rush) / whole
    voiced = 1.4 * force * loud * between(rng, 0.2, 0.9)
    mouth = str(rng.choice(["V", "A", "@", "E", "O"]))
    f = pitch * between(rng, 1.1, 1.6)
    voice.write(
        t,
        whole,
        pitch=((0, f), (b, f * 0.95), (1, f * 0.6)),
        effort=(
            (0, 0),
            (a * 0.5, 0.7 * voiced),
            (a, 0.3 * voiced),
            (b, 0.15 * voiced),
            ((b + 1) / 2, voiced * between(rng, 0.3, 0.9)),
            (1, 0),
        ),
        air=(
            (0, 0.0),
            (0.06, 1.2 * loud),
            (a, loud),
            (0.5 * (a + b), 0.35 * loud),
            (b, 0.2 * loud),
            (1, 0),
        ),
        rush=((0, 0), (0.06, 0.12 * loud), (a, 0.05 * loud), (1, 0)),
        vowels=((0, "@"), (0.15, mouth), (1, "@")),
        centre=2500,
        rough=between(rng, 0.08, 0.25),
        doubled=between(rng, 0, 0.5),
    )
    return t + whole


def cough(seconds: float, rng: Rng) -> Synthesised:
    """Coughs in fits, three a second or so; wet ones rattle at 25 to 60 Hz.

    The stronger one is, the more of the chest is heard in it, and of the voice beside the air.
    """
    n = frames(seconds)
    count, most = level(rng, single=1, several=3, many=6)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    pitch, size = somebody(rng)
    voice = silent_voice(n, pitch)
    thuds = np.zeros(n)
    t, coughs = between(rng, 0.02, 0.15), 0
    while t < seconds - 0.25 and (count != "single" or coughs < 1):
        for index in range(most if most < 3 else int(rng.integers(2, most + 1))):
            loud = force * between(rng, 0.6, 1.0) * 0.92**index
            if t > seconds - 0.2:
                break
            m = frames(0.2)
            thud = lowpass(white(m, rng), 180 * size, 2) * strike(m, 0.004, 0.12)
            add_at(thuds, t, peaked(thud), 0.6 * force * loud)
            t = _bark(voice, t, pitch, loud, force, rng) + between(rng, 0.04, 0.2)
            coughs += 1
        if chance(rng, 0.5):
            voice.write(
                t + 0.1,
                between(rng, 0.25, 0.5),
                air=((0, 0), (0.6, between(rng, 0.06, 0.2)), (1, 0)),
                vowels=((0, "@"), (1, "E")),
            )
        t += between(rng, 0.6, 1.6)
    x = vocal_sound(n, voice, Larynx(0.7, 1.8, 0.4, 0.04, 0.2), size, rng)
    if chance(rng, 0.35):
        x = peaked(x * _rattle(n, rng))
    x = room(x + thuds, rng) if chance(rng, 0.85) else hall(x + thuds, rng)
    attributes = {"strength": strength}
    if count == "single" or coughs > 1:
        attributes["count"] = "single" if coughs == 1 else count
    return finish(limited(x, 9), seconds, rng, attributes)


def _rattle(n: int, rng: Rng) -> Signal:
    """Gain of phlegm that flaps in the airway."""
    flap = np.cumsum(log_between(rng, 25, 60) * 2 ** (0.25 * wander(n, 12, rng))) / SAMPLE_RATE
    gate: Signal = 0.35 + 0.65 * np.abs(np.sin(np.pi * flap)) ** between(rng, 1, 3)
    return gate


def _achoo(
    voice: VoiceTracks, t: float, pitch: float, force: float, rng: Rng, catches: int
) -> float:
    """Breaths caught one over the other, then all of it out at once; returns where it ends."""
    for index in range(catches):
        long = between(rng, 0.18, 0.4)
        voice.write(
            t,
            long,
            pitch=((0, pitch * (1 + 0.1 * index)), (1, pitch * (1.2 + 0.15 * index))),
            effort=((0, 0), (0.5, 0.15), (0.85, between(rng, 0.05, 0.3)), (1, 0)),
            air=((0, 0), (0.5, 0.12), (0.9, 0.2), (1, 0)),
            vowels=((0, "@"), (1, "A")),
        )
        t += long + between(rng, 0.02, 0.12)
    t += between(rng, 0.02, 0.15)
    out, f = between(rng, 0.22, 0.45), pitch * between(rng, 1.2, 1.9)
    vowel = str(rng.choice(["u", "U", "o", "@", "I"]))
    teeth = between(rng, 0.2, 0.6) * force
    voiced = between(rng, 0.2, 1.0) * force
    voice.write(
        t,
        out,
        pitch=((0, f), (0.4, f * 0.95), (1, f * 0.6)),
        effort=(
            (0, 0.5 * voiced),
            (0.05, 0.1 * voiced),
            (0.3, 0.2 * voiced),
            (0.5, voiced),
            (0.75, 0.5 * voiced),
            (1, 0),
        ),
        air=((0, 0), (0.04, 1.2 * force), (0.3, 0.7 * force), (0.6, 0.25 * force), (1, 0)),
        rush=((0, 0), (0.05, teeth), (0.35, 0.7 * teeth), (0.6, 0.05 * teeth), (1, 0)),
        vowels=((0, "E"), (0.35, "I"), (0.6, vowel), (1, vowel)),
        centre=log_between(rng, 2500, 5000),
        rough=0.06,
    )
    return t + out


def sneeze(seconds: float, rng: Rng) -> Synthesised:
    """A sneeze, or two where there is time."""
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    pitch, size = somebody(rng)
    voice = silent_voice(n, pitch)
    catches = int(rng.integers(1, 4)) if seconds > 2.2 else 1
    end = _achoo(voice, between(rng, 0.01, 0.06), pitch, force, rng, catches)
    if end + 1.6 < seconds and chance(rng, 0.4):
        end = _achoo(voice, end + between(rng, 0.3, 0.6), pitch, force, rng, 1)
    if end + 0.6 < seconds and chance(rng, 0.4):
        voice.write(
            end + 0.15,
            0.3,
            rush=((0, 0), (0.7, 0.08), (1, 0)),
            centre=log_between(rng, 1800, 3000),
        )
    x = vocal_sound(n, voice, Larynx(0.7, 1.8, 0.25, 0.02, 0.1), size, rng)
    x = room(x, rng) if chance(rng, 0.85) else hall(x, rng)
    x = peaked(x) + log_between(rng, 2e-4, 2e-3) * unit(lowpass(brown(n, rng), 500, 1))
    return finish(limited(x, 9), seconds, rng, {"strength": strength})


BREATH: dict[str, Recipe] = {
    "breathing": breathing,
    "gasp": gasp,
    "yawn": yawn,
    "cough": cough,
    "sneeze": sneeze,
}
"""By the name of the kind."""
