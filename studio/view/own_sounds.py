"""The own sounds of the person at this machine, and the lesson that goes on, with buttons."""

from __future__ import annotations

import shutil
from contextlib import suppress
from html import escape
from pathlib import Path

from core.errors import StudioError
from core.own_sounds.own_sound import OwnSound
from core.own_sounds.store import own_sounds, sounds_folder, stopped_lessons
from studio.addresses import file_url
from studio.jobs.lessons import Lesson
from studio.sessions.session import Session
from studio.state import Studio


def own_sounds_list(studio: Studio, session: Session) -> str:
    """The list as markup; empty where no sounds are learned."""
    if studio.lessons is None:
        return ""
    try:
        folder = sounds_folder()
        sounds = own_sounds(folder)
        stopped = stopped_lessons(folder)
    except StudioError as error:
        return f'<p class="hint" role="status">{escape(str(error))}</p>'
    now = studio.lessons.now
    rows = [_lesson(now)] if now is not None and not now.done else []
    learning = now.name if now is not None and rows else None
    rows += [
        _sound(session, path, about)
        for path, about in sounds.items()
        if isinstance(about, str) or about.name != learning
    ]
    rows += [_stopped(name) for name in stopped if name != learning]
    if not rows:
        return (
            '<p class="hint">None yet. Record a sound of your own 5 to 50 times; it is learned '
            "in ten minutes at most, and performs every event whose caption has its name.</p>"
        )
    return f'<ul class="own-sounds" aria-label="Your sounds">{"".join(rows)}</ul>'


def _sound(session: Session, path: Path, about: OwnSound | str) -> str:
    if isinstance(about, str):
        return f"<li>{escape(path.name)}&ensp;<small>{escape(about)}</small></li>"
    by = f" by {about.recorded_by}" if about.recorded_by else ""
    said = f"{about.recordings} recordings{by}, {about.licence}, learned {about.learned}"
    name = escape(about.name)
    copy = session.sounds / path.name
    with suppress(OSError):
        if not copy.is_file() or copy.stat().st_mtime < path.stat().st_mtime:
            shutil.copy(path, copy)
    return (
        f"<li><b>{name}</b>&ensp;<small>{escape(said)}</small> "
        f'<a class="chip" href="{escape(file_url(copy))}" download="{escape(path.name)}"'
        f' aria-label="Save the file of {name}">Save its file</a> '
        f"{_button('remove', about.name, 'Remove')}</li>"
    )


def _lesson(lesson: Lesson) -> str:
    name = escape(lesson.name)
    if not lesson.steps:
        said = "reading its recordings …"
    elif lesson.minutes_left is None:
        said = "learning …"
    else:
        left = max(1, round(60 * lesson.minutes_left))
        time = f"{left} s" if left < 60 else f"{left / 60:.0f} min"
        said = f"{lesson.step} of {lesson.steps} steps, about {time} left"
    bar = (
        f'<progress max="{lesson.steps}" value="{lesson.step}" aria-label="Learning {name}">'
        "</progress>"
        if lesson.steps
        else ""
    )
    return f"<li><b>{name}</b>&ensp;{bar} {said} {_button('stop', lesson.name, 'Stop')}</li>"


def _stopped(name: str) -> str:
    return (
        f"<li><b>{escape(name)}</b>&ensp;its lesson was stopped "
        f"{_button('go on', name, 'Go on')} {_button('drop', name, 'Drop it')}</li>"
    )


def _button(action: str, name: str, label: str) -> str:
    return (
        f'<button type="button" class="chip" data-sound="{escape(name)}" data-does="{action}"'
        f' aria-label="{label}: {escape(name)}">{label}</button>'
    )
