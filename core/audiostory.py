"""AudioStory as a whole: language model, bridge, performer and codec, built from a profile."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from core import grammar
from core.bridge import Bridge, BridgedTokens
from core.codec import Codec, SpectralCodec
from core.grammar import PlannedEvent, StreamIds
from core.language import (
    add_adapter,
    load_adapter,
    load_language_model,
    load_module,
    load_tokenizer,
    read_stream_ids,
)
from core.performer import Performer
from core.profile import ASSETS, Profile


@dataclass(frozen=True)
class Stream:
    """A whole teacher-forced stream as token ids, with the places of its parts.

    Attributes:
        ids: (L,).
        prompt: number of ids that belong to the prompt.
        semantic: (E, S) positions of the semantic tokens of each event.
        residual: (E, R) positions of the residual tokens.
    """

    ids: Tensor
    prompt: int
    semantic: Tensor
    residual: Tensor


class AudioStory(nn.Module):
    """Director (language model), bridge and performer, with the codec beside them.

    Attributes:
        weights: hash over all weight files; part of every take.
    """

    def __init__(
        self,
        profile: Profile,
        llm: LlamaForCausalLM | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        codec: Codec,
        weights: str,
    ):
        super().__init__()
        self.profile = profile
        self.llm = llm
        self.tokenizer = tokenizer
        self.codec = codec
        self.weights = weights
        tokens = (profile.bridge.semantic_tokens, profile.bridge.residual_tokens)
        self.ids: StreamIds = read_stream_ids(tokenizer, *tokens)
        self.span = grammar.span_text(*tokens)
        self.bridge = Bridge(llm.config.hidden_size, profile.bridge)
        self.performer = Performer(profile.performer, profile.bridge.semantic_tokens)

    @property
    def sample_rate(self) -> int:
        return self.codec.sample_rate

    @property
    def channels(self) -> int:
        return self.codec.audio_channels

    @property
    def backbone(self) -> nn.Module:
        """The language model without its output head; returns states after the final norm."""
        model = self.llm.get_base_model() if isinstance(self.llm, PeftModel) else self.llm
        return model.model  # type: ignore[no-any-return]

    @property
    def head(self) -> nn.Module:
        model = self.llm.get_base_model() if isinstance(self.llm, PeftModel) else self.llm
        return model.lm_head  # type: ignore[no-any-return]

    def stream(
        self, instruction: str, total: float, reasoning: str, events: Sequence[PlannedEvent]
    ) -> Stream:
        """Tokenize a whole story, bridging tokens included."""
        prompt = self.encode(grammar.prompt_text(instruction, total))
        turn = self.encode(grammar.plan_text(reasoning, events, self.span))
        ids = torch.tensor(prompt + turn)
        return Stream(
            ids,
            len(prompt),
            _places(ids, self.ids.semantic),
            _places(ids, self.ids.residual),
        )

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def bridged(self, states: Tensor, stream: Stream) -> BridgedTokens:
        """Bridge the states (L, hidden) of a teacher-forced pass over `stream`."""
        return self.bridge(states[stream.semantic], states[stream.residual])  # type: ignore[no-any-return]

    @torch.inference_mode()
    def conditions(
        self, instruction: str, total: float, reasoning: str, events: Sequence[PlannedEvent]
    ) -> Tensor:
        """The performer's condition of each event, by one teacher-forced pass. (E, S, width)."""
        stream = self.stream(instruction, total, reasoning, events)
        states = self.backbone(input_ids=stream.ids[None]).last_hidden_state[0]
        return self.bridged(states, stream).condition


def _places(ids: Tensor, tokens: Sequence[int]) -> Tensor:
    """Positions of a run of tokens that occurs once an event. (E, len(tokens))."""
    starts = (ids == tokens[0]).nonzero()[:, 0]
    return starts[:, None] + torch.arange(len(tokens))


def build_audiostory(profile: Profile, *, adapter: bool) -> AudioStory:
    """The model with its language model and codec loaded, and everything else untrained.

    Args:
        adapter: wrap the language model with an untrained LoRA adapter.
    """
    tokenizer = load_tokenizer(ASSETS / profile.director.tokenizer)
    llm: LlamaForCausalLM | PeftModel = load_language_model(profile.director, len(tokenizer))
    if adapter:
        names = grammar.special_tokens(
            profile.bridge.semantic_tokens, profile.bridge.residual_tokens
        )
        rows = tokenizer.convert_tokens_to_ids(names)
        llm = add_adapter(llm, profile.director, rows)
    codec = SpectralCodec.load(ASSETS / profile.codec.file)
    torch.manual_seed(0)
    return AudioStory(profile, llm, tokenizer, codec, _hash_weights(profile))


def load_audiostory(profile: Profile) -> AudioStory:
    """The model ready for use, its adapter merged into the language model.

    Raises:
        WeightsError: a weight file is missing, damaged or does not fit the profile.
    """
    random = profile.director.source == "random"
    model = build_audiostory(profile, adapter=not random)
    if not random:
        load_adapter(model.llm, profile.folder / "director.safetensors")
        model.llm = model.llm.merge_and_unload()
        load_module(model.bridge, profile.folder / "bridge.safetensors")
        load_module(model.performer, profile.folder / "performer.safetensors")
    return model.eval().requires_grad_(False)


def _hash_weights(profile: Profile) -> str:
    digest = hashlib.sha256(profile.director.sha256.encode())
    for path in sorted(_weight_files(profile)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _weight_files(profile: Profile) -> list[Path]:
    own = list(profile.folder.glob("*.safetensors")) if profile.weights else []
    return [*{*own, ASSETS / profile.codec.file}]
