"""The stage: the story's sound in the middle of the page, its events under it, the transport.

The markup is made here, the behaviour is in assets/studio/stage.js: playing, seeking, selecting.
Everything that comes from a person or a file is escaped.
"""

from __future__ import annotations

from html import escape

from core import timeline
from core.story import Event, Story
from studio.listening import take_address
from studio.peaks import PeakCache, outline
from studio.session import Session
from studio.theme import ASSETS
from studio.waveform import waveform

SCRIPT = (ASSETS / "stage.js").read_text(encoding="utf-8")
_STATES = {"new": "not rendered yet", "changed": "changed since it was rendered", "rendered": ""}
_PLAY = (
    '<svg class="start" viewBox="0 0 18 18" aria-hidden="true"><path d="M4 2l12 7-12 7z"/></svg>'
    '<svg class="pause" viewBox="0 0 18 18" aria-hidden="true">'
    '<path d="M4 2h3.5v14H4zM10.5 2H14v14h-3.5z"/></svg>'
)


def stage(session: Session, cache: PeakCache) -> str:
    """The stage of the open story as HTML; empty when none is open."""
    if session.folder is None:
        return ""
    story = session.folder.story
    picture = waveform(story, outline(session.folder, cache))
    return (
        f'<section class="stage" aria-label="Story" data-total="{story.total:g}">'
        '<div class="stage-board">'
        '<div class="stage-wave" role="slider" tabindex="0" aria-label="Position in seconds"'
        f' aria-valuemin="0" aria-valuemax="{story.total:g}" aria-valuenow="0">'
        f'{picture}<div class="playhead"></div></div>'
        f"{_ruler(story.total)}{_lanes(session, story)}</div>"
        f"{_transport(session, story)}</section>"
    )


def clock(seconds: float) -> str:
    """Minutes and seconds to the tenth: 0:07.5."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def number_of(story: Story, event: Event) -> str:
    """The event's name in the table and on its mark."""
    if event.layer == 0:
        return str(story.sequence.index(event) + 1)
    return f"+{[e for e in story.events if e.layer].index(event) + 1}"


def _lanes(session: Session, story: Story) -> str:
    layers = sorted({event.layer for event in story.events})
    return "".join(
        f'<ol class="lane" aria-label="{"Story" if not layer else f"Layer {layer}"}">'
        + "".join(_mark(session, story, e) for e in story.events if e.layer == layer)
        + "</ol>"
        for layer in layers
    )


def _mark(session: Session, story: Story, event: Event) -> str:
    left, width = (100 * t / story.total for t in (event.start, event.duration))
    picked = session.event is not None and session.event.id == event.id
    state = timeline.status(event)
    classes = f"block-of-event is-{state}" + (
        " is-rendering" if session.working == event.id else ""
    )
    number = number_of(story, event)
    words = ", ".join(
        filter(
            None,
            (
                f"{number}. {event.caption}",
                f"{event.duration:g} seconds from {event.start:g}",
                "locked" if event.locked else _STATES[state],
            ),
        )
    )
    return (
        f'<li style="left:{left:.4f}%;width:{width:.4f}%"><button type="button" class="{classes}"'
        f' data-event="{escape(event.id)}" aria-pressed="{str(picked).lower()}"'
        f' aria-label="{escape(words)}" title="{escape(event.caption)}">'
        f"<span>{number}&ensp;{escape(event.caption)}</span>"
        f'<span class="when">{event.duration:g} s</span></button></li>'
    )


def _ruler(total: float) -> str:
    step = next((s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300) if total / s <= 10), 600)
    ticks = [step * i for i in range(int(total / step) + 1)]
    if total - ticks[-1] < step * 0.6 and len(ticks) > 1:
        ticks.pop()
    marks = "".join(
        f'<span style="left:{100 * t / total:.4f}%">{_short(t)}</span>' for t in [*ticks, total]
    )
    return f'<div class="ruler" aria-hidden="true">{marks}</div>'


def _short(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g}"
    return f"{int(seconds // 60)}:{seconds % 60:02.0f}"


def _transport(session: Session, story: Story) -> str:
    return (
        '<div class="transport">'
        f'<button type="button" class="play" data-play aria-label="Play the story">{_PLAY}</button>'
        f'<div class="clock"><span data-clock>0:00.0</span> <small>of {clock(story.total)}</small>'
        f"</div>{_picked(session, story)}</div>"
    )


def _picked(session: Session, story: Story) -> str:
    """The selected event: its name, its takes to hear, and a button for another take."""
    event = session.event
    if event is None:
        return ""
    number = number_of(story, event)
    takes = "".join(_take(session, event, n) for n in range(len(event.takes)))
    fresh = timeline.status(event) == "rendered"
    off = " disabled" if session.busy or event.locked else ""
    label = "New take" if fresh else "Render this"
    return (
        f'<div class="picked" role="group" aria-label="Event {number}">'
        f'<span class="picked-name">{number}&ensp;{escape(event.caption)}</span>{takes}'
        f'<button type="button" class="chip" data-again="{escape(event.id)}"{off}>{label}</button>'
        "</div>"
    )


def _take(session: Session, event: Event, index: int) -> str:
    take = event.takes[index]
    source = take_address(session, take)
    if not source:
        return ""
    chosen = str(take.key == event.chosen).lower()
    return (
        f'<button type="button" class="chip" data-take="{escape(take.key)}"'
        f' data-of="{escape(event.id)}" data-listen="{escape(source)}" aria-pressed="{chosen}"'
        f' aria-label="Hear take {index + 1}"'
        f' title="{take.steps} steps, seed {take.seed}">▸ Take {index + 1}</button>'
    )
