"""The language model's weights: converted once and kept, made again when damaged, and the adapter
that is added to them."""

from __future__ import annotations

import copy
import dataclasses
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import masking_utils
from transformers.utils import import_utils

from core.errors import WeightsError
from core.language import converted
from core.language.adapter import adapter_weights, add_adapter
from core.language.architectures import TransformGetItemToIndex
from core.language.converted import CHECKSUM, CONVERTED, SETTINGS, load_converted
from core.language.model import load_language_model, load_module, load_tokenizer, merge_adapter
from core.profile import DirectorConfig, load_profile

ROOT = Path(__file__).parents[1]
CONFIG = load_profile("pocket").director
MADE = {"model.embed_tokens.weight": torch.arange(4096.0).half().reshape(64, 64)}


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The conversions that are made, of a small stand-in: the real one takes half a minute."""
    made: list[Path] = []

    def convert(source: Path) -> tuple[dict[str, object], dict[str, Tensor]]:
        made.append(source)
        return {"model_type": "llama"}, MADE

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(converted, "_convert", convert)
    return made


def kept(config: DirectorConfig, tmp_path: Path) -> Path:
    return tmp_path / "audiostory-studio" / config.sha256[:16]


def test_weights_are_converted_once_and_then_mapped(
    conversions: list[Path], tmp_path: Path
) -> None:
    for _ in range(3):
        settings, weights = load_converted(CONFIG)
        assert settings == {"model_type": "llama"}
        assert weights.keys() == MADE.keys()
        assert all(torch.equal(weights[name], MADE[name]) for name in MADE)
    assert len(conversions) == 1
    assert {path.name for path in kept(CONFIG, tmp_path).iterdir()} == {
        CONVERTED,
        SETTINGS,
        CHECKSUM,
    }


def cut_off(folder: Path) -> None:
    with (folder / CONVERTED).open("r+b") as file:
        file.truncate(1000)


def zeroed_in_the_middle(folder: Path) -> None:
    with (folder / CONVERTED).open("r+b") as file:
        file.seek(4096)
        file.write(bytes(2048))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut off": cut_off,
    "empty": lambda folder: (folder / CONVERTED).write_bytes(b""),
    "garbage": lambda folder: (folder / CONVERTED).write_bytes(b"\x80\x04garbage" * 1000),
    "zeros of the right size": zeroed_in_the_middle,
    "weights gone": lambda folder: (folder / CONVERTED).unlink(),
    "settings cut off": lambda folder: (folder / SETTINGS).write_text('{"model_'),
    "settings gone": lambda folder: (folder / SETTINGS).unlink(),
    "checksum of an earlier version": lambda folder: (folder / CHECKSUM).unlink(),
    "checksum not text": lambda folder: (folder / CHECKSUM).write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_damaged_is_made_again(
    damage: Callable[[Path], object], conversions: list[Path], tmp_path: Path
) -> None:
    load_converted(CONFIG)
    damage(kept(CONFIG, tmp_path))
    for _ in range(2):
        _, weights = load_converted(CONFIG)
        assert torch.equal(weights["model.embed_tokens.weight"], next(iter(MADE.values())))
    assert len(conversions) == 2


@pytest.mark.usefixtures("conversions")
def test_a_damaged_file_is_said(tmp_path: Path, logged: list[logging.LogRecord]) -> None:
    load_converted(CONFIG)
    cut_off(kept(CONFIG, tmp_path))
    load_converted(CONFIG)
    said = " ".join(record.getMessage() for record in logged)
    assert "is damaged" in said
    assert "it is made again" in said


@pytest.mark.usefixtures("conversions")
def test_something_in_the_way_of_the_kept_file_is_said_and_hurts_nobody(
    tmp_path: Path, logged: list[logging.LogRecord]
) -> None:
    (kept(CONFIG, tmp_path) / CONVERTED / "a folder").mkdir(parents=True)
    _, weights = load_converted(CONFIG)
    assert weights.keys() == MADE.keys()
    assert "are not kept" in " ".join(record.getMessage() for record in logged)


@pytest.mark.usefixtures("conversions")
def test_another_file_than_the_profile_names_is_refused() -> None:
    with pytest.raises(WeightsError, match="not the file this profile was trained on"):
        load_converted(dataclasses.replace(CONFIG, sha256="0" * 64))
    with pytest.raises(WeightsError, match="make install"):
        load_converted(dataclasses.replace(CONFIG, model="no_such_package/x.gguf"))


def test_an_adapter_is_merged_to_the_bit_as_peft_merges_it(tmp_path: Path) -> None:
    config = dataclasses.replace(load_profile("tiny").director, lora_alpha=7)
    rows = [3, 41, 17]
    torch.manual_seed(5)
    plain = load_language_model(config, 64)
    wrapped = add_adapter(copy.deepcopy(plain), config, rows)
    for weight in adapter_weights(wrapped).values():
        weight.normal_()
    path = tmp_path / "director.safetensors"
    save_file({name: w.contiguous() for name, w in adapter_weights(wrapped).items()}, path)
    merged = wrapped.merge_and_unload()
    before = plain.get_input_embeddings().weight.detach().clone()
    merge_adapter(plain, config, rows, path)
    ours, theirs = plain.state_dict(), merged.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    after = plain.get_input_embeddings().weight
    assert (after != before).any(1).nonzero()[:, 0].tolist() == sorted(rows)
    with pytest.raises(WeightsError, match=r"lacks|unknown|has shape"):
        merge_adapter(plain, config, [], path)


@pytest.mark.parametrize("size", [0, 7, 5000])
def test_a_weights_file_cut_off_is_one_sentence(size: int, tmp_path: Path) -> None:
    whole = (ROOT / "assets" / "pocket" / "bridge.safetensors").read_bytes()
    (tmp_path / "bridge.safetensors").write_bytes(whole[:size])
    with pytest.raises(WeightsError, match=r"bridge.safetensors is damaged .*; fetch it again"):
        load_module(torch.nn.Linear(2, 2), tmp_path / "bridge.safetensors")
    text = (ROOT / "assets" / "pocket" / "tokenizer" / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(text[:size])
    with pytest.raises(WeightsError, match=r"tokenizer in .* cannot be read"):
        load_tokenizer(tmp_path)


def test_planning_imports_neither_performer_nor_training_nor_compiler() -> None:
    program = (
        "import sys\n"
        "from core.audiostory import load_audiostory\n"
        "from core.director.plan import plan\n"
        "from core.profile import load_profile\n"
        "model = load_audiostory(load_profile('pocket'), performs=False)\n"
        "story = list(plan(model, 'a storm', 4.0, 0))[-1].story\n"
        "slow = 'peft diffusers gradio scipy sympy torch._dynamo torch.distributed.tensor'\n"
        "print(story.total, [n for n in slow.split() if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "4.0 []\n", done.stdout + done.stderr


def test_what_was_left_out_of_an_import_is_there_when_it_is_used() -> None:
    import torch._dynamo

    assert torch._dynamo.__file__
    places, order = torch.arange(4), torch.tensor([2, 0, 3, 1])
    with TransformGetItemToIndex():
        assert torch.equal(torch.vmap(lambda place: order[place])(places), order)
    assert masking_utils.TransformGetItemToIndex is TransformGetItemToIndex
    assert import_utils.is_scipy_available()
    assert import_utils.is_torch_distributed_available()
