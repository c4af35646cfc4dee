"""Who performs the selected event, and all others: two lists beside its takes.

They are shown where there is a performer beside our own, or where a story asks for one.
"""

from __future__ import annotations

from html import escape

from core.performer.naming import OWN_SOUND
from core.profile import AUTO, OWN
from core.render.performers import Performers
from core.story.story import Event, Story

_AUTO = "auto: who knows the sound"


def performer_choices(story: Story, event: Event, performers: Performers) -> str:
    """The lists as markup; empty where there is nothing to choose."""
    asked = {story.performer, *(e.performer for e in story.events if e.performer)}
    if not performers.others and asked == {OWN}:
        return ""
    names = [OWN, AUTO, *performers.others]
    names += sorted(name for name in asked if name not in names)
    titles = {name: _title(name, performers) for name in names}
    off = " disabled" if event.locked or event.silent else ""
    who = performers.asked_by(story, event)
    named = not event.performer and who != story.performer and not event.silent
    why = "whom its caption names" if named else "as the story"
    own = [("", f"{why} ({titles[who if named else story.performer]})"), *titles.items()]
    return (
        '<span class="takes-performers">'
        f"{_list('performer', 'Performed by', own, event.performer or '', off)}"
        f"{_list('performers', 'the story by', list(titles.items()), story.performer, '')}"
        f"{_licence(who, performers)}</span>"
    )


def _title(name: str, performers: Performers) -> str:
    if name == OWN:
        return performers.profile.title
    if name == AUTO:
        return _AUTO
    by = performers.description(name)
    if by is None:
        return f"{name} (not here)"
    plain = by.title.lower() == name or name == f"{OWN_SOUND}{by.title}"
    return by.title if plain else f"{by.title} ({name})"


def _list(action: str, label: str, choices: list[tuple[str, str]], now: str, off: str) -> str:
    options = "".join(
        f'<option value="{escape(name)}"{" selected" if name == now else ""}>{escape(title)}'
        "</option>"
        for name, title in choices
    )
    return f'<label>{label} <select data-performer="{action}"{off}>{options}</select></label>'


def _licence(name: str, performers: Performers) -> str:
    """Under which terms another performer is used."""
    by = performers.description(name)
    if by is None:
        return ""
    return f"<small>licence: {escape(by.licence or 'not said; ask its publisher')}</small>"
