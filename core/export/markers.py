"""Where the events and the story's own markers lie, as lists: Audacity labels, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core.story.cue_words import repetition_words
from core.story.story import Event, Story

_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Marker:
    """One event on the sample grid of a file, `start` to `end` in frames, or a moment of it.

    Attributes:
        id: the event's; empty for a marker of the story.
        layer: None for a marker of the story, which has no length either.
    """

    id: str
    label: str
    start: int
    end: int
    layer: int | None
    mood: str

    @property
    def is_moment(self) -> bool:
        return self.layer is None


def story_markers(story: Story, rate: int) -> tuple[Marker, ...]:
    """The events and the story's markers in order of time.

    The cross-fade after an event is not part of it; a marker behind the story's end is left out.
    """
    total = round(story.total * rate)
    markers = [
        Marker(
            event.id,
            _label(event),
            round(event.start * rate),
            min(total, round(event.end * rate)),
            event.layer,
            event.mood,
        )
        for event in story.events
    ]
    for named in story.markers:
        frame = round(named.at * rate)
        if frame <= total:
            markers.append(Marker("", _on_one_line(named.name), frame, frame, None, ""))
    return tuple(sorted(markers, key=lambda m: (m.start, not m.is_moment, m.layer or 0)))


def _on_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _label(event: Event) -> str:
    """What is heard, on one line, and how often it is to be struck."""
    repeats = repetition_words(event)
    label = _on_one_line(event.label)
    return f"{label} ({repeats})" if repeats else label


def audacity_labels(markers: Sequence[Marker], rate: int) -> str:
    """Audacity's label track: start, end and label, tabs between, seconds."""
    return "".join(f"{m.start / rate:.9f}\t{m.end / rate:.9f}\t{m.label}\n" for m in markers)


def marker_csv(markers: Sequence[Marker], rate: int) -> str:
    """One line an event or moment, with a heading; no spreadsheet takes a caption for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    heading = ("id", "label", "start_s", "end_s", "start_frame", "end_frame", "layer", "mood")
    writer.writerow(heading)
    for m in markers:
        seconds = (f"{m.start / rate:.9f}", f"{m.end / rate:.9f}")
        layer = "" if m.layer is None else m.layer
        writer.writerow((m.id, _plain(m.label), *seconds, m.start, m.end, layer, _plain(m.mood)))
    return text.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def marker_json(markers: Sequence[Marker], rate: int) -> str:
    """The markers as they are, with the rate that their frames count in."""
    data = {"rate": rate, "markers": [asdict(marker) for marker in markers]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
