"""Importing the published checkpoint: what is refused, what it costs, and how large it is."""

from __future__ import annotations

import http.server
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import yaml
from small_release import (
    SEMANTIC,
    STORIES,
    Downloads,
    as_peft,
    one_file,
    random_parts,
    small_tokenizer,
    three_shards,
    untrained_language_model,
    write_downloads,
    write_stock_tokenizer,
)
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from core import cli
from core.doctor import CARDS
from core.errors import FileError, StudioError, WeightsError
from core.language.model import load_tokenizer
from core.profile import load_profile
from core.release.cards import card_plan, published_needs, published_parameters
from core.release.checkpoint import wanted_weights
from core.release.download import from_pretrained
from core.release.importer import check_room, import_release
from core.release.keys import Place, place_of, release_key
from core.release.sizes import FLAN_T5, QWEN, VOCABULARY, Sizes, Sources, published
from core.release.tokenizer import TokenizerPlaces, read_tokenizer, released_tokens

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    model = untrained_language_model(small_tokenizer()).requires_grad_(False)
    return as_peft(model, new=True) | random_parts()


@pytest.fixture(scope="module")
def whole(weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Downloads:
    model = untrained_language_model(small_tokenizer())
    return write_downloads(tmp_path_factory.mktemp("whole"), weights, model)


@pytest.fixture
def downloads(whole: Downloads, tmp_path: Path) -> Downloads:
    """The same files, to be damaged."""
    shutil.copytree(whole.model.parent, tmp_path / "downloads")
    folder = tmp_path / "downloads"
    return Downloads(*(folder / name for name in ("model", "flux", "llm", "t5", "whisper")))


def bring_in(downloads: Downloads, out: Path) -> None:
    import_release(Sources(**vars(downloads)), out, report=lambda line: None)


def refused(downloads: Downloads, tmp_path: Path, *named: str) -> None:
    """The import fails in one sentence with these names in it, and leaves nothing behind."""
    out = tmp_path / "profiles" / "small"
    with pytest.raises(WeightsError) as error:
        bring_in(downloads, out)
    for name in named:
        assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert not out.exists()
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


class Payload:
    """Runs a command when a careless reader unpickles it."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("where", ["model", "flux", "whisper", "shard"])
def test_a_file_that_holds_code_is_refused_and_its_code_not_run(
    downloads: Downloads, weights: dict[str, Tensor], tmp_path: Path, where: str
) -> None:
    ran = tmp_path / "ran"
    poisoned = {"seedx.projector.0.weight": Payload(ran)}
    if where == "model":
        path = downloads.model / "pytorch_model.bin"
        torch.save(poisoned, path)
    elif where == "shard":
        (downloads.model / "pytorch_model.bin").unlink()
        three_shards(weights, downloads.model)
        path = downloads.model / "pytorch_model-00002-of-00003.bin"
        torch.save(poisoned, path)
    else:
        path = getattr(downloads, where) / "model.safetensors"
        path.write_bytes(pickle.dumps(poisoned))
    refused(downloads, tmp_path, path.name)
    assert not ran.exists()
    torch.load(_harmful(tmp_path, ran), weights_only=False)
    assert ran.exists()


def _harmful(folder: Path, ran: Path) -> io.BytesIO:
    """The same trick on a reader that trusts files, to know that it would have worked."""
    data = io.BytesIO()
    torch.save({"key": Payload(ran)}, data)
    data.seek(0)
    return data


def change(path: Path, edit: Callable[[dict[str, Tensor]], object]) -> None:
    state = torch.load(path, weights_only=True)
    edit(state)
    torch.save(state, path)


@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("seedx.surprise.weight", lambda s: s.update({"seedx.surprise.weight": torch.zeros(2)})),
        ("module.seedx", lambda s: s.update({"module.seedx": torch.zeros(2)})),
        ("seedx.projector.2.bias", lambda s: s.pop("seedx.projector.2.bias")),
        (
            "multihead_attention.in_proj_weight",
            lambda s: s.update({"multihead_attention.in_proj_weight": torch.zeros(8, 64)}),
        ),
        (
            "layers.1.mlp.up_proj.lora_A",
            lambda s: [s.pop(k) for k in list(s) if "layers.1.mlp.up_proj.lora_A" in k],
        ),
        (
            "tangoflux.transformer.proj_out.bias",
            lambda s: s.update(
                {"tangoflux.transformer.proj_out.bias": torch.full((64,), torch.nan)}
            ),
        ),
        (
            "tangoflux.fc.0.bias",
            lambda s: s.update({"tangoflux.fc.0.bias": torch.zeros(64, dtype=torch.long)}),
        ),
        ("extra", lambda s: s.update({"extra": {"a": torch.zeros(1)}})),
        (
            "encoder.final_layer_norm.weight",
            lambda s: s.pop("tangoflux.text_encoder.encoder.final_layer_norm.weight"),
        ),
    ],
)
def test_a_key_that_does_not_belong_is_named(
    downloads: Downloads, tmp_path: Path, key: str, edit: Callable[[dict[str, Tensor]], object]
) -> None:
    change(downloads.model / "pytorch_model.bin", edit)
    refused(downloads, tmp_path, "pytorch_model.bin", key)


def test_damaged_files_are_named(downloads: Downloads, tmp_path: Path) -> None:
    model = downloads.model / "pytorch_model.bin"
    data = model.read_bytes()
    model.write_bytes(data[: len(data) // 2])
    refused(downloads, tmp_path, "pytorch_model.bin")
    broken = bytearray(data)
    broken[len(data) // 2] ^= 0xFF
    model.write_bytes(broken)
    refused(downloads, tmp_path, "pytorch_model.bin", "damaged")
    model.write_bytes(data)
    codec = downloads.flux / "model.safetensors"
    codec.write_bytes(codec.read_bytes()[:-100])
    refused(downloads, tmp_path, "model.safetensors", "damaged")


def test_missing_files_are_named(downloads: Downloads, tmp_path: Path) -> None:
    for path, name in (
        (downloads.model / "config.yaml", "config.yaml"),
        (downloads.flux / "config.json", "config.json"),
        (downloads.model / "pytorch_model.bin", "pytorch_model.bin"),
    ):
        data = path.read_bytes()
        path.unlink()
        refused(downloads, tmp_path, name)
        path.write_bytes(data)
    shutil.rmtree(downloads.model / "tokenizer")
    refused(downloads, tmp_path, "tokenizer")


def test_a_missing_shard_is_named(
    downloads: Downloads, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    (downloads.model / "pytorch_model.bin").unlink()
    three_shards(weights, downloads.model)
    (downloads.model / "pytorch_model-00003-of-00003.bin").unlink()
    refused(downloads, tmp_path, "pytorch_model-00003-of-00003.bin")


def test_a_tokenizer_of_another_model_is_refused(downloads: Downloads, tmp_path: Path) -> None:
    path = downloads.model / "tokenizer" / "added_tokens.json"
    path.write_text(path.read_text().replace("<|gen|>", "<|xyz|>"))
    refused(downloads, tmp_path, "<|gen|>", "--tokenizer")


def released_vocabulary(stock: Path, added: Path) -> dict[str, int]:
    """What the release's code makes of the two: the keys in the order of the file, ids unread."""
    tokenizer = Tokenizer.from_file(str(stock / "tokenizer.json"))
    tokenizer.add_tokens(list(json.loads(added.read_text())))
    return tokenizer.get_vocab(with_added_tokens=True)


def imported_vocabulary(downloads: Downloads, out: Path, tokenizer: Path | None = None) -> dict:
    sources = Sources(**vars(downloads), tokenizer=tokenizer)
    import_release(sources, out, report=lambda line: None)
    return load_tokenizer(out / "tokenizer").get_vocab()


def test_the_vocabulary_is_the_releases_id_by_id(downloads: Downloads, tmp_path: Path) -> None:
    """The stock tokenizer beside `added_tokens.json`, whose ids are wrong and partly the same."""
    folder = downloads.model / "tokenizer"
    right = released_vocabulary(folder, folder / "added_tokens.json")
    assert imported_vocabulary(downloads, tmp_path / "out") == right
    kept = load_tokenizer(tmp_path / "out" / "tokenizer")
    stock = Tokenizer.from_file(str(folder / "tokenizer.json"))
    stock.add_tokens(list(json.loads((folder / "added_tokens.json").read_text())))
    for text in (STORIES[8].prompt + STORIES[8].turn, "Straße 12,5 s\n\n— naïve 雨 <t5_000>"):
        assert kept(text, add_special_tokens=False)["input_ids"] == stock.encode(text).ids


@pytest.mark.parametrize(
    "layout",
    ["beside", "root", "parent", "elsewhere", "absolute", "given", "base model", "complete"],
)
def test_the_tokenizer_is_found_wherever_a_download_has_it(
    downloads: Downloads, tmp_path: Path, layout: str
) -> None:
    folder = downloads.model / "tokenizer"
    right = released_vocabulary(folder, folder / "added_tokens.json")
    config = downloads.model / "config.yaml"
    given = None
    if layout == "root":
        for path in folder.iterdir():
            path.rename(downloads.model / path.name)
    elif layout == "parent":
        folder.rename(tmp_path / "downloads" / "tokenizer")
        config.write_text(config.read_text().replace("ckpt/audiostory-3B/", ""))
    elif layout == "elsewhere":
        folder.rename(downloads.model / "words")
        text = config.read_text().replace("audiostory-3B/tokenizer", "audiostory-3B/words")
        config.write_text(text)
    elif layout == "absolute":
        settings = yaml.safe_load(config.read_text())
        moved = folder.rename(tmp_path / "words #1 ü")
        settings["tokenizer"] = {"pretrained_model_path": str(moved)}
        config.write_text(yaml.safe_dump(settings))
    elif layout == "given":
        given = folder.rename(tmp_path / "code")
    elif layout == "base model":
        (folder / "added_tokens.json").rename(downloads.model / "added_tokens.json")
        shutil.rmtree(folder)
        write_stock_tokenizer(downloads.llm)
    elif layout == "complete":
        shutil.rmtree(folder)
        small_tokenizer().save_pretrained(folder)
    assert imported_vocabulary(downloads, tmp_path / "out", given) == right


def test_without_a_list_the_releases_tokens_are_added_where_they_fill_the_rows(
    tmp_path: Path,
) -> None:
    """151665 stock tokens and these 612 make the published 152277 rows; `<t5>` is 151669 there."""
    names = released_tokens()
    assert 151_665 + len(names) == VOCABULARY
    assert len(set(names)) == len(names)
    ids = {name: 151_665 + place for place, name in enumerate(names)}
    assert (ids["</t5>"], ids["<t5>"], ids["<|think|>"]) == (151_665, 151_669, 152_275)
    write_stock_tokenizer(tmp_path / "qwen")
    stock = Tokenizer.from_file(str(tmp_path / "qwen" / "tokenizer.json"))
    size = stock.get_vocab_size(with_added_tokens=True)
    (tmp_path / "model").mkdir()
    places = TokenizerPlaces(tmp_path / "model", tmp_path / "qwen")
    found = read_tokenizer(places, 64, 8, size + 612)
    assert "the release's order" in found.origin
    stock.add_tokens(names)
    assert found.tokenizer.get_vocab() == stock.get_vocab(with_added_tokens=True)
    for rows in (size + 611, size + 613):
        with pytest.raises(WeightsError, match=r"lacks <\|think\|>.*--tokenizer"):
            read_tokenizer(places, 64, 8, rows)


@pytest.mark.parametrize("text", ["[1, 2]", "{", "{}", '{"": 1}', "\xff"])
def test_a_damaged_list_of_tokens_is_named(downloads: Downloads, tmp_path: Path, text: str) -> None:
    path = downloads.model / "tokenizer" / "added_tokens.json"
    path.write_bytes(text.encode("latin-1"))
    refused(downloads, tmp_path, "added_tokens.json" if text != "{}" else "<|think|>")


def test_a_folder_without_a_tokenizer_is_said(downloads: Downloads, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no tokenizer") as error:
        imported_vocabulary(downloads, tmp_path / "out", tmp_path / "downloads")
    assert "\n" not in str(error.value)


def test_nothing_is_overwritten(downloads: Downloads, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("mine")
    with pytest.raises(FileError, match="exists already"):
        bring_in(downloads, kept)
    assert [path.name for path in kept.iterdir()] == ["mine.txt"]


def test_too_full_a_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="GB are needed"):
        check_room(tmp_path / "a" / "b", 10**18)
    check_room(tmp_path / "a" / "b", 1000)
    assert list(tmp_path.iterdir()) == []


def test_the_commands_import_and_render_as_typed(
    downloads: Downloads, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An untrained director tells no story; it says so in one sentence."""
    out = tmp_path / "mine"
    run = ["import", *downloads.arguments, "--out", str(out)]
    assert cli.main(run, serve=lambda _: None) == 0
    assert load_profile(str(out)).listener is not None
    assert cli.main(run, serve=lambda _: None) == 1
    assert "exists already" in capsys.readouterr().err
    wave = tmp_path / "story.wav"
    asked = ["render", "rain", "--profile", str(out), "--exact", "--out", str(wave)]
    assert cli.main(asked, serve=lambda _: None) == 1
    error = capsys.readouterr().err
    assert "no complete event" in error
    assert "Traceback" not in error
    assert not wave.exists()


def test_the_profile_says_what_the_files_say(downloads: Downloads, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    bring_in(downloads, out)
    profile = load_profile(str(out))
    assert profile.bridge.semantic_tokens == SEMANTIC
    assert profile.bridge.scale == 5.0
    assert profile.performer.single_layers == 2
    assert profile.director.lora_alpha == 8
    assert profile.listener is not None
    assert profile.listener.tokens == 10
    moved = tmp_path / "moved"
    out.rename(moved)
    assert load_profile(str(moved)).folder == moved.resolve()
    assert not list(moved.rglob("*.bin"))


def test_memory_stays_below_the_file_size(tmp_path: Path) -> None:
    """Measured in a process of its own, beyond what importing the libraries takes."""
    tokenizer = small_tokenizer()
    config = untrained_language_model(tokenizer).config.to_dict()
    config |= {"intermediate_size": 40_000, "num_hidden_layers": 6, "layer_types": None}
    model = Qwen2ForCausalLM(Qwen2Config.from_dict(config)).requires_grad_(False)
    parts = as_peft(model, new=True) | random_parts()
    found = write_downloads(tmp_path / "downloads", parts, model)
    size = (found.model / "pytorch_model.bin").stat().st_size
    importing = """
import re, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from core.release import shards
from core.release.importer import import_release
from core.release.sizes import Sources
shards.SHARD_BYTES = 10 * 2**20
folder = Path(sys.argv[2])
names = ("model", "flux", "llm", "t5", "whisper")
sources = Sources(**{n: folder / "downloads" / n for n in names})
def memory(kind):
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(kind + r":\\s+(\\d+)", status)[1])
before = memory("VmRSS")
import_release(sources, folder / "out", merge=True)
print(memory("VmHWM") - before)
"""
    command = [sys.executable, "-W", "ignore", "-c", importing, str(ROOT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(done.stdout.splitlines()[-1])
    assert size > 150e6
    print(f"{size / 1e6:.0f} MB in the file, {peak / 1e6:.0f} MB of memory")
    assert peak < 1.3 * size


def full_size() -> Sizes:
    llm = type(QWEN).from_dict(QWEN.to_dict())
    llm.vocab_size = VOCABULARY
    return Sizes(published(), 32, llm, FLAN_T5, {})


def test_the_full_size_has_the_published_names_and_shapes() -> None:
    """The table of the release's state dict, checked on modules without memory."""
    wanted, _ = wanted_weights(full_size())
    shapes = {release_key(place): shape for place, shape in wanted.items()}
    layer = "seedx.llm.base_model.model.model.layers.35"
    table = {
        "seedx.llm.base_model.model.model.embed_tokens.weight": (152277, 2048),
        f"{layer}.self_attn.q_proj.weight": (2048, 2048),
        f"{layer}.self_attn.k_proj.weight": (256, 2048),
        f"{layer}.mlp.down_proj.weight": (2048, 11008),
        f"{layer}.self_attn.q_proj.lora_A.default.weight": (32, 2048),
        f"{layer}.mlp.gate_proj.lora_B.default.weight": (11008, 32),
        f"{layer}.input_layernorm.weight": (2048,),
        f"{layer}.post_attention_layernorm.weight": (2048,),
        "seedx.projector.0.weight": (1024, 2048),
        "seedx.projector.2.bias": (1024,),
        "seedx.audio_projector.0.weight": (1024, 2048),
        "seedx.audio_projector.2.weight": (1024, 1024),
        "seedx.whisper_resampler_llava.aud_projector.0.weight": (2048, 1280),
        "multihead_attention.in_proj_weight": (3072, 1024),
        "multihead_attention.in_proj_bias": (3072,),
        "multihead_attention.out_proj.weight": (1024, 1024),
        "multihead_attention.out_proj.bias": (1024,),
        "tangoflux.transformer.x_embedder.weight": (1024, 64),
        "tangoflux.transformer.transformer_blocks.5.attn.to_q.weight": (1024, 1024),
        "tangoflux.transformer.single_transformer_blocks.17.proj_mlp.weight": (4096, 1024),
        "tangoflux.transformer.proj_out.weight": (64, 1024),
        "tangoflux.text_encoder.shared.weight": (32128, 1024),
        "tangoflux.fc.0.weight": (1024, 1024),
        "tangoflux.duration_emebdder.time_positional_embedding.0.weights": (128,),
        "tangoflux.duration_emebdder.time_positional_embedding.1.weight": (1024, 257),
        "tangoflux.duration_emebdder.time_positional_embedding.1.bias": (1024,),
    }
    for key, shape in table.items():
        assert shapes[key] == shape, key
    layers = {key for key in shapes if ".transformer_blocks." in key}
    assert len({key.split(".")[3] for key in layers}) == 6
    assert len({k.split(".")[3] for k in shapes if ".single_transformer_blocks." in k}) == 18
    for place in wanted:
        assert place_of(release_key(place)) == place


def test_the_published_sizes() -> None:
    assert published_parameters() == {
        "language model (director)": 3_086_637_056,
        "bridge": 10_493_952,
        "performer (DiT)": 518_009_536,
        "text encoder, at import only": 341_231_104,
        "its adapter (LoRA)": 32 * 36 * (2 * (2048 + 2048) + 2 * (2048 + 256) + 3 * (2048 + 11008)),
        "ear: projector": 6_819_840,
        "codec (VAE)": 156_112_514,
        "ear: Whisper, when needed": 636_968_960,
    }


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("seedx.input_resampler.query", None),
        ("seedx.output_resampler.layers.0.weight", None),
        ("seedx.llm.base_model.model.model.layers.0.self_attn.rotary_emb.inv_freq", None),
        (
            "seedx.llm.base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias",
            Place("director", "model.layers.0.self_attn.q_proj.bias"),
        ),
        (
            "seedx.llm.base_model.model.model.norm.modules_to_save.default.weight",
            Place("director", "model.norm.weight"),
        ),
        (
            "seedx.llm.base_model.model.model.norm.original_module.weight",
            Place("original", "model.norm.weight"),
        ),
    ],
)
def test_every_form_of_a_key_is_known(key: str, place: Place | None) -> None:
    assert place_of(key) == place


def test_cards_of_every_size_have_a_plan_that_fits() -> None:
    plans = {size: card_plan(published_needs(), size) for size in CARDS}
    assert all(plan.fits and plan.peak < size * 2**30 for size, plan in plans.items())
    assert [plan.staged for plan in plans.values()] == [True, False, False, False]
    assert [round(plan.peak / 2**30, 1) for plan in plans.values()] == [5.9, 8.3, 8.3, 8.3]
    assert [plan.events for plan in plans.values()] == [8, 8, 8, 8]
    assert card_plan(published_needs(), 9).events < 8
    assert not card_plan(published_needs(), 4).fits


def test_the_doctor_speaks_to_a_sound_designer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["doctor", "--stories", str(tmp_path)]
    assert cli.main(arguments, serve=lambda _: None) == 0
    said = capsys.readouterr().out
    for theme in ("Making sound", "Your stories", "Files in and out", "24 GB", "pocket model"):
        assert theme in said
    for jargon in ("CUDA", "torch", "Traceback", "tensor", "None"):
        assert jargon not in said


def test_the_published_profile_says_how_to_get_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.audiostory import load_audiostory

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"app\.py import"):
        load_audiostory(load_profile("audiostory-3b"))


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of a model hub as huggingface_hub's client asks for."""

    folders: dict[str, Path] = {}  # noqa: RUF012
    sent: list[tuple[str, str]] = []  # noqa: RUF012
    commit = "0" * 40

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def log_message(self, *_: object) -> None:
        return

    def answer(self, body: bool) -> None:
        path = self.path.partition("?")[0].strip("/")
        for name, folder in self.folders.items():
            if path.startswith(f"api/models/{name}"):
                return self.list_files(name, folder, path)
            prefix = f"{name}/resolve/{self.commit}/"
            if path.startswith(prefix):
                return self.send(folder / path.removeprefix(prefix), body)
        self.send_error(404)
        return None

    def list_files(self, name: str, folder: Path, path: str) -> None:
        files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
        sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in files}
        if "/tree/" in path:
            data: object = [
                {"type": "file", "path": n, "size": s, "oid": "1" * 40} for n, s in sizes.items()
            ]
        else:
            siblings = [{"rfilename": n, "size": s} for n, s in sizes.items()]
            data = {"id": name, "sha": self.commit, "siblings": siblings}
        self.reply(json.dumps(data).encode(), {"Content-Type": "application/json"}, body=True)

    def send(self, path: Path, body: bool) -> None:
        data = path.read_bytes()
        etag = f'"{hash(data) & 0xFFFFFFFF:08x}"'
        if body:
            self.sent.append((path.name, self.headers.get("Range", "")))
        self.reply(data, {"ETag": etag, "X-Repo-Commit": self.commit}, body)

    def reply(self, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(200)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def hub(downloads: Downloads) -> Iterator[str]:
    """A hub on this machine with the checkpoint and its base models."""
    shutil.copytree(downloads.flux, downloads.model / "Flux_detokenizer")
    Hub.folders = {
        "TencentARC/AudioStory-3B": downloads.model,
        "Qwen/Qwen2.5-3B-Instruct": downloads.llm,
        "google/flan-t5-large": downloads.t5,
        "openai/whisper-large-v3": downloads.whisper,
    }
    Hub.sent = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("place", ["checkpoint", "base model"])
def test_the_hub_has_the_tokenizer_in_one_of_two_places(
    hub: str, downloads: Downloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """In the checkpoint's own repository, here below a folder, or the stock one in the base
    model's."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = downloads.model / "tokenizer"
    right = released_vocabulary(folder, folder / "added_tokens.json")
    (downloads.model / "audiostory-3B").mkdir()
    for name in ("config.yaml", "pytorch_model.bin", "tokenizer"):
        (downloads.model / name).rename(downloads.model / "audiostory-3B" / name)
    write_stock_tokenizer(downloads.llm)
    if place == "base model":
        folder = downloads.model / "audiostory-3B" / "tokenizer"
        for path in folder.iterdir():
            if path.name != "added_tokens.json":
                path.unlink()
    from_pretrained(endpoint=hub, out=tmp_path / "out", report=lambda line: None)
    assert load_tokenizer(tmp_path / "out" / "tokenizer").get_vocab() == right
    fetched = [name for name, _ in Hub.sent]
    assert fetched.count("tokenizer.json") == 1


def test_download_and_import_go_in_one_and_nothing_is_fetched_twice(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    lines: list[str] = []
    from_pretrained(endpoint=hub, report=lines.append)
    assert load_profile("audiostory-3b").folder == tmp_path / "data/audiostory-studio/audiostory-3b"
    assert "downloading" in lines[0]
    assert "pytorch_model.bin" in {name for name, _ in Hub.sent}
    first = len(Hub.sent)
    from_pretrained(endpoint=hub, out=tmp_path / "again", report=lines.append)
    assert len(Hub.sent) == first


def test_a_hub_out_of_reach_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(StudioError, match="check the connection"):
        from_pretrained(endpoint="http://127.0.0.1:9", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_file_and_shards_hold_the_same_keys(weights: dict[str, Tensor], tmp_path: Path) -> None:
    from core.release.shards import read_weights

    for number, save in enumerate((one_file, three_shards)):
        folder = tmp_path / str(number)
        folder.mkdir()
        save(weights, folder)
        found = read_weights(folder, ("pytorch_model",))
        assert set(found.shapes) == set(weights)
        some = list(weights)[::7]
        tensors = found.tensors(some)
        assert all(torch.equal(tensors[name], weights[name]) for name in some)
