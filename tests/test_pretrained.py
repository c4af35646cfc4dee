"""Other people's performers end to end, on small random weights in their publishers' layouts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_performers import WRITERS, write_performer

from core.audiostory import AudioStory
from core.cli import main
from core.errors import Cancelled, RenderError, WeightsError
from core.export import ExportSettings, export, open_story, read_bundle
from core.pretrained import performer as pretrained
from core.pretrained.checking import check_name, found_in, try_out
from core.pretrained.kinds import PRETRAINED
from core.pretrained.registry import FILE, RegisteredPerformers, register, registered
from core.profile import OWN
from core.render.perform import perform
from core.render.performers import Performers
from core.render.render import RenderProgress
from core.render.takes import TakeRequest, repaint, vary
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take

RATE = 44_100
STEPS = 3
BEGINNERS = ("stable-audio-3", "tangoflux")
"""Those that begin from a sound."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine where all of them are registered under their kinds' names."""
    home = tmp_path_factory.mktemp("performers")
    for kind in WRITERS:
        register(home, found_in(write_performer(kind, home), kind, "the test"))
    return home


@pytest.fixture(scope="module")
def performers(tiny: AudioStory, home: Path) -> Performers:
    return Performers(tiny.profile, RegisteredPerformers(home))


def story_by(performer: str) -> Story:
    events = (
        Event("e1", "rain falling", 0.0, 0.7),
        Event("e2", "a dog barking", 0.7, 0.6),
        Event("bed", "wind", 0.2, 0.8, layer=1),
    )
    return Story("rain, a dog, wind", 1.3, 5, "tiny", "Three.", events, performer=performer)


def make(
    model: AudioStory,
    folder: StoryFolder,
    performers: Performers,
    *asked: TakeRequest,
    on_progress: Callable[[RenderProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> None:
    requests = asked or tuple(TakeRequest(event.id) for event in folder.story.events)
    settings = model.profile.final.with_changes(steps=STEPS)
    how = {"on_progress": on_progress, "cancel": cancel, "performers": performers}
    for _ in perform(model, folder, requests, settings, group="g", **how):
        pass


def take_of(folder: StoryFolder, event_id: str) -> Take:
    take = folder.story.event(event_id).take
    assert take is not None
    return take


@pytest.mark.parametrize("name", [OWN, *WRITERS])
def test_each_performs_the_same_story_through_the_same_code(
    name: str, tiny: AudioStory, performers: Performers, tmp_path: Path
) -> None:
    """Progress, takes, determinism by seed, cancel, bundle and export."""
    library, seen = Library(tmp_path / "stories"), list[RenderProgress]()
    folder = library.create(story_by(name), "First")
    make(tiny, folder, performers, on_progress=seen.append)
    counted = [(p.event_id, p.step, p.steps) for p in seen]
    order = ("e1", "bed", "e2")
    assert counted == [(event, step, STEPS) for event in order for step in range(STEPS + 1)]
    takes = {event_id: take_of(folder, event_id) for event_id in order}
    for event_id, take in takes.items():
        samples, rate = folder.samples(take)
        assert rate == RATE
        assert samples.shape[1] == round((take.duration + take.tail) * RATE)
        assert np.isfinite(samples).all()
        assert samples.std() > 1e-4
        assert (take.performer, take.steps) == (name, STEPS), event_id
        assert take.conditioning == ("bridge" if name == OWN else "caption")
        assert take.licence == ("" if name == OWN else "small-licence (LICENSE.md)")

    again = library.create(story_by(name), "Again")
    make(tiny, again, performers, TakeRequest("e2"))
    assert take_of(again, "e2").key == takes["e2"].key
    sounds = [f.take_file(takes["e2"]).read_bytes() for f in (folder, again)]
    assert sounds[0] == sounds[1]
    again.edit("seed", lambda s: timeline.change(s, "e2", seed=77))
    make(tiny, again, performers, TakeRequest("e2"))
    other = again.samples(take_of(again, "e2"))[0]
    assert not np.array_equal(other, folder.samples(takes["e2"])[0])

    cancel = threading.Event()

    def stop(progress: RenderProgress) -> None:
        if progress.event_id == "bed" and progress.step == 1:
            cancel.set()

    third = library.create(story_by(name), "Third")
    with pytest.raises(Cancelled):
        make(tiny, third, performers, on_progress=stop, cancel=cancel)
    assert [bool(event.take) for event in third.story.events] == [True, False, False]

    files = export(open_story(folder.path), tmp_path / "out", ExportSettings(bundle=True)).files
    (bundle,) = [path for path in files if path.suffix == ".zip"]
    read_bundle(bundle, tmp_path / "moved" / "First")
    moved = Library(tmp_path / "moved").open("First")
    assert moved.story == folder.story
    (told,) = [path for path in files if path.suffix == ".json"]
    named = {e["take"].get("performer", OWN) for e in json.loads(told.read_text())["events"]}
    assert named == {name}


@pytest.mark.parametrize("name", BEGINNERS)
def test_those_that_can_begin_from_a_sound_vary_repaint_and_go_on(
    name: str, tiny: AudioStory, performers: Performers, tmp_path: Path
) -> None:
    folder = Library(tmp_path).create(story_by(name), "Sounds")
    make(tiny, folder, performers, TakeRequest("bed"))
    first = take_of(folder, "bed")
    was = folder.samples(first)[0]
    seen = list[RenderProgress]()
    make(tiny, folder, performers, vary(folder, "bed", first.key, 0.5), on_progress=seen.append)
    varied = folder.samples(take_of(folder, "bed"))[0]
    assert not np.array_equal(varied, was)
    assert {p.steps for p in seen} == {seen[-1].step}
    make(tiny, folder, performers, repaint(folder, "bed", first.key, 0.3, 0.5))
    now = folder.samples(take_of(folder, "bed"))[0]
    around = np.r_[0 : round(0.3 * RATE), round(0.5 * RATE) : now.shape[1]]
    assert np.abs(now - was)[:, around].max() < 1e-6
    within = slice(round(0.35 * RATE), round(0.45 * RATE))
    assert np.abs(now - was)[:, within].max() > 0.05 * np.abs(was).max()
    folder.edit("longer", lambda s: timeline.stretch(s, "bed", 1.1))
    make(tiny, folder, performers, vary(folder, "bed", first.key, 0.0))
    longer = folder.samples(take_of(folder, "bed"))[0]
    assert longer.shape[1] == round(1.1 * RATE)
    assert longer[:, round(0.9 * RATE) :].std() > 1e-4


def test_those_that_cannot_begin_from_a_sound_say_so(
    tiny: AudioStory, performers: Performers, tmp_path: Path
) -> None:
    folder = Library(tmp_path).create(story_by("longcat"), "Words")
    make(tiny, folder, performers, TakeRequest("bed"))
    key = take_of(folder, "bed").key
    for asked in (vary(folder, "bed", key, 0.5), repaint(folder, "bed", key, 0.1, 0.4)):
        with pytest.raises(RenderError, match=r"LongCat-AudioDiT cannot .*another performer"):
            make(tiny, folder, performers, asked)


def test_auto_never_takes_one_that_reads_captions_aloud(performers: Performers) -> None:
    assert performers.named("longcat").knows(["a kettle"]) == [0.0]
    assert performers.named("audioldm2").knows(["a kettle"]) == [0.5]


def test_one_at_a_time_is_in_memory(home: Path) -> None:
    all_of_them = RegisteredPerformers(home)
    one, other = all_of_them["longcat"], all_of_them["stable-audio-open"]
    for performer in (one, other):
        try_step(performer)
    assert one._adapter is None
    assert other._adapter is not None


def try_step(performer: pretrained.RegisteredPerformer) -> None:
    from core.performer.event_performer import EventRequest

    steps = performer.kind.draft.with_changes(steps=1)
    performer.perform(EventRequest("rain", 0.3, 1), steps)


class TestWhatIsWrong:
    """One sentence each, and nothing is heard of weights that were drawn at random."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return write_performer("longcat", tmp_path)

    def test_a_missing_file(self, folder: Path) -> None:
        (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
        with pytest.raises(WeightsError, match=r"vae holds no safetensors; fetch"):
            found_in(folder, "longcat", "here")

    def test_a_missing_weight(self, folder: Path) -> None:
        path = folder / "text_encoder" / "model.safetensors"
        weights = load_file(path)
        name = next(name for name in weights if "layer_norm" in name)
        del weights[name]
        save_file(weights, path, metadata={"format": "pt"})
        with pytest.raises(WeightsError, match=rf"text_encoder.*{name}.*fetch it again"):
            try_out(found_in(folder, "longcat", "here"))

    def test_a_damaged_file(self, folder: Path) -> None:
        path = folder / "vae" / "diffusion_pytorch_model.safetensors"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(WeightsError, match="damaged"):
            found_in(folder, "longcat", "here")

    def test_another_layout(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"neither a model_index\.json nor TangoFlux"):
            found_in(tmp_path, "x", "here")
        (tmp_path / "model_config.json").write_text("{}")
        with pytest.raises(WeightsError, match="convert_stable_audio_3_to_diffusers"):
            found_in(tmp_path, "x", "here")
        index = folder / "model_index.json"
        index.write_text(json.dumps({"_class_name": "FluxPipeline"}))
        with pytest.raises(WeightsError, match=r"holds a FluxPipeline; performers can be"):
            found_in(folder, "x", "here")

    def test_code_of_its_own_is_not_run(self, folder: Path) -> None:
        """Classes are named in our code; a module in the folder is never imported."""
        (folder / "vae" / "trap.py").write_text("raise SystemExit('run')\n")
        index = json.loads((folder / "model_index.json").read_text())
        index["vae"] = ["trap", "Trap"]
        (folder / "model_index.json").write_text(json.dumps(index))
        try_out(found_in(folder, "longcat", "here"))

    def test_too_little_memory(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pretrained, "free_memory", lambda device: 10_000.0)
        with pytest.raises(WeightsError, match=r"needs .* GB of memory, 0\.0 GB are free; close"):
            try_out(found_in(folder, "longcat", "here"))

    def test_a_folder_that_is_gone(self, folder: Path) -> None:
        found = found_in(folder, "longcat", "here")
        folder.rename(folder.with_name("elsewhere"))
        with pytest.raises(WeightsError, match=r"not at .* any more; bring the folder back"):
            try_out(found)


class TestCommand:
    """`app.py performer`."""

    @pytest.fixture
    def run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., tuple[int, str, str]]:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

        def run(*argv: str) -> tuple[int, str, str]:
            code = main(["performer", *argv], lambda arguments: None)
            said = capsys.readouterr()
            return code, said.out, said.err

        return run

    def test_one_is_checked_registered_listed_and_removed(
        self, run: Callable[..., tuple[int, str, str]], tmp_path: Path
    ) -> None:
        folder = write_performer("longcat", tmp_path)
        code, _, said = run("add", str(folder))
        assert code == 1
        assert "small-licence" in said, "the licence is shown before it is asked for"
        assert "--accept-licence" in said
        registry = tmp_path / "data" / "audiostory-studio"
        assert registered(registry) == ()
        code, out, said = run("add", str(folder), "--name", "voice", "--accept-licence")
        assert code == 0, said
        assert "reads captions aloud" in said
        (found,) = registered(registry)
        assert (found.name, found.kind, found.source) == ("voice", "longcat", str(folder))
        code, out, _ = run("list")
        assert out.startswith("voice: LongCat-AudioDiT, small-licence (LICENSE.md), ")
        code, out, _ = run("remove", "voice")
        assert code == 0
        assert folder.is_dir()
        assert registered(registry) == ()
        assert run("remove", "voice")[0] == 1

    def test_one_is_fetched_from_a_hub_without_code_and_pickles(
        self, run: Callable[..., tuple[int, str, str]], tmp_path: Path
    ) -> None:
        offered = write_performer("longcat", tmp_path / "hub" / "someone")
        (offered / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"a pickle")
        (offered / "pipeline.py").write_text("raise SystemExit")
        with hub(tmp_path / "hub") as address:
            add = ("add", "someone/longcat", "--endpoint", address)
            code, _, said = run(*add)
            assert code == 1
            assert "small-licence" in said
            fetched = tmp_path / "data" / "audiostory-studio" / "performers" / "someone--longcat"
            assert not list(fetched.rglob("*.safetensors")), "before the licence is accepted"
            code, _, said = run(*add, "--accept-licence")
            assert code == 0, said
            code, _, said = run("add", "someone/gated", "--endpoint", address)
            assert code == 1
            assert "hf auth login" in said
        (found,) = registered(tmp_path / "data" / "audiostory-studio")
        assert (found.source, Path(found.folder)) == ("someone/longcat", fetched)
        names = {path.suffix for path in fetched.rglob("*") if ".cache" not in path.parts}
        assert names == {"", ".json", ".md", ".safetensors"}

    @pytest.mark.parametrize(
        ("argv", "sentence"),
        [
            (("add", "stable-audio-3"), "convert_stable_audio_3_to_diffusers"),
            (("add", "no such thing"), "name a folder, OWNER/REPOSITORY"),
        ],
    )
    def test_what_cannot_be_added_is_said(
        self, run: Callable[..., tuple[int, str, str]], argv: tuple[str, ...], sentence: str
    ) -> None:
        code, _, said = run(*argv)
        assert code == 1
        assert sentence in said


@contextmanager
def hub(root: Path) -> Iterator[str]:
    """The address of a hub that offers the folders OWNER/NAME below `root`; others are gated."""

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = urlsplit(self.path).path
            if "/resolve/" in path:
                repository, _, rest = path.strip("/").partition("/resolve/")
                file = root / repository / rest.partition("/")[2]
                self.send(200, file.read_bytes() if file.is_file() else b"", body)
                return
            folder = root / "/".join(path.split("/")[3:5])
            files = [file for file in folder.rglob("*") if file.is_file()]
            sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
            told: Any = {
                "id": "/".join(folder.parts[-2:]),
                "sha": "0" * 40,
                "siblings": [{"rfilename": name, "size": size} for name, size in sizes.items()],
            }
            if "/tree/" in path:
                told = [
                    {"type": "file", "path": name, "size": size, "oid": "0" * 40}
                    for name, size in sizes.items()
                ]
            self.send(200 if files else 401, json.dumps(told).encode(), body)

        def send(self, status: int, data: bytes, body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            if status == 401:
                self.send_header("X-Error-Code", "GatedRepo")
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_registry_is_read_anew_and_a_damaged_one_is_said(tmp_path: Path, home: Path) -> None:
    performers = RegisteredPerformers(tmp_path)
    assert dict(performers) == {}
    found = registered(home)[0]
    register(tmp_path, found)
    assert list(performers) == [found.name]
    (tmp_path / FILE).write_text('{"version": 1}')
    with pytest.raises(WeightsError, match="damaged; move it away"):
        len(RegisteredPerformers(tmp_path))


def test_nothing_of_them_is_imported_before_it_is_used() -> None:
    """The page's start would wait for diffusers for seconds."""
    program = (
        "import sys, core.performers\n"
        "from core.profile import load_profile\n"
        "list(core.performers.others_here(load_profile('tiny')))\n"
        "heavy = {'torch', 'diffusers', 'transformers'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "fault"),
    [("own", "taken"), ("auto", "taken"), ("library", "taken"), ("My Model", "small letters")],
)
def test_names_that_mean_something_else_are_refused(name: str, fault: str) -> None:
    with pytest.raises(WeightsError, match=fault):
        check_name(name)


def test_every_kind_has_a_test() -> None:
    assert set(WRITERS) == set(PRETRAINED)
    assert torch.is_inference_mode_enabled() is False
