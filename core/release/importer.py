"""The published files turned into one profile folder, which `--profile DIR` then names.

    python app.py import --model DIR --flux DIR [--llm DIR --t5 DIR --whisper DIR] --out DIR

Every key is mapped or known to be unused. Weights pass through memory shard by shard, and the
folder appears only when it is complete.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderOobleck
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from transformers import T5EncoderModel

from core.errors import FileError
from core.files import atomic_folder, disk_of, existing_parent, half_written
from core.ownership import remove_abandoned
from core.profile import Profile
from core.release.checkpoint import Checkpoint, check_release, whisper_config
from core.release.keys import Place, lora_name
from core.release.shards import Weights, folder_digest, in_shards, write_shards
from core.release.sizes import Sources
from core.release.tokenizer import write_tokenizer

CACHE = 0.05
"""Threshold of the cached variant. On the pocket model, 50 steps: 1.28 times as fast, latents 1 %
off; half the steps are 2.1 times as fast and 5 % off."""
Report = Callable[[str], None]


def import_release(
    sources: Sources, out: Path, *, merge: bool = False, report: Report = print
) -> Profile:
    """Write the profile folder `out`.

    Args:
        merge: fold the LoRA into the language model; otherwise it stays an adapter of its own.
        report: called with one line a step.

    Raises:
        WeightsError: a file is missing, damaged, holds code, or has a key that is unknown,
            missing or misshapen; nothing is written then.
        FileError: `out` is not empty or the disk is too full.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileError(f"{out} exists already; choose a new folder.")
    report("checking every file and key")
    checkpoint = check_release(sources, merge)
    needed = sum(checkpoint.weights.sizes.values()) + sum(checkpoint.codec.sizes.values())
    needed += sum(checkpoint.whisper.sizes.values()) if checkpoint.whisper else 0
    check_room(out, needed)
    with _appearing(out) as folder:
        _write_director(checkpoint, folder, merge, report)
        _write_parts(checkpoint, folder, report)
        _write_codec(checkpoint, folder)
        _write_whisper(checkpoint, folder)
        report(checkpoint.tokenizer.origin)
        write_tokenizer(checkpoint.tokenizer.tokenizer, folder / "tokenizer")
        report("computing the checksum")
        profile = checkpoint.sizes.profile
        profile = replace(profile, weights=".", checkpoint=folder_digest(folder))
        for name, variant in (("profile", profile), ("cached", cached(profile))):
            (folder / f"{name}.toml").write_text(profile_text(variant), encoding="utf-8")
    report(f"{out} is ready: app.py --profile {out}")
    return profile


def check_room(folder: Path, needed: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        FileError: fewer than `needed` bytes (and a twentieth) are free.
    """
    place = existing_parent(folder)
    free = shutil.disk_usage(place).free
    if free < needed * 1.05:
        raise FileError(
            f"{needed / 1e9:.1f} GB are needed in {place}, {free / 1e9:.1f} GB are free; "
            "free some space or choose another disk."
        )


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder that takes the name `out` when the block ends without an error."""
    remove_abandoned(half_written(out.parent))
    try:
        with atomic_folder(out) as folder:
            yield folder
            if out.exists():
                out.rmdir()
    except SafetensorError as cause:  # a full disk, among others
        raise FileError(
            f"{out} cannot be written ({cause}); check the space on the disk at {disk_of(out)}."
        ) from None


def _write_director(checkpoint: Checkpoint, folder: Path, merge: bool, report: Report) -> None:
    """The language model in shards; its adapter in a file of its own, or merged."""
    keys, weights = checkpoint.keys, checkpoint.weights
    base = {place.name: key for place, key in keys.items() if place.part == "director"}
    config = checkpoint.sizes.llm
    if "lm_head.weight" in base and config.tie_word_embeddings:
        if _tied(weights, base):
            del base["lm_head.weight"]
        else:
            report("the output head differs from the embeddings: it is kept apart")
            config.tie_word_embeddings = False
    scale = checkpoint.sizes.profile.director.lora_alpha / max(1, checkpoint.sizes.rank)

    def load(names: Sequence[str]) -> dict[str, Tensor]:
        report(f"language model: {names[0]} …")
        tensors = weights.tensors(base[name] for name in names)
        return {n: _with_lora(checkpoint, n, tensors[base[n]], scale, merge) for n in names}

    sizes = {name: weights.sizes[key] for name, key in base.items()}
    (folder / "director").mkdir()
    config.save_pretrained(folder / "director")
    write_shards(folder / "director", "model", in_shards(list(base), sizes), load)
    adapter = {place.name: key for place, key in keys.items() if place.part == "adapter"}
    if adapter and not merge:
        _save(weights, adapter, folder / "director.safetensors")


def _tied(weights: Weights, base: Mapping[str, str]) -> bool:
    both = weights.tensors([base["lm_head.weight"], base["model.embed_tokens.weight"]])
    one, other = both.values() if len(both) == 2 else (*both.values(), *both.values())
    return torch.equal(one, other)


def _with_lora(
    checkpoint: Checkpoint, name: str, weight: Tensor, scale: float, merge: bool
) -> Tensor:
    """W + alpha / r B A, summed in fp32 and kept in the checkpoint's own precision."""
    factors = [Place("adapter", lora_name(name.removesuffix(".weight"), f)) for f in ("A", "B")]
    if not merge or any(place not in checkpoint.keys for place in factors):
        return weight
    first, second = (checkpoint.keys[place] for place in factors)
    tensors = checkpoint.weights.tensors([first, second])
    change = tensors[second].float() @ tensors[first].float()
    return (weight.float() + scale * change).to(weight.dtype)


def _save(
    weights: Weights, keys: Mapping[str, str], path: Path, more: Mapping[str, Tensor] | None = None
) -> None:
    tensors = weights.tensors(keys.values())
    save_file({name: tensors[key] for name, key in keys.items()} | dict(more or {}), path)


def _write_parts(checkpoint: Checkpoint, folder: Path, report: Report) -> None:
    """Bridge, performer (with the guidance's negative) and the audio input's projector."""
    report("text encoder: the guidance's negative")
    tokens = checkpoint.sizes.profile.bridge.semantic_tokens
    negative = negative_condition(checkpoint, tokens)
    more = {"performer": {"negative": negative}}
    for part in ("bridge", "performer", "listener"):
        keys = {place.name: key for place, key in checkpoint.keys.items() if place.part == part}
        if keys:
            report(part)
            _save(checkpoint.weights, keys, folder / f"{part}.safetensors", more.get(part))


@torch.inference_mode()
def negative_condition(checkpoint: Checkpoint, tokens: int) -> Tensor:
    """The empty caption as the text encoder sees it, padded to `tokens`. (1, tokens, width).

    Its states at the padding count as tokens too; the encoder itself does not attend to them.
    """
    config = checkpoint.sizes.text
    with torch.device("meta"):
        encoder = T5EncoderModel(config)
    tensors = checkpoint.text.tensors(checkpoint.text_keys.values())
    states = {name: tensors[key].float() for name, key in checkpoint.text_keys.items()}
    encoder.load_state_dict(states, assign=True)
    ids = torch.full((1, tokens), config.pad_token_id)
    ids[0, 0] = config.eos_token_id
    mask = torch.zeros(1, tokens, dtype=torch.long)
    mask[0, 0] = 1
    encoded = encoder.eval()(input_ids=ids, attention_mask=mask).last_hidden_state
    return torch.as_tensor(encoded).clone()


def _write_codec(checkpoint: Checkpoint, folder: Path) -> None:
    with torch.device("meta"):
        AutoencoderOobleck(**checkpoint.sizes.codec).save_config(folder / "codec")
    names = {name: name for name in checkpoint.codec.files}
    _save(checkpoint.codec, names, folder / "codec" / "diffusion_pytorch_model.safetensors")


def _write_whisper(checkpoint: Checkpoint, folder: Path) -> None:
    """The encoder as a Whisper of its own in transformers' layout, without the decoder."""
    weights, source = checkpoint.whisper, checkpoint.sources.whisper
    if weights is None or source is None:
        return
    target = folder / "whisper"
    target.mkdir()
    whisper_config(source, checkpoint.sizes.profile).save_pretrained(target)
    extractor = source / "preprocessor_config.json"
    if extractor.is_file():
        shutil.copyfile(extractor, target / extractor.name)
    names = {key: key.removeprefix("model.encoder.") for key in weights.files}
    _save(weights, {name: key for key, name in names.items()}, target / "model.safetensors")


def cached(profile: Profile) -> Profile:
    """The variant that skips blocks of the performer which would hardly change anything."""
    return replace(
        profile,
        name=f"{profile.name}-cached",
        title=f"{profile.title}, cached",
        performer=replace(profile.performer, cache=CACHE),
    )


def profile_text(profile: Profile) -> str:
    """The profile as TOML that `load_profile` reads back."""
    plain = {name: value for name, value in asdict(profile).items() if value is not None}
    tables = {name: value for name, value in plain.items() if isinstance(value, dict)}
    lines = [f"{name} = {_toml(v)}" for name, v in plain.items() if name not in tables]
    for table, values in tables.items():
        lines += ["", f"[{table}]"]
        lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
