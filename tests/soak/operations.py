"""What is tried on a failing disk: each operation, and what has to hold after it.

An operation is made on a whole disk, its `act` meets the failure, and `check` is told whether `act`
went through (True) or was refused with a sentence (False). Another process opens each story anew.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from core.audiostory import AudioStory, load_audiostory
from core.errors import StudioError
from core.export import ExportSettings, export, open_story
from core.export.bundle import open_bundle, write_bundle
from core.export.deliver import make_folder
from core.export.settings import FormatName
from core.files import half_written
from core.language.converted import _keep, _read
from core.ownership import remove_abandoned
from core.profile import RenderSettings, load_profile
from core.render.levels import DefaultLevels
from core.render.perform import KeptTake, perform
from core.render.takes import TakeRequest, use_recording
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.recording import recording_file
from core.story.story import Event, Story
from core.story.take import Take
from studio.sessions.session import Session
from studio.sound import files as sounds
from tests.soak.faults import ROOT
from tests.soak.kills import check_whole

RATE = 44_100
OLD = ROOT / "tests" / "data" / "story-2"


class Reader:
    """Another process that opens stories."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.soak.children", "open"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self._process.kill)

    def story(self, folder: Path) -> tuple[Story, str, str]:
        """A story with what undo and redo would do, as that process finds it on disk."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(folder, file=self._process.stdin, flush=True)
        text, undo, redo = json.loads(self._process.stdout.readline())
        return Story.from_json(text), undo, redo


@cache
def reader() -> Reader:
    return Reader()


@cache
def model() -> AudioStory:
    return load_audiostory(load_profile("tiny"))


def noise(seconds: float) -> np.ndarray:
    frames = round(seconds * RATE)
    return np.random.default_rng(0).uniform(-0.5, 0.5, (1, frames)).astype(np.float32)


def three_events() -> Story:
    events = (
        Event("e1", "rain", 0.0, 0.5),
        Event("e2", "a bell", 0.5, 0.5),
        Event("e3", "wind", 0.0, 1.0, layer=1),
    )
    return Story("rain, then a bell", 1.0, 1, "tiny", "Three events.", events)


def take(event: Event, key: str, tail: float = 0.0) -> Take:
    return Take(key, None, event.caption, event.duration, tail, 1, 4, 2.0, "tiny", "w")


class Operation:
    """A story with two steps of history that nothing has failed of yet."""

    refusals: tuple[type[Exception], ...] = (StudioError,)
    rendered = False

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.library = Library(disk / "stories")
        self.folder = self.library.create(three_events(), "Harbour")
        if self.rendered:
            for number, event in enumerate(self.folder.story.events):
                kept = take(event, f"k{number}")
                self.folder.keep_take(event.id, kept, noise(event.duration), RATE, "g")
        stretched(self.folder, 0.75)
        stretched(self.folder, 0.6)
        self.folder.undo()
        self.before = self.folder.story
        self.labels = (self.folder.undo_label, self.folder.redo_label)

    def act(self) -> None:
        raise NotImplementedError

    def check(self, accepted: bool) -> None:
        raise NotImplementedError

    def agrees(self, folder: StoryFolder, story: Story) -> None:
        """Memory, disk and another process know this story, and the next good edit is accepted."""
        labels = (folder.undo_label, folder.redo_label)
        assert folder.story == story
        assert Story.load(folder.path / "story.json") == story
        assert reader().story(folder.path) == (story, *labels)
        newest = stretched(folder, 0.9)
        assert reader().story(folder.path) == (newest, "next", "")
        assert folder.undo() == story
        assert reader().story(folder.path) == (story, labels[0], "next")
        if labels[0]:
            folder.undo()
            assert folder.redo() == story
        self.is_tidy()

    def is_tidy(self) -> None:
        """Nothing half-written is left after the next start, and no folder without a story.

        What was served lies in a temporary folder, which goes with its process.
        """
        Library(self.library.root).tidy()
        served = self.disk / "served"
        assert not [p for p in self.disk.rglob(".part-*") if not p.is_relative_to(served)]
        for folder in self.library.root.glob("[!.]*"):
            assert folder.name == "Archive" or (folder / "story.json").is_file()

    def is_as_before(self) -> None:
        assert (self.folder.undo_label, self.folder.redo_label) == self.labels
        self.agrees(self.folder, self.before)


def stretched(folder: StoryFolder, seconds: float) -> Story:
    return folder.edit("next", lambda story: timeline.stretch(story, "e2", seconds))


class Edit(Operation):
    def act(self) -> None:
        self.folder.edit("caption", lambda s: timeline.change(s, "e1", caption="hail"))

    def check(self, accepted: bool) -> None:
        if not accepted:
            self.is_as_before()
            return
        assert self.folder.undo_label == "caption"
        self.agrees(self.folder, timeline.change(self.before, "e1", caption="hail"))


class EditAfterOpening(Edit):
    """The first edit rewrites the history that was read."""

    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.library = Library(disk / "stories")
        self.folder = self.library.open("Harbour")


class Undo(Operation):
    def act(self) -> None:
        self.folder.undo()

    def check(self, accepted: bool) -> None:
        if accepted:
            self.agrees(self.folder, three_events())
        else:
            self.is_as_before()


class Redo(Operation):
    def act(self) -> None:
        self.folder.redo()

    def check(self, accepted: bool) -> None:
        if accepted:
            assert self.folder.redo_label == ""
            self.agrees(self.folder, timeline.stretch(self.before, "e2", 0.6))
        else:
            self.is_as_before()


class Draft(Operation):
    """A draft becomes a new story."""

    def act(self) -> None:
        self.made = self.library.create(three_events(), "Mill")

    def check(self, accepted: bool) -> None:
        assert set(self.library.titles()) == {"Harbour", *(["Mill"] if accepted else [])}
        if accepted:
            self.agrees(self.made, three_events())
        self.is_as_before()
        assert self.library.create(three_events(), "Mill").title == f"Mill{' 2' * accepted}"


class Render(Operation):
    """Two takes, one after the other."""

    def act(self) -> None:
        self.kept: list[KeptTake] = []
        asked = [TakeRequest("e1"), TakeRequest("e3")]
        settings = RenderSettings(1, 2.0)
        for kept in perform(model(), self.folder, asked, settings, group="r"):
            self.kept.append(kept)

    def check(self, accepted: bool) -> None:
        story = self.folder.story
        for kept in self.kept:
            assert story.event(kept.event_id).chosen == kept.take.key
        for event in story.events:
            if event.take is not None:
                self.is_whole(event)
        assert not accepted or len(self.kept) == 2
        self.agrees(self.folder, story)
        list(self.rendered_again())
        for event_id in ("e1", "e3"):
            self.is_whole(self.folder.story.event(event_id))
        self.agrees(self.folder, self.folder.story)
        assert not self.folder.unfinished

    def rendered_again(self) -> Any:
        assert not self.folder.rendering
        asked = [TakeRequest("e1"), TakeRequest("e3")]
        return perform(model(), self.folder, asked, RenderSettings(1, 2.0), group="s")

    def is_whole(self, event: Event) -> None:
        """The sound is there to its end, and its gain was set in the same step."""
        assert event.take is not None
        samples, rate = self.folder.samples(event.take)
        assert samples.shape[1] == round((event.take.duration + event.take.tail) * rate)
        assert event.trim_db is not None


class KeepTake(Operation):
    def act(self) -> None:
        event = self.before.event("e1")
        levels = DefaultLevels(model(), self.folder, "r", None)
        kept = (event.id, take(event, "new"), noise(event.duration), RATE, "r")
        self.folder.keep_take(*kept, levels.setting(event.id))

    def check(self, accepted: bool) -> None:
        event = self.folder.story.event("e1")
        assert (event.chosen == "new") == accepted == (event.trim_db is not None)
        if accepted:
            assert self.folder.samples(event.take)[0].shape[1] == round(0.5 * RATE)
            self.agrees(self.folder, self.folder.story)
            return
        self.is_as_before()
        self.act()
        self.check(True)


class Duplicate(Operation):
    rendered = True

    def act(self) -> None:
        self.made = self.library.duplicate("Harbour")

    def check(self, accepted: bool) -> None:
        copies = [title for title in self.library.titles() if title != "Harbour"]
        assert copies == (["Harbour 2"] if accepted else [])
        if not accepted:
            self.made = self.library.duplicate("Harbour")
        for event in self.before.events:
            ours, copied = (f.take_file(event.take) for f in (self.folder, self.made))
            assert ours.read_bytes() == copied.read_bytes()
        self.agrees(self.made, self.before)
        self.is_as_before()


class Rename(Operation):
    def act(self) -> None:
        self.library.rename("Harbour", "Mill")

    def check(self, accepted: bool) -> None:
        title = "Mill" if accepted else "Harbour"
        assert self.library.titles() == (title,)
        assert self.folder.title == title
        assert self.library.open(title) is self.folder
        self.is_as_before()


class Archive(Operation):
    def act(self) -> None:
        self.library.archive("Harbour")

    def check(self, accepted: bool) -> None:
        assert self.library.titles() == (() if accepted else ("Harbour",))
        assert self.library.archived() == (("Harbour",) if accepted else ())
        if accepted:
            self.folder = self.library.restore("Harbour")
        self.is_as_before()


class Restore(Operation):
    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.library.archive("Harbour")

    def act(self) -> None:
        self.library.restore("Harbour")

    def check(self, accepted: bool) -> None:
        there, away = self.library.titles(), self.library.archived()
        assert (there, away) == ((("Harbour",), ()) if accepted else ((), ("Harbour",)))
        opened = self.library.open if accepted else self.library.restore
        self.folder = opened("Harbour")
        self.is_as_before()


class Import(Operation):
    rendered = True

    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.bundle = disk / "Mill.story.zip"
        write_bundle(self.bundle, open_story(self.folder.path), None)

    def act(self) -> None:
        self.path = open_bundle(self.bundle, self.library)

    def check(self, accepted: bool) -> None:
        others = [title for title in self.library.titles() if title != "Harbour"]
        assert others == (["Mill"] if accepted else [])
        if not accepted:
            self.is_tidy()
            self.act()
        made = self.library.open(self.path.name)
        for event in self.before.events:
            assert made.take_file(event.take).read_bytes()
        self.agrees(made, self.before)
        self.is_as_before()


class OpenOldStory(Operation):
    """A story of an earlier version is brought to today's form when it is opened."""

    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        shutil.copytree(OLD, self.library.root / "Rain")

    def act(self) -> None:
        self.opened = self.library.open("Rain")

    def check(self, accepted: bool) -> None:
        opened = Library(self.library.root).open("Rain")
        assert opened.story.events
        for event in opened.story.events:
            for kept in event.takes:
                assert opened.samples(kept)[0].size
        assert reader().story(opened.path) == (
            opened.story, opened.undo_label, opened.redo_label
        )  # fmt: skip
        self.is_tidy()
        self.is_as_before()


class KeepConvertedWeights(Operation):
    """The converted language model in the cache: kept whole, or found missing and made again."""

    def act(self) -> None:
        _keep(self.disk / "cache", {"layers": 1}, {"weight": torch.arange(1000.0)})

    def check(self, accepted: bool) -> None:
        found = _read(self.disk / "cache")
        assert (found is not None) == accepted
        if not accepted:
            self.act()
            found = _read(self.disk / "cache")
        assert found is not None
        assert torch.equal(found[1]["weight"], torch.arange(1000.0))
        remove_abandoned(half_written(self.disk / "cache"))
        self.is_as_before()


class UseRecording(Operation):
    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.file = disk / "mine.wav"
        soundfile.write(self.file, noise(0.3).T, RATE)

    def act(self) -> None:
        self.asked = use_recording(self.folder, "e1", self.file, 0.5)

    def check(self, accepted: bool) -> None:
        if not accepted:
            kept = list(self.folder.path.glob("recordings/[!.]*.flac"))
            assert not kept
            self.act()
        assert self.asked.start is not None
        kept_as = recording_file(self.folder.path, self.asked.start.source)
        assert soundfile.info(str(kept_as)).frames == round(0.3 * RATE)
        self.is_as_before()


class Export(Operation):
    rendered = True
    format: FormatName = "wav24"
    settings = ExportSettings(
        stems="both", reaper=True, otio=True, bundle=True, markers=("csv",), loudness=-16.0
    )

    def act(self) -> None:
        settings = dataclasses.replace(self.settings, format=self.format)
        self.done = export(open_story(self.folder.path), self.disk / "out", settings)

    def check(self, accepted: bool) -> None:
        out = self.disk / "out"
        check_whole(out, self.before.total)
        if accepted:
            assert all(path.is_file() for path in self.done.files)
        else:
            self.act()
            check_whole(out, self.before.total)
        make_folder(out)  # as the next export does
        self.is_as_before()


class ExportFlac(Export):
    format: FormatName = "flac"
    settings = ExportSettings(stems="layers", stem_format="mp3")


class ExportOgg(Export):
    format: FormatName = "ogg"
    settings = ExportSettings()


class Listen(Operation):
    """What the page plays: the mix and a take, copied where it cannot be linked."""

    rendered = True

    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.session = Session(self.library, disk / "served")
        self.session.show(self.folder)

    def act(self) -> None:
        self.address = sounds.take_url(self.session, self.before.event("e1").take)
        self.mix = sounds.mix_file(self.session, RATE)

    def check(self, accepted: bool) -> None:
        if not accepted:
            self.act()
        for served in self.session.sounds.rglob("[!.]*.flac"):
            source = self.folder.path / "takes" / served.name
            assert served.read_bytes() == source.read_bytes()
        assert soundfile.info(str(self.mix)).frames == round(self.before.total * RATE)
        assert sounds.take_url(self.session, self.before.event("e1").take)
        self.is_as_before()


class PlayRecording(Operation):
    """A recording that came by the page, as it is played there."""

    def __init__(self, disk: Path) -> None:
        super().__init__(disk)
        self.file = disk / "mine.wav"
        soundfile.write(self.file, noise(0.3).T, RATE)
        self.session = Session(self.library, disk / "served")

    def act(self) -> None:
        self.played = sounds.playable_recording(self.session, self.file, lambda _: None)

    def check(self, accepted: bool) -> None:
        if not accepted:
            assert not list(self.session.sounds.rglob("[!.]*.flac"))
            self.act()
        assert soundfile.info(str(self.played)).frames == round(0.3 * RATE)
        self.is_as_before()


OPERATIONS: dict[str, type[Operation]] = {
    kind.__name__: kind
    for kind in (
        Edit,
        EditAfterOpening,
        Undo,
        Redo,
        Draft,
        Render,
        KeepTake,
        Duplicate,
        Rename,
        Archive,
        Restore,
        Import,
        OpenOldStory,
        KeepConvertedWeights,
        UseRecording,
        Export,
        ExportFlac,
        ExportOgg,
        Listen,
        PlayRecording,
    )
}
