"""What is noted in a story's folder while takes are rendered, to go on with it after a crash.

The note is render.json: what is still to be rendered, with which settings, and by which process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from core.errors import FileError, StoryError, StudioError
from core.files import remove, write_atomically
from core.processes import ProcessIdentity, this_process
from core.profile import RenderSettings, Sampler
from core.schema import parse_json, read_dataclass
from core.story.take import Start

RENDERING_NOTE = "render.json"
ELSEWHERE = 3600.0
"""Seconds without a new take after which a rendering of another machine is taken for dead: whether
its process lives can only be seen there."""


@dataclass(frozen=True)
class Rendering:
    """What is still to be rendered, with the settings it was asked for with.

    Attributes:
        starts: what the take of each event begins from; empty: all from noise alone.
        fresh: the events that had no take when it began, and what a crash had cut short before.
        owner: the process that renders; None: unknown, of a story of an earlier version.
    """

    event_ids: tuple[str, ...]
    steps: int
    guidance: float
    starts: tuple[Start | None, ...] = ()
    sampler: Sampler = "full"
    owner: ProcessIdentity | None = None
    fresh: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RenderSettings(self.steps, self.guidance, self.sampler)  # refuses what cannot be sampled

    def only(self, event_ids: Container[str]) -> Rendering:
        """What is left of it for these events."""
        starts = dict(zip(self.event_ids, self.starts, strict=False))
        ids = tuple(event_id for event_id in self.event_ids if event_id in event_ids)
        left = tuple(map(starts.get, ids)) if any(self.starts) else ()
        return dataclasses.replace(self, event_ids=ids, starts=left)


class RenderingNote:
    """The note in one folder. Whoever begins a rendering or ticks off takes holds the story's lock.

    Attributes:
        folder: the story's.
        rendering: this process makes takes of it now, so the note is no sign of a crash.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rendering = False

    def begin(self, asked: Rendering) -> Rendering | None:
        """Note what is being rendered.

        Returns:
            A rendering that a crash cut short before.

        Raises:
            StoryError: another program is rendering the story.
        """
        noted = self._noted()
        if noted is not None:
            if _is_at_work(noted, self._file):
                raise StoryError(
                    "Another program is rendering this story; wait for it, or cancel it there."
                )
            asked = dataclasses.replace(asked, fresh=(*asked.fresh, *noted.fresh))
        self._write(asked)
        self.rendering = True
        return noted

    def end(self) -> None:
        """Forget the rendering: it is done, or its owner stopped it."""
        self.rendering = False
        remove(self._file)

    def left(self, event_ids: Container[str]) -> Rendering | None:
        """The rendering that a crash cut short, less what was done and events other than these; one
        that another program is at is none. Where all was done, its gains are still to be balanced.
        """
        asked = self._cut_short()
        if asked is None:
            return None
        left = asked.only(event_ids)
        return left if left.event_ids or not asked.event_ids else None

    def tick_off(self, event_id: str) -> None:
        """This event has its take, whoever of this process made it."""
        asked = self._cut_short()
        if asked is None:
            return
        left = asked.only({e for e in asked.event_ids if e != event_id})
        if left.event_ids or self.rendering:  # who renders ends it when the gains are balanced
            self._write(left)
        else:
            self.end()

    @property
    def _file(self) -> Path:
        return self.folder / RENDERING_NOTE

    def _cut_short(self) -> Rendering | None:
        """What is noted, unless another program is at it."""
        noted = self._noted()
        return None if noted is None or _is_at_work(noted, self._file) else noted

    def _noted(self) -> Rendering | None:
        try:
            data = parse_json(self._file.read_text(encoding="utf-8"))
            return read_dataclass(Rendering, data, RENDERING_NOTE, FileError)
        except (OSError, ValueError, StudioError):
            return None

    def _write(self, asked: Rendering) -> None:
        text = json.dumps(dataclasses.asdict(asked)) + "\n"
        write_atomically(self._file, text.encode())


def _is_at_work(noted: Rendering, file: Path) -> bool:
    """Whether another process than this one lives that began a rendering, noted in this file."""
    owner = noted.owner
    if owner is None or owner == this_process():
        return False
    if owner.is_local:
        return owner.is_running
    with contextlib.suppress(OSError):
        return time.time() - file.stat().st_mtime < ELSEWHERE
    return False
