"""Events that come from the clipboard into the open story."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import StoryError
from core.story.clipboard import bring_sounds, read_clip
from core.story.limits import MAX_EVENTS
from core.story.selection import insert_events
from core.story.story import Story
from studio.editing.actions import ActionValues, ripples
from studio.editing.cells import number
from studio.editing.labels import label_of
from studio.sessions.session import Session


def paste(session: Session, values: ActionValues, tell: Callable[[str], object]) -> None:
    """Put the events of a clipboard's text into the open story, and select them.

    Args:
        values: `clip`, the text in pieces; `at`, the moment; `ripple` as in `act`.
        tell: called with a sentence where sounds did not come along.

    Raises:
        StoryError: there are no events in the text, or the story cannot take them.
        FileError: their sounds cannot be written.
    """
    pieces = values.get("clip")
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise StoryError("The clipboard should be text in pieces; copy the events again.")
    folder = session.open_folder
    events = read_clip("".join(pieces))
    if len(events) + len(folder.story.events) > MAX_EVENTS:
        raise StoryError(f"A story has at most {MAX_EVENTS} events; paste fewer.")
    at = number(values.get("at", 0.0), "moment")
    events, lost = bring_sounds(events, folder, session.library)
    made: tuple[str, ...] = ()

    def apply(story: Story) -> Story:
        nonlocal made
        story, made = insert_events(story, events, at, ripple=ripples(values))
        return story

    folder.edit(label_of("paste", events), apply)
    session.made_by_action(made)
    session.selected = made[0]
    if lost:
        tell(f"{lost} sounds of what was pasted are nowhere among your stories; render them anew.")
