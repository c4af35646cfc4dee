"""Stories with real sound for the tests of mix and export, in memory and on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from core.mix.sources import ArraySource
from core.story.story import Event, Story
from core.story.take import Take

RATE = 44_100


def noise(seconds: float, seed: int, level: float = 0.1, channels: int = 1) -> np.ndarray:
    """White noise, (channels, frames) float32."""
    random = np.random.default_rng(seed)
    return (level * random.standard_normal((channels, round(seconds * RATE)))).astype(np.float32)


def story_of(durations: Sequence[float], above: Sequence[Event] = ()) -> Story:
    """A story of plain events e0, e1, … with the events `above` laid over it."""
    events, start = [], 0.0
    for number, duration in enumerate(durations):
        events.append(Event(f"e{number}", f"sound {number}", round(start, 6), duration))
        start += duration
    return Story("test", round(start, 6), 1, "tiny", "", (*events, *above))


def sources_of(
    durations: Sequence[float], tail: float = 1.0, level: float = 0.1
) -> dict[str, ArraySource]:
    """Unrelated noise for each event of `story_of`, with a tail for all but the last."""
    last = len(durations) - 1
    return {
        f"e{n}": ArraySource(noise(d + (tail if n < last else 0.0), n, level))
        for n, d in enumerate(durations)
    }


def save_take(folder: Path, key: str, sound: np.ndarray, duration: float, tail: float) -> Take:
    """Write a take as the studio does and describe it."""
    (folder / "takes").mkdir(parents=True, exist_ok=True)
    file = f"takes/{key}.flac"
    soundfile.write(folder / file, sound.T, RATE, subtype="PCM_24")
    return Take(key, None, f"caption of {key}", duration, tail, 7, 12, 3.0, "tiny", "abc123", file)


def story_folder(
    folder: Path,
    sounds: Sequence[np.ndarray] | None = None,
    tail: float = 0.5,
    instruction: str = "rain on a tin roof,\nthen gulls",
) -> Path:
    """A story folder: a sequence of `sounds` (each with its tail), and one event above it."""
    if sounds is None:
        sounds = [noise(2.5, 1), noise(1.0, 2, channels=2), noise(1.25, 3)]
    events, start = [], 0.0
    for number, sound in enumerate(sounds):
        own = tail if number < len(sounds) - 1 else 0.0
        duration = round(sound.shape[1] / RATE - own, 6)
        takes = (save_take(folder, f"k{number}", sound, duration, own),)
        if number == 0:
            takes = (*takes, save_take(folder, "spare", 0.5 * sound, duration, own))
        caption = ("rain, 'tin' \"roof\"", "door/../slams: 50%?", "gulls 🐦 über")[number % 3]
        event = Event(f"e{number}", caption, start, duration, takes=takes, chosen=f"k{number}")
        events.append(event)
        start = round(start + duration, 6)
    over = save_take(folder, "over", noise(0.8, 9), 0.8, 0.0)
    if start > 1.5:
        events.append(
            Event(
                "above",
                "=distant thunder",
                0.5,
                0.8,
                layer=1,
                gain_db=-6.0,
                pan=0.5,
                fade_in=0.1,
                fade_out=0.2,
                takes=(over,),
                chosen="over",
            )
        )
    story = Story(instruction, start, 3, "tiny", "because", tuple(events))
    story.save(folder / "story.json")
    return folder
