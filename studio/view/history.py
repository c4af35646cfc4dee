"""What was done to the open story, as a list to go back along, and the folded brief above it."""

from __future__ import annotations

from html import escape

from studio.editing.labels import said
from studio.sessions.session import Session

SHOWN = 200
"""Changes in the list, around the one that the story is at."""
_BEGINNING = "The story as it began"


def history_html(session: Session) -> str:
    """A menu of the changes, the last first, with what goes back to each and what opens the story
    as it was then beside this one. The times are written by the page, in the reader's zone."""
    folder = session.folder
    if folder is None:
        return ""
    steps = [(_BEGINNING, None), *((said(label), made) for label, made in folder.dated_history)]
    here = folder.undo_count
    first = max(0, min(here - SHOWN // 2, len(steps) - 1 - SHOWN))
    rows = [
        _row(place, *steps[place], here)
        for place in range(min(len(steps) - 1, first + SHOWN), first - 1, -1)
    ]
    return (
        '<details class="history"><summary>History</summary>'
        f'<ol aria-label="What was done, the last first">{"".join(rows)}</ol></details>'
    )


def _row(place: int, words: str, made: int | None, here: int) -> str:
    now = ' aria-current="true"' if place == here else ""
    undone = ' class="is-undone"' if place > here else ""
    told = "" if made is None else f' aria-describedby="step-{place}"'
    when = "" if made is None else f'<time id="step-{place}" data-made="{made}"></time>'
    return (
        f'<li{undone}><button type="button" data-place="{place}"{now}{told}>{escape(words)}'
        f'</button>{when}<button type="button" data-beside="{place}" title="Open the story as it '
        'was then, as a copy, in another tab" '
        f'aria-label="Open beside: {escape(words)}">Beside</button>'
        f'<button type="button" data-compare="{place}" title="Hear the story as it was then in '
        f'turn with the story as it is, equally loud" aria-label="A/B with: {escape(words)}">'
        "A/B</button></li>"
    )


def brief_html(session: Session) -> str:
    """The instruction in one line, which opens the fields to draft again."""
    story = session.story
    if story is None:
        return ""
    return (
        '<button type="button" class="brief-line" aria-expanded="false"'
        ' title="Open the brief: change the instruction, draft again, ask the director">'
        f'<span class="brief-words">{escape(story.instruction)}</span>'
        f'<span class="brief-length">{story.total:g} s</span></button>'
    )
