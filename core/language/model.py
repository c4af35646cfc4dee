"""The director's language model: loading it and its adapter, and its stream tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.initialization import no_init_weights

from core.errors import WeightsError
from core.language.architectures import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)
from core.language.converted import load_converted
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
from core.language.tokens import token_texts
from core.profile import DirectorConfig

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer with the stream's tokens in it.

    Raises:
        WeightsError: the folder has none, or a damaged one.
    """
    if not (folder / "tokenizer.json").is_file():
        raise WeightsError(f"The tokenizer is missing in {folder}; fetch the whole repository.")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as cause:  # a damaged file may fail in any way
        raise WeightsError(
            f"The tokenizer in {folder} cannot be read ({cause}); fetch it again."
        ) from None


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
    texts = token_texts(tokenizer, plain)
    free = {i: text for i, text in texts.items() if _is_prose(text)}
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
        texts=free,
        free=frozenset(free),
        word=frozenset(i for i, text in free.items() if any(map(str.isalpha, text))),
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
    if config.folder is None:
        return _enlarged(_mapped(config), vocabulary)
    folder = config.folder
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as cause:
        raise WeightsError(f"The language model in {folder} cannot be read ({cause}).") from None
    if report["missing_keys"]:
        raise WeightsError(f"The language model in {folder} lacks {min(report['missing_keys'])}.")
    return _enlarged(model, vocabulary)


def _enlarged(model: LlamaForCausalLM, vocabulary: int) -> LlamaForCausalLM:
    """The model with at least so many embedding rows, new ones drawn at random."""
    if vocabulary > model.config.vocab_size:
        torch.manual_seed(0)
        model.resize_token_embeddings(vocabulary, mean_resizing=False)
    return model


def _mapped(config: DirectorConfig) -> LlamaForCausalLM:
    """The converted model: built without weights of its own, then given the kept ones."""
    settings, kept = load_converted(config)
    sizes = LlamaConfig.from_dict(settings)
    # Not on the meta device: sums of such tensors import torch's compiler, a second and a half.
    with no_init_weights():
        model = LlamaForCausalLM(sizes)
    weights = {name: value.float() for name, value in kept.items()}
    report = model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    lacking = [name for name in report.missing_keys if name != "lm_head.weight"]
    if lacking or report.unexpected_keys:
        raise WeightsError(f"The language model {config.model} has other weights than it should.")
    return model.eval()


def merge_adapter(
    model: LlamaForCausalLM, config: DirectorConfig, new_rows: Sequence[int], path: Path
) -> None:
    """Add a saved adapter (core/language/adapter.py) to the weights that it adapts, for good.

    W + (B A) alpha / rank (Hu et al. 2021), and the rows of the stream's tokens; to the bit what
    peft's `merge_and_unload` gives, without the seconds that it takes to import peft.

    Raises:
        WeightsError: see `fill`.
    """
    embeddings = model.get_input_embeddings().weight
    adapted = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in TARGETS
    }
    wanted = {}
    for name, module in adapted.items():
        wanted[_factor(name, "A")] = torch.empty(config.lora_rank, module.in_features)
        wanted[_factor(name, "B")] = torch.empty(module.out_features, config.lora_rank)
    if new_rows:
        wanted[_ROWS] = torch.empty(len(new_rows), embeddings.shape[1])
    fill(wanted, path)
    with torch.no_grad():
        for name, module in adapted.items():
            product = wanted[_factor(name, "B")] @ wanted[_factor(name, "A")]
            module.weight += product * (config.lora_alpha / config.lora_rank)
        if new_rows:
            embeddings[torch.tensor(new_rows)] = wanted[_ROWS]


_ROWS = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta.default"
"""What peft calls the embedding rows of an adapter."""


def _factor(module: str, letter: str) -> str:
    """What peft calls a factor, A or B, of an adapted layer."""
    return f"base_model.model.{module}.lora_{letter}.default.weight"


def read_tensors(path: Path) -> dict[str, Tensor]:
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
    weights = read_tensors(path)
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
