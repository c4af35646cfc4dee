"""The director's language model: loading it, its stream tokens, and its LoRA adapter."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)

from core.errors import WeightsError
from core.language.stream import (
    GEN,
    GEN_END,
    SPAN_MARKS,
    THINK,
    THINK_END,
    TIME,
    TIME_END,
    TURN_END,
    StreamIds,
    residual_names,
    semantic_names,
    special_tokens,
)
from core.profile import DirectorConfig

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer with the stream's tokens in it.

    Raises:
        WeightsError: the folder has none.
    """
    if not (folder / "tokenizer.json").is_file():
        raise WeightsError(f"The tokenizer is missing in {folder}; fetch the whole repository.")
    return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def read_stream_ids(tokenizer: PreTrainedTokenizerBase, semantic: int, residual: int) -> StreamIds:
    """The ids of the stream's structure, all read from the tokenizer.

    Raises:
        WeightsError: a token is not in the vocabulary, or shares its id with another.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()

    def identify(name: str) -> int:
        if name not in vocabulary:
            raise WeightsError(f"The tokenizer lacks {name}; use the checkpoint's own tokenizer.")
        return vocabulary[name]

    named: dict[int, str] = {}
    for name in special_tokens(semantic, residual):
        other = named.setdefault(identify(name), name)
        if other != name:
            raise WeightsError(
                f"The tokenizer gives {other} and {name} one id; use the checkpoint's own."
            )
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    plain = [i for i in vocabulary.values() if i not in special]
    texts = dict(zip(plain, tokenizer.batch_decode([[i] for i in plain]), strict=True))
    free = {i for i, text in texts.items() if _is_prose(text)}
    semantic_ids = tuple(identify(n) for n in semantic_names(semantic))
    residual_ids = tuple(identify(n) for n in residual_names(residual))
    begin, end, begin_residual, end_residual = (identify(n) for n in SPAN_MARKS)
    return StreamIds(
        think=identify(THINK),
        think_end=identify(THINK_END),
        gen=identify(GEN),
        gen_end=identify(GEN_END),
        time=identify(TIME),
        time_end=identify(TIME_END),
        semantic=semantic_ids,
        residual=residual_ids,
        span=(begin, *semantic_ids, end, begin_residual, *residual_ids, end_residual),
        turn_end=identify(TURN_END),
        time_text=frozenset(i for i, t in texts.items() if t in (*"0123456789", ".")),
        free=frozenset(free),
        word=frozenset(i for i in free if any(c.isalpha() for c in texts[i])),
    )


def _is_prose(text: str) -> bool:
    return bool(text) and text.isprintable() and not set(text) & set("<>|\ufffd")


def load_language_model(config: DirectorConfig, vocabulary: int) -> LlamaForCausalLM:
    """The chat model without adapter, in fp32, its embeddings with at least `vocabulary` rows.

    Raises:
        WeightsError: the weights are missing, incomplete or have changed.
    """
    if config.source == "random":
        torch.manual_seed(0)
        sizes = LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            tie_word_embeddings=True,
        )
        return LlamaForCausalLM(sizes)
    folder = config.folder or _converted(config)
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as cause:
        raise WeightsError(f"The language model in {folder} cannot be read ({cause}).") from None
    if report["missing_keys"]:
        raise WeightsError(f"The language model in {folder} lacks {min(report['missing_keys'])}.")
    if vocabulary > model.config.vocab_size:
        torch.manual_seed(0)
        model.resize_token_embeddings(vocabulary, mean_resizing=False)
    return model


def _converted(config: DirectorConfig) -> Path:
    """Folder of the GGUF's weights as safetensors, converted once into the user's cache."""
    package, _, name = config.model.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WeightsError(f"The package {package} is missing; run `make install` first.")
    source = Path(spec.origin).parent / name
    if not source.is_file():
        raise WeightsError(f"{name} is missing from {package}; run `make install` again.")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "audiostory-studio"
    target = cache / config.sha256[:16]
    if (target / "model.safetensors").is_file():
        return target
    if hashlib.sha256(source.read_bytes()).hexdigest() != config.sha256:
        raise WeightsError(f"{name} is not the file this profile was trained on; reinstall it.")
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=name)
    target.mkdir(parents=True, exist_ok=True)
    settings = AutoConfig.from_pretrained(source.parent, gguf_file=name)
    settings.save_pretrained(target)
    tensors = {
        key: value.half().contiguous()
        for key, value in model.state_dict().items()
        if key != "lm_head.weight" or not settings.tie_word_embeddings
    }
    partial = target / f"part-{os.getpid()}.safetensors"
    save_file(tensors, partial, metadata={"format": "pt"})
    os.replace(partial, target / "model.safetensors")
    return target


def add_adapter(model: LlamaForCausalLM, config: DirectorConfig, new_rows: list[int]) -> PeftModel:
    """LoRA on every linear layer, and the embedding rows `new_rows`, if there are any."""
    settings = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=TARGETS,
        trainable_token_indices={"embed_tokens": new_rows} if new_rows else None,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)


def adapter_weights(model: PeftModel) -> dict[str, Tensor]:
    """The adapter's parameters by name; tied ones once."""
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def load_adapter(model: PeftModel, path: Path) -> None:
    """Put a saved adapter's weights in place, every key once; see `fill`."""
    fill(adapter_weights(model), path)


def _read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, in fp32.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    try:
        return {name: value.float() for name, value in load_file(path).items()}
    except FileNotFoundError:
        raise WeightsError(f"{path.name} is missing; fetch the whole repository.") from None
    except Exception as cause:
        raise WeightsError(f"{path.name} is damaged ({cause}); fetch it again.") from None


def load_module(module: nn.Module, path: Path) -> None:
    """Put saved weights into a module, every key once; see `fill`."""
    fill(module.state_dict(), path)


@torch.no_grad()
def fill(wanted: Mapping[str, Tensor], path: Path) -> None:
    """Copy the weights of a file into the tensors of the same names.

    Raises:
        WeightsError: a key is missing, unknown or misshapen; the message names it.
    """
    weights = _read_weights(path)
    for name in sorted(wanted.keys() ^ weights.keys()):
        fault = "lacks" if name in wanted else "has the unknown weight"
        raise WeightsError(f"{path.name} {fault} {name}; use the file of this profile.")
    for name, target in wanted.items():
        if weights[name].shape != target.shape:
            raise WeightsError(
                f"{path.name}: {name} has shape {tuple(weights[name].shape)}, "
                f"this profile needs {tuple(target.shape)}."
            )
        target.copy_(weights[name])
