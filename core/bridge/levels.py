"""How loud a sound is by nature: what a caption names, and whether near or far, soft or loud.

The profile ships the loudness of each known sound alone, at a normal distance, by its plain
caption; the lexicon says which of them a caption names. How near and how strong it is said to be
(`core.bridge.modifiers`) moves it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.bridge.lexicon import Lexicon, load_lexicon
from core.bridge.modifiers import says
from core.errors import WeightsError
from core.files import write_atomically
from core.mix.levels import NaturalLevel
from core.profile import Profile
from core.story.story import Event

LEVELS_FILE = "grounding/levels.json"
UNKNOWN_LEVEL = -28.0
"""LUFS of a sound that is not known."""
LEVEL_CHANGES: tuple[tuple[str, str, float], ...] = (
    ("distance", "distant", -13.0),
    ("distance", "close", 1.0),
    ("strength", "light", -10.0),
    ("strength", "heavy", 3.0),
)
"""Attribute, value, and decibels that it adds. Six decibels are a doubling of the distance; what is
called distant is farther, and has to be heard."""
MOST_CHANGED = 18.0
"""Decibels that all attributes of a caption take away at most."""


class SoundLevels:
    """Loudness by caption.

    Args:
        levels: LUFS of each known sound, by its plain caption.
        lexicon: None: every caption is an unknown sound.
    """

    def __init__(self, lexicon: Lexicon | None, levels: Mapping[str, float]) -> None:
        self._lexicon = lexicon
        self._levels = levels

    def of(self, caption: str) -> NaturalLevel:
        """The loudest sound that a caption names, as near and as strong as it says."""
        heard = self._lexicon.simultaneous(caption) if self._lexicon else ()
        levels = [self._single(sound) for sound in heard or (caption,)]
        return max(levels, key=lambda level: level.lufs)

    def of_all(self, events: Iterable[Event]) -> dict[str, NaturalLevel]:
        """The levels by the events' ids."""
        return {event.id: self.of(event.caption) for event in events}

    def _single(self, caption: str) -> NaturalLevel:
        plain = self._plain(caption)
        text = caption.lower()
        change = sum(
            db
            for key, value, db in LEVEL_CHANGES
            if says(text, key, value) and not says(plain, key, value)
        )
        change = max(-MOST_CHANGED, change)
        lufs = self._levels.get(plain, UNKNOWN_LEVEL) + change
        return NaturalLevel(lufs, max(0.0, -change), plain)

    def _plain(self, caption: str) -> str:
        """The plain caption of the sound that a caption is performed as; "" where it is unknown."""
        if self._lexicon is None:
            return ""
        named = self._lexicon.likeliest(caption)
        if named:
            return named
        return self._lexicon.likeliest(self._lexicon.paraphrase(caption).split("; ")[0])


def load_levels(profile: Profile) -> SoundLevels:
    """The levels of a profile's known sounds; without any, all are `UNKNOWN_LEVEL`.

    Raises:
        WeightsError: the file is damaged, or the text encoder is missing.
    """
    path = profile.shipped(LEVELS_FILE)
    if path is None:
        return SoundLevels(None, {})
    return SoundLevels(load_lexicon(profile), _read(path))


@functools.lru_cache(maxsize=2)
def _read(path: Path) -> Mapping[str, float]:
    try:
        levels = json.loads(path.read_text(encoding="utf-8"))
        return {str(plain): float(level) for plain, level in levels.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        raise WeightsError(f"{path.name} is damaged; fetch the repository again.") from None


def write_levels(folder: Path, levels: Mapping[str, float]) -> None:
    """Write the levels into a profile's folder."""
    text = json.dumps(dict(levels), indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / LEVELS_FILE, text.encode())
