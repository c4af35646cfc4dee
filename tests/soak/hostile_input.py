"""One hostile input of each kind: what comes of it is a sentence, or a whole and valid result."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import random
import re
import struct
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import numpy as np
import soundfile

from core import cli
from core.director.answer import find_plan
from core.director.endpoint import Completion, RefusedError
from core.director.external import read_answer
from core.errors import PlanError, StudioError
from core.export.bundle import open_bundle
from core.export.folder import open_story
from core.render.takes import contexts, resumed
from core.story import timeline
from core.story.context import Context
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.recording import read_recording
from core.story.score import score_events
from core.story.story import Event, Story
from core.story.strip import Equaliser, Lane, RoomSend
from core.story.take import Start, Take
from studio.editing import table
from studio.editing.actions import ACTIONS, act
from studio.handlers.editing import edit_table
from studio.jobs.model_service import ModelService
from studio.server import _build
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.view.lanes import lanes
from studio.view.waves import waves
from tests.soak.hostile_values import spoilt, written
from tests.sounding_stories import story_folder

Outcome = StudioError | Literal["model at work"] | None
"""A refusal in a sentence; that the model went to work, whose time says nothing of the input; else
nothing: it was taken."""
RATE = 8000
SECONDS = 0.3


def a_story() -> Story:
    """A small story with everything that a story can have."""
    context = Context("rain", Context("<|think|>two events<|/think|>"))
    start = Start("take", "k0", 0.5, 1, 2, (0.0, 1.0), 0.5)
    kept = Take("k0", context, "rain", 2.0, 0.5, 1, 4, 2.0, "tiny", "w", "takes/k0.flac")
    varied = Take("k1", context, "rain", 2.0, 0.5, 1, 8, 1.0, "tiny", "w", "", start, "fast")
    events = (
        Event("e1", "rain", 0.0, 2.0, "calm", takes=(kept, varied), chosen="k0"),
        Event("e2", "a bell", 2.0, 1.5, seed=7, fade_in=0.2),
        Event(
            "bed",
            "wind",
            0.5,
            2.0,
            layer=1,
            gain_db=-6.0,
            trim_db=0.0,
            pan=0.5,
            width=1.0,
            role="bed",
            shape="points",
            points=((0.0, -9.0), (1.5, 0.0)),
            at=(0.5, 1.0),
            source="e2",
            fade_in_curve="exponential",
            gain_envelope=((0.0, -3.0), (2.0, 1.0)),
            pan_envelope=((0.5, -1.0),),
            distance=5.0,
            equaliser=Equaliser(80.0, 4000.0, 2.0),
            room=RoomSend("hall"),
            loop=True,
        ),
    )
    lane = Lane(1, -3.0, 0.2, True, gain_envelope=((1.0, 2.0),), room=RoomSend("church", -20.0))
    return Story(
        "rain, a bell", 3.5, 1, "tiny", "Two events.", events, ("one",), ("two",), lanes=(lane,)
    )


def _old(version: int) -> dict[str, Any]:
    """The same as an earlier version wrote it."""
    data: dict[str, Any] = json.loads(a_story().to_json())
    del data["contexts"]
    for event in data["events"]:
        for take in event["takes"]:
            for name in ("context", "sampler", "start", "part"):
                take.pop(name, None)
            take |= {"stream": "<|think|>two<|/think|>rain", "file": ""}
    return data | {"version": version}


def story(dice: random.Random, folder: Path) -> Outcome:
    """A story's file, of any version, in text that was not always UTF-8."""
    data = json.loads(a_story().to_json()) if dice.random() < 0.7 else _old(dice.choice([1, 2]))
    text = written(spoilt(data, dice, dice.choice([0, 1, 1, 2, 5])), dice)
    file = folder / "story.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read = Story.load(file)
    except StudioError as error:
        return error
    assert Story.from_json(read.to_json()) == read
    for edit in (
        lambda: timeline.fit(read, dice.choice([1.0, 5.0, 3600.0])),
        lambda: timeline.stretch(read, read.events[0].id, 1.0),
        lambda: timeline.split(read, read.events[0].id, 1.0),
        lambda: contexts(read),
    ):
        with contextlib.suppress(StudioError):
            edit()
    table.rows_of(read)
    read.to_json().encode()
    return None


@functools.cache
def _with_history() -> dict[str, bytes]:
    """The files of a story's folder after some edits, two of which were undone."""
    with tempfile.TemporaryDirectory() as made:
        folder = Library(Path(made)).create(a_story(), "Harbour")
        folder.edit("gain", lambda s: timeline.change(s, "e2", gain_db=-3.0))
        folder.edit("add", lambda s: timeline.add(s, "a dog", 2.0)[0])
        folder.edit("drop", lambda s: timeline.drop_take(s, "e1", "k1"), "g")
        folder.edit("layer", lambda s: timeline.set_layer(s, "e2", 2))
        folder.edit("join", lambda s: timeline.join(s, "e1"))
        folder.undo()
        folder.undo()
        return {
            path.name: path.read_bytes()
            for path in folder.path.iterdir()
            if path.suffix in (".json", ".jsonl")
        }


def history(dice: random.Random, folder: Path) -> Outcome:
    """A folder whose history, or note of a rendering, was written by a stranger."""
    home = folder / "stories" / "Harbour"
    home.mkdir(parents=True)
    for name, content in _with_history().items():
        (home / name).write_bytes(content)
    lines = _with_history()["changes.jsonl"].decode().splitlines()
    for _ in range(dice.choice([1, 1, 3])):
        place = dice.randrange(len(lines))
        with contextlib.suppress(ValueError, RecursionError):  # spoilt before
            data = json.loads(lines[place])
            lines[place] = written(spoilt(data, dice), dice)
    (home / "changes.jsonl").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass") + b"\n")
    note = {"event_ids": ["e1"], "steps": 4, "guidance": 2.0, "starts": [None], "sampler": "full"}
    (home / "render.json").write_text(written(spoilt(note, dice), dice), errors="surrogatepass")
    refused: Outcome = None
    try:
        opened = Library(folder / "stories").open("Harbour")
    except StudioError as error:
        return error
    for step in dice.choices((opened.undo, opened.redo), k=6):
        before = opened.story
        try:
            step()
        except StudioError as error:
            refused = error
            assert opened.story == before
        f"{opened.undo_label}{opened.redo_label}".encode()
    resumed(opened)
    _check_saved(opened)
    return refused


def _check_saved(opened: StoryFolder) -> None:
    """What is in memory is on disk, and opens again."""
    assert Story.load(opened.path / "story.json") == opened.story


@functools.cache
def _bundled() -> dict[str, bytes]:
    """The files of a bundle: a story of two short sounds."""
    with tempfile.TemporaryDirectory() as made:
        noise = np.random.default_rng(1).uniform(-0.3, 0.3, (1, round(44_100 * 0.4)))
        home = story_folder(Path(made) / "Harbour", [noise, noise], tail=0.1)
        return {
            path.relative_to(home).as_posix(): path.read_bytes()
            for path in sorted(home.rglob("*"))
            if path.is_file()
        }


def bundle(dice: random.Random, folder: Path) -> Outcome:
    """A zip of a story whose text, sounds, names or bytes are a stranger's."""
    members = dict(_bundled())
    ways = dice.choices(("story", "sound", "name", "zip", "foreign"), (5, 3, 1, 1, 2))
    if "story" in ways:
        text = written(spoilt(json.loads(members["story.json"]), dice), dice)
        members["story.json"] = text.encode("utf-8", "surrogatepass")
    sound = dice.choice([name for name in members if name.endswith(".flac")])
    if "sound" in ways:
        members[sound] = damaged(members[sound], dice)
    if "foreign" in ways:
        members[sound] = foreign_sound(dice)
    if "name" in ways:
        wrong = ["../a.flac", "takes/\x00.flac", "takes/" + "a" * 300, "story.json/", "mix.wav"]
        members[dice.choice(wrong)] = members[sound]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content, dice.choice([0, 8]))
    content = damaged(packed.getvalue(), dice) if "zip" in ways else packed.getvalue()
    file = folder / "a.zip"
    file.write_bytes(content)
    library = Library(folder / "stories")
    try:
        opened = library.open(open_bundle(file, library, most=10**9).name)
    except StudioError as error:
        assert not library.root.exists() or not list(library.root.iterdir())
        return error
    _check_saved(opened)
    return _shown(opened, folder)


def _shown(opened: StoryFolder, folder: Path) -> Outcome:
    """The timeline with its waveform, and the story as an export reads it."""
    session = Session(Library(opened.path.parent), folder / "sounds")
    session.show(opened)
    json.dumps(lanes(session), allow_nan=False).encode()
    json.dumps(waves(session, PeakCache()), allow_nan=False).encode()
    try:
        open_story(opened.path, None)
    except StudioError as error:
        return error
    return None


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Bytes with some changed, numbers made huge, a part cut out, doubled or left off."""
    raw = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8, 50])):
        place = dice.randrange(min(len(raw), dice.choice([64, 64, 2000, len(raw)]))) if raw else 0
        way = dice.randrange(6)
        if way < 3:
            raw[place : place + 1] = bytes([dice.randrange(256)])
        elif way == 3:
            most = struct.pack("<I", dice.choice([0, 1, 50, 0x7FFFFFFF, 0xFFFFFFFF]))
            raw[place : place + 4] = most if dice.random() < 0.5 else most[::-1]
        elif way == 4:
            del raw[place : place + dice.choice([1, 4, 100])]
        else:
            raw = raw[: max(1, place)] if dice.random() < 0.3 else raw + raw[: place + 1]
    return bytes(raw)


def foreign_sound(dice: random.Random) -> bytes:
    """A sound of another kind than a take, of any rate and number of channels."""
    channels, rate = dice.choice([1, 2, 6]), dice.choice([1, 50, 99, 4000, 44_100, 655_350])
    noise = np.random.default_rng(dice.getrandbits(32)).uniform(-0.3, 0.3, (2400, channels))
    form, subtype = dice.choice(
        [("FLAC", "PCM_24"), ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("AIFF", "PCM_24"),
         ("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS")]
    )  # fmt: skip
    if form in ("MP3", "OGG"):  # which libsndfile's encoders die of
        rate, noise = 44_100, noise[:, :2]
    data = io.BytesIO()
    try:
        soundfile.write(data, noise, rate, subtype, format=form)
    except (soundfile.SoundFileError, ValueError, TypeError):  # the form knows no such rate
        return b"fLaC" + noise.tobytes()
    return data.getvalue()


def _session(folder: Path) -> Session:
    session = Session(Library(folder / "stories"), folder / "sounds")
    opened = session.library.create(a_story(), "Harbour")
    opened.edit("gain", lambda s: timeline.change(s, "e2", gain_db=-3.0))
    session.show(opened)
    return session


def _edited(session: Session, edit: Callable[[], object]) -> Outcome:
    """An edit; where it is refused the story is as it was, and in any case it is on disk."""
    before = session.story
    try:
        edit()
    except StudioError as error:
        assert session.story == before
        _check_saved(session.open_folder)
        return error
    _check_saved(session.open_folder)
    return None


def edited_table(dice: random.Random, folder: Path) -> Outcome:
    """The table as a program sends it back."""
    session = _session(folder)
    rows = spoilt(table.rows_of(session.story), dice, dice.choice([1, 1, 2, 4]))
    return _edited(session, lambda: edit_table(session, rows, tell=str.encode))


def action(dice: random.Random, folder: Path) -> Outcome:
    """An action of the timeline with values of any type."""
    session = _session(folder)
    values = {
        "id": "e1", "text": "a dog", "duration": 1.5, "start": 0.5, "end": 1.0, "at": 0.7,
        "by": 1, "total": 9, "layer": 1, "value": 0.5, "key": "k1", "gesture": "drag-1",
        "snap": True, "reach": 0.1, "pick": 3,
    }  # fmt: skip
    hostile = spoilt(values, dice, dice.choice([1, 2, 6]))
    name = dice.choice([*ACTIONS, "undo", "redo", "\ud800", ""])
    if not isinstance(hostile, dict):
        hostile = {"id": hostile}
    return _edited(session, lambda: act(session, name, hostile))


@functools.cache
def page() -> tuple[Studio, gr.Blocks]:
    """The page with all its handlers and tools, not served.

    Made once, and the model loaded for it: both take seconds.
    """
    folder = Path(tempfile.mkdtemp(prefix="soak-page-"))
    studio = Studio(
        ModelService("tiny"),
        Sessions(folder / "stories", folder / "served", private=False),
        PeakCache(),
    )
    studio.service.model  # noqa: B018
    return studio, _build(studio, mcp=True)


MODEL_WORK = {
    "draft_story", "render_story", "run", "run_all", "resume", "wait_for_model", "wish",
    "again", "variations", "repaint_painted", "take", "vary", "repaint", "describe", "export_story",
}  # fmt: skip
"""Handlers that go to the model, which is none of this file's business, once they are satisfied."""


def call(dice: random.Random, folder: Path) -> Outcome:
    """A handler of the page or a tool, called with arguments and events of any type."""
    studio, blocks = page()
    functions = [each for each in blocks.fns.values() if each.fn is not None]
    listener = dice.choice(functions)
    inputs = [getattr(block, "value", None) for block in listener.inputs]
    given = spoilt(inputs, dice, dice.choice([1, 2])) if inputs else []
    event = {"id": "e1", "pick": 1, "name": "gain", "values": {"value": 1}, "index": [0, 1]}
    hostile = spoilt(event, dice, dice.choice([1, 2]))
    if given == inputs and getattr(listener.fn, "__name__", "") in MODEL_WORK:
        return None
    tab = f"{dice.getrandbits(64):x}"
    session = studio.sessions.of(tab)
    session.show(session.library.create(a_story()))
    opened = session.open_folder
    before = opened.story
    try:
        said = _called(blocks, listener, given, hostile, tab)
    finally:
        studio.sessions.disconnect(tab)
        while studio.service.queue.position().before:
            time.sleep(0.01)  # else the next try would pay for what is still at work
    assert "fault of the studio" not in said, (listener.api_name, given, hostile, said)
    if said and opened.path.is_dir():
        assert opened.story == before or "begins at" in said, (listener.api_name, given, said)
    if said:
        return PlanError(said)
    return "model at work" if getattr(listener.fn, "__name__", "") in MODEL_WORK else None


NOT_OFFERED = re.compile(r"Value: .* is not in the list of choices: (\[.*\])", re.DOTALL)
"""Gradio's own refusal of what no menu offers: it has no full stop, and holds all of the value."""


def _called(blocks: gr.Blocks, listener: Any, given: Any, event: Any, tab: str) -> str:
    """What is said to whoever called; empty: it was done."""
    request = gr.Request(session_hash=tab)
    target = listener.inputs[0] if listener.inputs else None

    async def work() -> None:
        data = gr.EventData(target, event)
        answer = await blocks.process_api(
            listener, given, request=request, event_data=data, session_hash=tab
        )
        while answer["is_generating"]:
            _check_answer(answer)
            answer = await blocks.process_api(
                listener, given, request=request, iterator=answer["iterator"], session_hash=tab
            )
        _check_answer(answer)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", UserWarning)
        try:
            asyncio.run(work())
        except gr.Error as error:
            chosen = NOT_OFFERED.match(str(error.message))
            return f"Choose one of {chosen[1]}." if chosen else str(error.message)
    return " ".join(str(w.message) for w in warned if w.category is UserWarning)


def _check_answer(answer: dict[str, Any]) -> None:
    """The answer can be sent."""
    json.dumps(answer["data"], ensure_ascii=False, default=str).encode()


def command(dice: random.Random, folder: Path) -> Outcome:
    """A command line of any words, as far as it needs no model."""
    home = folder / "Harbour"
    home.mkdir()
    for name, content in _bundled().items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(content)
    if dice.random() < 0.5:
        text = written(spoilt(json.loads(_bundled()["story.json"]), dice), dice)
        (home / "story.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    words = dice.choice(
        [
            ["export", str(home), "--out", str(folder / "out"), "--format", "flac"],
            ["export", str(home), "--loudness", "-16", "--stems", "--zip", "--name", "{title}"],
            ["open", str(folder / "a.zip"), "--stories", str(folder / "stories")],
            ["render", "--from", str(home / "story.json"), "--out", "a.mp3", "--seed", "1"],
        ]
    )
    for _ in range(dice.choice([0, 1, 1, 2])):
        words[dice.randrange(1, len(words))] = dice.choice(
            ["nan", "1e400", "9" * 5000, "\udcff", "", "-1", "{", "{title", "x" * 300, "~nobody"]
        )
    refused = io.StringIO()
    silent = contextlib.redirect_stdout(io.StringIO())
    with contextlib.chdir(folder), contextlib.redirect_stderr(refused), silent:
        try:
            code = cli.main([*words], serve=lambda _: None)
        except SystemExit as error:  # what argparse says of its own
            code = int(str(error.code or 0))
    said = refused.getvalue().strip()
    assert bool(said) or not code
    return PlanError(said.splitlines()[-1].encode(errors="replace").decode()) if code == 1 else None


def answer(dice: random.Random, folder: Path) -> Outcome:
    """What another director answers, in one piece or as a stream."""
    events: list[dict[str, object]] = [
        {
            "caption": "rain",
            "seconds": 5,
            "mood": "calm",
            "role": "bed",
            "shape": [[0, -9], [5, 0]],
        },
        {"caption": "a dog", "seconds": 2, "start": 1, "at": [0.5, 1], "source": 0, "every": None},
    ]
    text = written(spoilt({"events": events}, dice, dice.choice([1, 2, 4])), dice)
    text = dice.choice(["", "<think>hm", "```json\n", "[" * dice.choice([3, 100_000])]) + text
    if dice.random() < 0.5:
        completion = Completion()
        message = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}], "id": 1}
        body = written(spoilt(message, dice, dice.choice([0, 1, 2])), dice)
        line = f"{dice.choice(['data: ', '', 'error:'])}{body}".encode("utf-8", "surrogatepass")
        try:
            for part in (line[: len(line) // 2], line) if dice.random() < 0.2 else (line,):
                completion.take_line(part)
            completion.finish_body(page=False)
        except RefusedError as refusal:
            return PlanError(f"Refused: {refusal.words}."[:300])
        completion.shown.encode()
        text = completion.text
    try:
        items = read_answer(text, "It").items
    except StudioError as error:
        return error
    for item in items:
        assert 0.0 <= item.seconds <= 3600.0
        f"{item.phrase}{item.mood}".encode()
    plan = find_plan(text)
    if plan is not None and (score := plan.score(20.0, lambda caption: 3.0, 24)):
        if score.events:
            Story("t", 20.0, 1, "tiny", "", score_events(score.events, 20.0)).to_json()
        assert all(len(note) < 300 for note in score.notes)
    return None


def recording(dice: random.Random, folder: Path) -> Outcome:
    """A sound file that someone brings, and one that lies where a take should be."""
    file = folder / f"a{dice.choice(['.wav', '.mp3', '.flac', '.raw', ''])}"
    data = foreign_sound(dice)
    file.write_bytes(damaged(data, dice) if dice.random() < 0.8 else data)
    home = folder / "stories" / "Harbour"
    for name, content in _bundled().items():
        (home / name).parent.mkdir(exist_ok=True, parents=True)
        (home / name).write_bytes(content)
    (home / "takes" / "k0.flac").write_bytes(file.read_bytes())
    shown = _shown(Library(folder / "stories").open("Harbour"), folder)
    try:
        heard = read_recording(file)
    except StudioError as error:
        return error
    assert np.isfinite(heard.samples).all()
    return shown


KINDS: dict[str, Callable[[random.Random, Path], Outcome]] = {
    "story": story,
    "history": history,
    "bundle": bundle,
    "table": edited_table,
    "action": action,
    "call": call,
    "command": command,
    "answer": answer,
    "recording": recording,
}
