"""Learning a sound of one's own on the page, beside all other work, and what is there already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import gradio as gr

from core.errors import FileError, StudioError
from core.own_sounds.recordings import check_count
from core.own_sounds.store import import_sound, remove_sound, sounds_folder
from studio.handlers.arguments import event_value
from studio.handlers.options import PRIVATE, QUICK
from studio.jobs.lessons import Lessons
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.own_sounds import own_sounds_list
from studio.view.updates import Updates, components, view

_EVERY = 1.0
"""Seconds between two looks at a lesson."""
_NAMED = 3
"""Files that are named of those that were chosen."""


def add_own_sound_listeners(studio: Studio, page: Page) -> None:
    """Connect the panel of own sounds, and the way to it from an unknown event."""

    def shown(request: gr.Request) -> Iterator[Updates]:
        yield from follow(studio, page, studio.sessions.of(request.session_hash))

    def learn(
        name: str | None,
        files: list[str] | None,
        licence: str | None,
        by: str | None,
        consent: bool | None,
        request: gr.Request,
    ) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        paths = [Path(file) for file in files or ()]
        given = (name or "").strip(), paths, (licence or "").strip(), (by or "").strip()
        yield _after(studio, page, session, lambda: begin(studio, *given, bool(consent)))
        yield from follow(studio, page, session)

    def chosen(files: list[str] | None) -> str:
        names = [Path(file).name for file in files or ()]
        return f'<p class="hint" role="status">{escape(chosen_sentence(names))}</p>'

    def act(data: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        given = event_value(data, "does", str), event_value(data, "name", str)
        yield _after(studio, page, session, lambda: act_on_sound(studio, *given))
        if given[0] == "go on":
            yield from follow(studio, page, session)

    def bring(file: str | None, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        return _after(studio, page, session, lambda: take_over(studio, file))

    def wanted(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        return {
            **show_sounds(studio, page, session),
            page.own_sounds_panel: gr.update(open=True),
            page.sound_name: event_value(data, "name", str),
        }

    everything = [page.own_sounds, *components(page)]
    asked = [
        page.sound_name,
        page.sound_recordings,
        page.sound_licence,
        page.sound_by,
        page.sound_consent,
    ]
    page.own_sounds_panel.expand(shown, None, everything, **QUICK, **PRIVATE)
    recordings, said = page.sound_recordings, page.sound_chosen
    page.sound_recordings.upload(chosen, recordings, said, **QUICK, **PRIVATE)
    page.learn_sound.click(learn, asked, everything, **QUICK, **PRIVATE)
    page.own_sounds.act(act, None, everything, **QUICK, **PRIVATE)
    page.import_sound.upload(bring, page.import_sound, everything, **QUICK, **PRIVATE)
    to_panel = [page.own_sounds, page.own_sounds_panel, page.sound_name]
    page.unfamiliar.learn(wanted, None, to_panel, **QUICK, **PRIVATE)


def show_sounds(studio: Studio, page: Page, session: Session) -> Updates:
    """The list of own sounds."""
    return {page.own_sounds: own_sounds_list(studio, session)}


def follow(studio: Studio, page: Page, session: Session) -> Iterator[Updates]:
    """The list, anew every second while something is being learned, and the view at its end; the
    learning goes on where nobody follows it any more."""
    yield show_sounds(studio, page, session)
    while studio.lessons is not None and studio.lessons.busy:
        time.sleep(_EVERY)
        yield show_sounds(studio, page, session)
    if tell_the_end(studio):
        yield view(studio, page, session) | show_sounds(studio, page, session)


def _after(studio: Studio, page: Page, session: Session, work: Callable[[], str | None]) -> Updates:
    """The list, and the view, after something was done; its sentence or its error is said."""
    try:
        if said := work():
            gr.Info(said)
    except StudioError as error:
        gr.Warning(str(error))
    return view(studio, page, session) | show_sounds(studio, page, session)


def chosen_sentence(names: list[str]) -> str:
    """What was chosen to learn from, with the first few names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = "1 recording" if len(names) == 1 else f"{len(names)} recordings"
    return f"{count}: {', '.join(names[:_NAMED])}{more}" if names else "No recording yet."


def begin(
    studio: Studio, name: str, recordings: list[Path], licence: str, by: str, consent: bool
) -> None:
    """Begin to learn a sound.

    Raises:
        StudioError: something lacks, or another sound is being learned.
    """
    from core.training.sound_lessons import SoundToLearn, check_wanted  # brings PyTorch

    lessons = _lessons(studio)
    wanted = SoundToLearn(name, licence, consent, recorded_by=by)
    check_wanted(studio.service.profile, sounds_folder(), wanted)
    lessons.begin(name, check_count(recordings), licence, by)


def act_on_sound(studio: Studio, action: str, name: str) -> str | None:
    """Stop, go on with or drop a lesson, or remove a sound; returns what to say.

    Raises:
        StudioError: it is not there any more.
    """
    lessons = _lessons(studio)
    if action == "stop":
        lessons.stop()
        return f"{name} was stopped; go on with it whenever you like."
    if action == "go on":
        lessons.go_on(name)
    elif action == "drop":
        from core.training.sound_lessons import drop_lesson

        drop_lesson(sounds_folder(), name)
    elif action == "remove":
        remove_sound(sounds_folder(), name)
        return f"{name} was removed; takes that it made stay."
    return None


def take_over(studio: Studio, file: str | None) -> str | None:
    """Import a sound's file; raises StudioError where it cannot be used."""
    _lessons(studio)
    if not file:
        return None
    about = import_sound(sounds_folder(), studio.service.profile, Path(file))
    return (
        f"{about.name} is here, under {about.licence}; captions that name it are performed by it."
    )


def tell_the_end(studio: Studio) -> bool:
    """Say once how a lesson ended; whether it just did."""
    lesson = studio.lessons.now if studio.lessons else None
    if lesson is None or not lesson.done or lesson.told:
        return False
    lesson.told = True
    if lesson.error:
        gr.Warning(lesson.error)
    elif not lesson.stopped:
        gr.Info(f"{lesson.name} is learned; captions that name it are performed by it.")
    return True


def _lessons(studio: Studio) -> Lessons:
    if studio.lessons is None:
        raise FileError("Sounds are learned for the person at this machine only.")
    return studio.lessons
