"""The mix of a story as one WAV file, without mastering."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.export.provenance import comment
from core.export.sound import write_sound
from core.export.wave import Inside
from core.mix.mix import MixSettings, mix_blocks, story_frames
from core.mix.sources import Source
from core.story.story import Story


def write_mixdown(path: Path, story: Story, sources: Mapping[str, Source], rate: int) -> None:
    """Write the story's mix (24 bit, stereo) with its instruction and its origin inside.

    Args:
        sources: the sound of each event by its id, at `rate` Hz.

    Raises:
        FileError: the file cannot be written.
    """
    frames = story_frames(story, rate)
    inside = Inside(story.instruction, comment(story.instruction))
    write_sound(
        path, mix_blocks(story, sources, MixSettings(rate=rate)), rate, frames, "wav24", inside
    )
