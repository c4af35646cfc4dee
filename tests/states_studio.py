"""A studio with stories in which everything is that the page can show, for `page_states`."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import soundfile

from core.bridge.known_sounds import load_known_sounds
from core.library.catalogue import Catalogue
from core.library.index import Indexer
from core.own_sounds.own_sound import SOUND_SUFFIX
from core.own_sounds.store import LESSON_FILE, LESSONS_FOLDER, SOUNDS_FOLDER
from core.places import NAME
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.marker import StoryMarker
from core.story.story import Event, Story
from core.story.strip import Equaliser, Lane, RoomSend
from core.story.take import Take
from studio.jobs.lessons import Lessons
from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sound.library import SoundLibrary
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.studio_stories import RATE, long_story, many_lanes

WHOLE = "Rain and a door"
"""A story with sound, two takes of its second event, one that is locked, markers and curves."""
PLAN = "A plan without sound"
UNKNOWN = "A kettle by itself"
CROWD = "Eight lanes"
LONG = "A story with a title that is as long as people make them"
PUT_AWAY = "Put away"
ENDLESS = 10_000
"""Steps of a rendering that goes on until it is cancelled."""
_WORDS = (
    "a very old wooden door with rusty iron hinges creaks open slowly in a cold and empty stone "
    "hall, while somebody far away drops a bunch of keys"
)
_LESSON = "grandma's kettle"


@contextmanager
def studio_of_states(folder: Path) -> Iterator[Studio]:
    """The studio; its profile is the tiny one, with the sounds that the shipped one knows."""
    with patch.dict(os.environ, {"XDG_DATA_HOME": str(folder / "data")}):
        stories = folder / "stories"
        _whole(stories)
        _others(Library(stories))
        many_lanes(stories, CROWD, events=24, lanes=8)
        _own_sounds(folder / "data" / NAME / SOUNDS_FOLDER)
        service = ModelService("tiny")
        service.model_unless(threading.Event())  # before it is told of others' sounds
        profile = dataclasses.replace(service.profile, weights="pocket")
        service.known_sounds = load_known_sounds(profile)
        endless = dataclasses.replace(profile.final, steps=ENDLESS)
        service.profile = dataclasses.replace(profile, final=endless)
        lessons = Lessons("tiny", folder / "uploads", 1)
        (folder / "served").mkdir()
        yield Studio(
            service,
            Sessions(stories, folder / "served", private=False),
            PeakCache(),
            sound_library=_recordings(folder),
            lessons=lessons,
        )
        lessons.close()


def _whole(stories: Path) -> None:
    folder = long_story(stories, WHOLE, events=5, total=60.0)
    take = Take("again", None, "a wooden door creaks open", 12.0, 0.0, 2, 8, 3.0, "tiny", "w")
    hum = 0.1 * np.sin(np.arange(12 * RATE, dtype=np.float32) / 20)[None]
    folder.keep_take("e1", take, hum, RATE, "variations")

    def change(label: str, event_id: str, **values: object) -> None:
        folder.edit(label, lambda story: timeline.change(story, event_id, **values))

    folder.edit("locked 4: thunder rolls far away", lambda story: timeline.lock(story, "e3"))
    change("envelope of +1: steady rain", "bed", gain_envelope=((2.0, -9.0), (20.0, 0.0)))
    change("fades of 3: footsteps on gravel", "e2", fade_in=2.0, fade_out=3.0)
    change("shape of 5: a clock ticks", "e4", shape="swell")
    change("room of 2: a wooden door creaks open", "e1", distance=3.0, room=RoomSend("hall"))
    _story(folder, "markers", markers=(StoryMarker(6.0, "First"), StoryMarker(30.0, "The door")))
    lane = Lane(1, gain_db=-3.0, pan=0.2, equaliser=Equaliser(low_cut=120.0))
    _story(folder, "strip of layer 1", lanes=(lane,))


def _story(folder: StoryFolder, label: str, **values: object) -> None:
    replace: Callable[..., Story] = dataclasses.replace
    folder.edit(label, lambda story: replace(story, **values))


def _others(library: Library) -> None:
    plan = (
        Event("e1", "heavy rain on a tin roof", 0.0, 8.0, role="bed"),
        Event("e2", "thunder rolls far away", 8.0, 4.0, shape="recede"),
        Event("e3", "silence", 12.0, 2.0),
        Event("e4", "a dog barks", 14.0, 4.0, count=3, mood="tense"),
    )
    notes = ("“3 seconds of snow” is not understood.", "A bell at 0:30 is not within the 18 s.")
    library.create(Story(PLAN, 18.0, 1, "tiny", "Rain is the room.", plan, notes=notes))
    kettle = Event("e1", "a kettle whistling on the stove", 0.0, 3.0)
    for title in (UNKNOWN, PUT_AWAY):
        library.create(Story(title, 3.0, 1, "tiny", "One.", (kettle,)))
    library.archive(PUT_AWAY)
    told = tuple(Event(f"e{n}", _WORDS, 0.5 * n, 0.5) for n in range(3))
    library.create(Story(_WORDS, 1.5, 1, "tiny", _WORDS, told), LONG)


def _own_sounds(folder: Path) -> None:
    """A lesson that was stopped, and a file that is none."""
    lesson = folder / LESSONS_FOLDER / "kettle"
    lesson.mkdir(parents=True)
    (lesson / LESSON_FILE).write_text(json.dumps({"about": {"name": _LESSON}}), encoding="utf-8")
    (folder / f"broken{SOUND_SUFFIX}").write_bytes(b"nothing")


def _recordings(folder: Path) -> SoundLibrary:
    """A library of two recordings."""
    (folder / "recordings").mkdir()
    for name, pitch in (("kettle whistling.wav", 2300), ("engine idling.wav", 90)):
        sound = 0.3 * np.sin(2 * np.pi * pitch * np.arange(RATE) / RATE)
        soundfile.write(folder / "recordings" / name, sound, RATE)
    library = SoundLibrary(folder / "library.sqlite")
    catalogue = Catalogue(library.file)
    Indexer(catalogue).scan(catalogue.add_folder(folder / "recordings", "CC0"))
    return library
