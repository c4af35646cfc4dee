"""A newcomer's exercise: a performer and a codec of one's own, from nothing to an exported mix.

The steps, which CONTRIBUTING describes too:

1. Write `core/performer/NAME.py` with a subclass of `core.performer.performer.Performer`: the
   attributes `latent_channels` and `condition_width`, and `render`. (What renders by flow matching
   begins from `core.performer.flow_performer.FlowPerformer` instead and brings its network.)
2. Write `core/codec/NAME.py` with a subclass of `core.codec.codec.Codec`: four attributes, `encode`
   and `decode`, and a way to load it from a file.
3. Name each in one line of `core/performer/kinds.py` and of `core/codec/kinds.py`.
4. Write a profile, `core/profiles/NAME.toml`, that names the two kinds.

The exercise is done here on a copy of the code, and what it touched is counted.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parent.parent
WRITTEN = Path(__file__).parent / "newcomer"

NEW_FILES = {
    "core/performer/filtered_noise.py": WRITTEN / "filtered_noise.py",
    "core/codec/framing.py": WRITTEN / "framing.py",
}
TABLES = {
    "performer": 'kind = "filtered noise"\nlatent_channels = 64\ncondition_width = 32\n',
    "codec": 'kind = "framing"\nsample_rate = 44100\nfile = "newcomer/codec.safetensors"\n',
}
"""Of the profile; the others are those of `tiny`."""
LINES = {
    "core/performer/kinds.py": (
        "from core.errors import ProfileError\n",
        "from core.performer.filtered_noise import FilteredNoise\n",
        "PERFORMERS: dict[str, Callable[[PerformerConfig, int], Performer]] = {",
        '"filtered noise": FilteredNoise, ',
    ),
    "core/codec/kinds.py": (
        "from core.codec.codec import Codec\n",
        "from core.codec.framing import FramingCodec\n",
        "CODECS: dict[str, Callable[[Path], Codec]] = {",
        '\n    "framing": FramingCodec.load,',
    ),
}
"""Two additions a file: after which text, and what."""

STORY = """
import json, sys
from pathlib import Path

import torch

from core.audiostory import load_audiostory
from core.cli import main
from core.profile import load_profile
from core.render.perform import perform
from core.render.takes import TakeRequest, repaint
from core.story.library import Library
from core.story.story import Event, Story

out = Path(sys.argv[1])
model = load_audiostory(load_profile("newcomer"))
events = (Event("rain", "rain", 0.0, 1.0), Event("bell", "a bell", 1.0, 0.8))
story = Story("rain, then a bell", 1.8, 7, "newcomer", "Two events.", events)
folder = Library(out / "stories").create(story, "Newcomer")
steps = []
wanted = [TakeRequest("rain"), TakeRequest("bell")]
draft = model.profile.draft
made = list(perform(model, folder, wanted, draft, group="1", on_progress=steps.append))
first = folder.story.event("rain").take
again = list(perform(model, folder, wanted[:1], draft, group="2"))
asked = repaint(folder, "rain", first.key, 0.5, 0.7)
painted = list(perform(model, folder, [asked], draft, group="3"))[0].take
status = main(["export", str(folder.path), "--out", str(out / "export")], lambda _: None)
print(json.dumps({
    "kinds": [type(model.performer).__name__, type(model.codec).__name__],
    "folder": str(folder.path),
    "takes": [take.take.key for take in made],
    "steps": len(steps),
    "adopted": again[0].adopted,
    "first": first.key,
    "painted": painted.key,
    "status": status,
}))
"""


def profile_text() -> str:
    """The profile `tiny` with the newcomer's performer and codec."""
    text = (ROOT / "core" / "profiles" / "tiny.toml").read_text()
    head, *tables = text.replace('name = "tiny"', 'name = "newcomer"').split("\n[")
    for number, table in enumerate(tables):
        name = table.partition("]")[0]
        if name in TABLES:
            tables[number] = f"{name}]\n{TABLES[name]}"
    return "\n[".join([head, *tables])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with a newcomer's performer, codec and profile in it."""
    place = tmp_path_factory.mktemp("newcomer")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "core", place / "core", ignore=ignored)
    (place / "assets" / "newcomer").mkdir(parents=True)
    for asset in (ROOT / "assets").iterdir():
        (place / "assets" / asset.name).symlink_to(asset)
    torch.manual_seed(0)
    matrix, _ = torch.linalg.qr(torch.randn(64, 64))
    save_file({"matrix": matrix.contiguous()}, place / "assets" / "newcomer" / "codec.safetensors")
    for name, source in NEW_FILES.items():
        assert not (ROOT / name).exists()
        shutil.copyfile(source, place / name)
    (place / "core" / "profiles" / "newcomer.toml").write_text(profile_text())
    for name, (*additions,) in LINES.items():
        text = (place / name).read_text()
        for after, new in zip(additions[::2], additions[1::2], strict=True):
            assert text.count(after) == 1
            text = text.replace(after, after + new)
        (place / name).write_text(text)
    return place


def changed(place: Path) -> list[str]:
    """Files of the code that are there before the exercise and differ after it."""
    before = (path for path in (ROOT / "core").rglob("*") if path.is_file())
    names = [str(path.relative_to(ROOT)) for path in before if "__pycache__" not in path.parts]
    return [name for name in names if not filecmp.cmp(ROOT / name, place / name, shallow=False)]


def test_a_performer_and_a_codec_touch_at_most_two_existing_files_each(copy: Path) -> None:
    touched = changed(copy)
    assert sorted(touched) == sorted(LINES)
    for room in ("performer", "codec"):
        assert len([name for name in touched if f"/{room}/" in name]) <= 2


def test_a_story_is_performed_repainted_mixed_and_exported_by_them(
    copy: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", STORY, str(tmp_path)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["kinds"] == ["FilteredNoise", "FramingCodec"]
    assert told["steps"] == 2 * (2 + 1)
    assert told["adopted"]
    assert told["status"] == 0
    takes = Path(told["folder"]) / "takes"
    rain, rate = soundfile.read(takes / f"{told['first']}.flac")
    painted, _ = soundfile.read(takes / f"{told['painted']}.flac")
    assert rate == 44100
    assert len(rain) == round((1.0 + 0.5) * rate)
    assert rain.std() > 1e-3
    differ = abs(painted - rain) > 1e-4
    assert differ[round(0.51 * rate) : round(0.69 * rate)].mean() > 0.9
    assert not differ[: round(0.49 * rate)].any()
    assert not differ[round(0.71 * rate) :].any()
    (mix,) = (tmp_path / "export").rglob("*.wav")
    sound, rate = soundfile.read(mix)
    assert len(sound) == round(1.8 * rate)
    assert abs(sound).max() > 1e-2
