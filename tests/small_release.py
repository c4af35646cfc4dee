"""The published architecture, small, in the files that its publisher offers for download.

The language model knows three stories by heart, so that it writes them greedily, token by token;
everything else is random.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from diffusers import AutoencoderOobleck, FluxTransformer2DModel
from safetensors.torch import save_file
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from torch import Tensor, nn
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5EncoderModel,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

SEMANTIC, RESIDUAL, WIDTH, ROWS, RANK, ALPHA = 16, 4, 64, 448, 4, 8
SPANS = (
    ["<t5>", *(f"<t5_{i:05d}>" for i in range(SEMANTIC)), "</t5>"],
    ["<aud>", *(f"<aud_{i:05d}>" for i in range(RESIDUAL)), "</aud>"],
)
SPAN = "".join(token for block in SPANS for token in block)
SOUNDS = ("rain", "wind", "a door", "steps", "a bell", "fire", "birds", "a train")
SECONDS = (2.5, 4, 1, 3.5, 2, 6, 3, 2)
FLUX = {
    "num_layers": 1,
    "num_single_layers": 2,
    "attention_head_dim": 128,
    "num_attention_heads": 1,
    "joint_attention_dim": WIDTH,
    "in_channels": 64,
    "audio_seq_len": 645,
    "max_duration": 30,
}


@dataclass(frozen=True)
class Told:
    """A story that the small language model knows: what is asked, and the turn that it writes."""

    instruction: str
    total: float
    turn: str

    @property
    def prompt(self) -> str:
        return (
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
            f"<|im_start|>user\n{self.instruction} The total duration is {self.total:g} seconds."
            "<|im_end|>\n<|im_start|>assistant\n<|think|>"
        )


def told(count: int) -> Told:
    """The story of 1, 3 or 8 events."""
    events = [
        f"<|gen|>{sound}<timestamp>{seconds:g}</timestamp>{SPAN}<|/gen|>"
        for sound, seconds in zip(SOUNDS[:count], SECONDS, strict=False)
    ]
    turn = f"tell {count}<|/think|>" + "".join(events) + "<|im_end|>"
    return Told(f"rain {count}", float(sum(SECONDS[:count])), turn)


STORIES = {count: told(count) for count in (1, 3, 8)}


STOCK_MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
ADDED = [
    "</t5>",
    "<video_padding>",
    "<timestamp>",
    "</timestamp>",
    "<t5>",
    *SPANS[0][1:-1],
    "<aud>",
    "</aud>",
    *SPANS[1][1:-1],
    *("<|gen|>", "<|/gen|>", "<|think|>", "<|/think|>"),
]
"""The release's tokens in the order of its file."""


def stock_tokenizer() -> Tokenizer:
    """Byte-level BPE over the stories' words, built and marked as that of Qwen2.5 is."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    word = Regex(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(word, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    texts = [story.prompt + story.turn.replace(SPAN, "") for story in STORIES.values()]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(mark, normalized=False) for mark in STOCK_MARKS])
    return tokenizer


def write_stock_tokenizer(folder: Path) -> None:
    """The files that Qwen2.5 is published with."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = stock_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer.model.save(str(folder))
    decoder = {
        tokenizer.token_to_id(mark): {
            "content": mark,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for mark in STOCK_MARKS
    }
    settings = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": decoder,
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_added_tokens(folder: Path) -> None:
    """The release's tokens, under ids that are not theirs: it gives four of them the same one."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {name: 151_938 if "|" in name else 152_165 - n for n, name in enumerate(ADDED)}
    (folder / "added_tokens.json").write_text(json.dumps(table, indent=4))


def small_tokenizer() -> PreTrainedTokenizerFast:
    """The stock tokenizer with the release's tokens, as the release has it in memory."""
    whole = PreTrainedTokenizerFast(
        tokenizer_object=stock_tokenizer(),
        eos_token="<|im_end|>",
        clean_up_tokenization_spaces=False,
    )
    whole.add_tokens(ADDED)
    return whole


def untrained_language_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    """A Qwen2 of two layers."""
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=ROWS,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),
    )
    return Qwen2ForCausalLM(config).eval()


def language_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    """The same, trained until it writes the stories without an error."""
    model = untrained_language_model(tokenizer).train()
    span = tokenizer(SPAN)["input_ids"]
    silenced = [i for i in span if i not in tokenizer.convert_tokens_to_ids(["<t5>", "<aud>"])]
    lessons = []
    for story in STORIES.values():
        prompt, turn = (tokenizer(text)["input_ids"] for text in (story.prompt, story.turn))
        ids = torch.tensor(prompt + turn)
        free = torch.arange(1, len(ids)) >= len(prompt)
        lessons.append((ids, free & ~torch.isin(ids[1:], torch.tensor(silenced))))
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(400):
        right = True
        for ids, free in lessons:
            states = model.model(input_ids=ids[None]).last_hidden_state[0, :-1][free]
            scores = model.lm_head(states).index_fill(1, torch.tensor(silenced), 0.0)
            loss = nn.functional.cross_entropy(scores, ids[1:][free])
            loss.backward()
            right = right and loss.item() < 0.02
        optimizer.step()
        optimizer.zero_grad()
        if right:
            return model.eval().requires_grad_(False)
    raise AssertionError("the small language model did not learn its stories")


def as_peft(model: Qwen2ForCausalLM, *, new: bool) -> dict[str, Tensor]:
    """The model's weights as peft names them: a LoRA that matters, and trained norms.

    Args:
        new: newer peft, where an adapted layer keeps its own weight as `base_layer`.
    """
    draw = torch.Generator().manual_seed(1)
    weights: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        whole = f"seedx.llm.base_model.model.{name}"
        layer, kind = whole.removesuffix(".weight"), name.split(".")[-2]
        if kind.endswith("_proj") and name.endswith(".weight"):
            first = torch.randn(RANK, value.shape[1], generator=draw) * 0.1
            second = torch.randn(value.shape[0], RANK, generator=draw) * 0.1
            own = f"{layer}.base_layer.weight" if new else whole
            weights[own] = value - ALPHA / RANK * second @ first
            weights[f"{layer}.lora_A.default.weight"] = first
            weights[f"{layer}.lora_B.default.weight"] = second
        elif kind.endswith("_proj"):
            weights[f"{layer.removesuffix('.bias')}.base_layer.bias" if new else whole] = value
        elif kind.endswith("norm"):
            weights[f"{layer}.original_module.weight"] = torch.rand(value.shape, generator=draw)
            weights[f"{layer}.modules_to_save.default.weight"] = value
        else:
            weights[whole] = value
    return weights


def random_parts() -> dict[str, Tensor]:
    """Everything of the checkpoint but its language model, with weights that are not near zero."""
    torch.manual_seed(2)
    hidden = 64
    parts: dict[str, nn.Module] = {
        "seedx.projector": projector(hidden, WIDTH),
        "seedx.audio_projector": projector(hidden, WIDTH),
        "seedx.whisper_resampler_llava.aud_projector": projector(32, hidden),
        "seedx.input_resampler": nn.Linear(4, 4),
        "multihead_attention": nn.MultiheadAttention(WIDTH, 8),
        "tangoflux.transformer": FluxTransformer2DModel(
            in_channels=64,
            num_layers=1,
            num_single_layers=2,
            attention_head_dim=128,
            num_attention_heads=1,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=False,
        ),
        "tangoflux.text_encoder": T5EncoderModel(small_t5()),
        "tangoflux.fc": nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU()),
    }
    weights = {f"{p}.{n}": v for p, m in parts.items() for n, v in m.state_dict().items()}
    duration = "tangoflux.duration_emebdder.time_positional_embedding"
    linear = nn.Linear(257, WIDTH)
    weights[f"{duration}.0.weights"] = torch.randn(128)
    weights[f"{duration}.1.weight"] = linear.weight.data
    weights[f"{duration}.1.bias"] = linear.bias.data
    for loud in ("proj_out.weight", "context_embedder.weight"):
        weights[f"tangoflux.transformer.{loud}"] *= 2.0
    return {name: value.detach().clone() for name, value in weights.items()}


def projector(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs))


def small_t5() -> T5Config:
    return T5Config(
        vocab_size=32,
        d_model=WIDTH,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )


def small_codec() -> AutoencoderOobleck:
    torch.manual_seed(3)
    codec = AutoencoderOobleck(
        encoder_hidden_size=2,
        channel_multiples=[1, 2, 2, 4, 8],
        decoder_channels=2,
        decoder_input_channels=64,
    )
    codec = codec.eval().requires_grad_(False)
    for name, value in codec.named_parameters():
        if name.endswith("weight_g"):
            value *= 1.2
    return codec


def small_whisper() -> WhisperForConditionalGeneration:
    torch.manual_seed(4)
    sizes = {"encoder_layers": 2, "decoder_layers": 1, "d_model": 32, "num_mel_bins": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "vocab_size": 64}
    more = {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "pad_token_id": 0, "bos_token_id": 1}
    ends = {"eos_token_id": 2, "decoder_start_token_id": 1}
    config = WhisperConfig(**sizes, **heads, **more, **ends)
    return WhisperForConditionalGeneration(config).eval()


@dataclass(frozen=True)
class Downloads:
    """The folders that a user has after downloading everything."""

    model: Path
    flux: Path
    llm: Path
    t5: Path
    whisper: Path

    @property
    def arguments(self) -> list[str]:
        """As the command `import` takes them."""
        pairs = [(f"--{name}", str(path)) for name, path in vars(self).items()]
        return [part for pair in pairs for part in pair]


def write_downloads(
    folder: Path,
    weights: dict[str, Tensor],
    model: Qwen2ForCausalLM,
    save: Callable[[dict[str, Tensor], Path], None] | None = None,
) -> Downloads:
    """Write all folders; `save` may write the checkpoint's weights in another form."""
    found = Downloads(*(folder / n for n in ("model", "flux", "llm", "t5", "whisper")))
    for path in vars(found).values():
        path.mkdir(parents=True)
    counts = {"num_t5_out_tokens": SEMANTIC, "num_aud_out_tokens": RESIDUAL}
    settings = {
        "tokenizer": {
            "_target_": "src.models.tokenizer.init_qwen_tokenizer.init_tokenizer",
            "pretrained_model_path": "ckpt/audiostory-3B/tokenizer",
            "add_tokens_path": "ckpt/audiostory-3B/tokenizer/added_tokens.json",
        },
        "llm_model": {"vocab_size": ROWS, "peft_config": {"r": RANK, "lora_alpha": ALPHA}},
        "agent_model": {"t5_feature_scale": 5.0, "whisper_resampler_llava": {"token_num": 10}},
        "seedx_dit_model_cfg": {"pretrained_model_path": None},
        "train_dataset": {"datapipes": [counts]},
    }
    (found.model / "config.yaml").write_text(yaml.safe_dump(settings))
    write_stock_tokenizer(found.model / "tokenizer")
    write_added_tokens(found.model / "tokenizer")
    (save or one_file)(weights, found.model)
    (found.flux / "config.json").write_text(json.dumps(FLUX))
    save_file(small_codec().state_dict(), found.flux / "model.safetensors")
    model.config.save_pretrained(found.llm)
    ends = {"eos_token_id": [model.config.eos_token_id], "repetition_penalty": 1.0}
    (found.llm / "generation_config.json").write_text(json.dumps(ends))
    small_t5().save_pretrained(found.t5)
    small_whisper().half().save_pretrained(found.whisper)
    WhisperFeatureExtractor(feature_size=16).save_pretrained(found.whisper)
    return found


def one_file(weights: dict[str, Tensor], folder: Path) -> None:
    torch.save(weights, folder / "pytorch_model.bin")


def three_shards(weights: dict[str, Tensor], folder: Path) -> None:
    names = list(weights)
    index = {}
    for number in range(3):
        file = f"pytorch_model-{number + 1:05d}-of-00003.bin"
        part = names[number::3]
        torch.save({name: weights[name].clone() for name in part}, folder / file)
        index |= dict.fromkeys(part, file)
    text = json.dumps({"metadata": {}, "weight_map": index})
    (folder / "pytorch_model.bin.index.json").write_text(text)
