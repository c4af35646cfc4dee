"""What a wish in words would change, before it is taken: event, from → to."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from core.story.changes import Change, StoryChanges, moved_along, story_changes
from core.story.story import Event, Story
from studio.editing.table import names_of
from studio.sessions.session import PlanProposal


def proposal_html(proposal: PlanProposal, *, fits: bool) -> str:
    """All that the wish changes, in words, and what of it has to be rendered to be heard.

    Args:
        fits: the story is still the one that it was planned from.
    """
    changes = story_changes(proposal.before, proposal.after)
    rows = list(_rows(proposal, changes))
    heard = _heard(proposal, changes)
    if not fits:
        heard = "The story was changed since; say the wish again."
    said = f"“{proposal.wish}” changes {len(rows)} things. {heard} Take it, or discard it."
    if len(rows) == 1:
        said = said.replace("1 things", "one thing")
    return (
        f'<div class="proposal" role="group" aria-label="What the wish changes"'
        f' data-said="{escape(said)}"><p>“{escape(proposal.wish)}” would change:</p>'
        f'<ul>{"".join(rows)}</ul><p class="hint">{escape(heard)}</p></div>'
    )


def _rows(proposal: PlanProposal, changes: StoryChanges) -> Iterable[str]:
    before, after = names_of(proposal.before), names_of(proposal.after)
    along = moved_along(changes)
    moved = {event_id for ids in along.values() for event_id in ids}
    for event in changes.removed:
        yield _row("Removed", before[event.id], event, (f"{event.start:g} to {event.end:g} s",))
    for event in changes.added:
        lasts = f"{event.start:g} to {event.end:g} s"
        where = f", layer {event.layer}" if event.layer else ""
        yield _row("Added", after[event.id], event, (lasts + where,))
    for event_id, listed in changes.events.items():
        if event_id not in moved:
            event = proposal.before.event(event_id)
            yield _row("", before[event_id], event, map(str, listed), event_id)
    for shift, ids in along.items():
        each = "".join(
            _row("", before[i], proposal.before.event(i), map(str, changes.events[i]), i)
            for i in ids
        )
        yield (
            f"<li><details><summary>{len(ids)} events move along, {shift}</summary>"
            f"<ul>{each}</ul></details></li>"
        )
    for change in changes.story:
        yield _story_row(change)


def _row(done: str, name: str, event: Event, what: Iterable[str], event_id: str = "") -> str:
    said = f"{done} " if done else ""
    of = f' data-event="{escape(event_id or event.id)}"'
    return (
        f"<li{of}>{said}<b>{escape(name)}</b> {escape(event.caption)}"
        f"<span>{escape('; '.join(what))}</span></li>"
    )


def _story_row(change: Change) -> str:
    return f'<li data-event=""><b>The story</b><span>{escape(str(change))}</span></li>'


def _heard(proposal: PlanProposal, changes: StoryChanges) -> str:
    """What of it has to be rendered."""
    names = names_of(proposal.after)
    unheard = [f"{names[i]} {proposal.after.event(i).caption}" for i in changes.unheard]
    if unheard:
        return f"To be rendered before it is heard so: {', '.join(unheard)}."
    return "It is heard at once; nothing has to be rendered." if _sounds(proposal.after) else ""


def _sounds(story: Story) -> bool:
    return any(event.take for event in story.events)
