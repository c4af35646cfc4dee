"""AudioStory as a whole: language model, bridge, performer and codec, built from a profile."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.bridge import lexicon as lexicon_code
from core.bridge import modifiers as modifiers_code
from core.bridge.bridge import Bridge, BridgedTokens
from core.bridge.lexicon import ANY, LEXICON_FILE, Lexicon, load_lexicon
from core.code_digest import code_digest
from core.codec.codec import Codec
from core.codec.kinds import load_codec
from core.errors import ProfileError, WeightsError
from core.language.decoding import Decoder
from core.language.model import (
    load_language_model,
    load_module,
    load_tokenizer,
    merge_adapter,
    read_stream_ids,
)
from core.language.packing import pack
from core.language.reasoning import ListIds, read_list_ids
from core.language.score_grammar import ScoreIds, read_score_ids
from core.language.stream import (
    PlannedEvent,
    StreamIds,
    plan_text,
    prompt_text,
    span_text,
    special_tokens,
)
from core.listener.effects import build_listener
from core.listener.whisper import Listener
from core.mix import blend
from core.performer import flow, flow_performer
from core.performer.kinds import build_performer
from core.placement import Placement, Stage, best_placement, numeric_path
from core.profile import ASSETS, EAR, SCORING, WISHES, Profile

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

SAMPLING_CODE = (flow, flow_performer)
"""Modules that sample latents; their code has a part in every sound."""
READING_CODE = (lexicon_code, modifiers_code, blend)
"""Modules that read captions where a profile ships a lexicon, and blend the sounds of one."""


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
        performs: performer and listener are there; without them it only plans, and loads sooner.
        listener: the audio input path; None where the profile has none.
        lexicon: plain words for captions; None where the profile has none.
    """

    def __init__(
        self,
        profile: Profile,
        llm: LlamaForCausalLM | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        codec: Codec,
        weights: str,
        *,
        performs: bool = True,
    ):
        super().__init__()
        self.profile = profile
        self.llm = llm
        self.tokenizer = tokenizer
        self.codec = codec
        self.weights = weights
        tokens = (profile.bridge.semantic_tokens, profile.bridge.residual_tokens)
        self.ids: StreamIds = read_stream_ids(tokenizer, *tokens)
        self.span = span_text(*tokens)
        self.bridge = Bridge(llm.config.hidden_size, profile.bridge)
        self.performs = performs
        if performs:
            self.performer = build_performer(profile)
            _check_fit(self)
        self.listener: Listener | None = None
        if performs and profile.listener is not None:
            self.listener = build_listener(profile.listener, llm.config.hidden_size)
            self.listener.requires_grad_(False)
        self.lexicon: Lexicon | None = None
        self.placement = Placement()
        self._decoder: Decoder | None = None

    @property
    def sample_rate(self) -> int:
        return self.codec.sample_rate

    @property
    def channels(self) -> int:
        return self.codec.audio_channels

    @property
    def device(self) -> torch.device:
        """Where the next stage computes."""
        return torch.device(self.placement.device)

    @property
    def numeric_path(self) -> str:
        """What decides the last bits of what is performed now (`core.placement.numeric_path`)."""
        return numeric_path(self.placement)

    def place(self, placement: Placement) -> None:
        """Choose device and precision; the codec and the noise stay in fp32."""
        self.placement = placement
        if placement.compiled and self.performs:
            self.performer.compile_blocks()
        self.ready("director")
        if not placement.staged:
            self.ready("performer")
        if placement.packed:
            pack(self.backbone)

    def ready(self, stage: Stage) -> None:
        """Bring a stage's weights to the device; where both do not fit, the other ones leave it."""
        stages = {
            "director": [self.llm, self.bridge, self.listener],
            "performer": [self.performer] if self.performs else [],
        }
        if not self.placement.moves:
            return
        for name, modules in stages.items():
            for module in modules:
                if module is not None and name == stage:
                    module.to(self.placement.device, self.placement.dtype_of(stage))
                elif module is not None and self.placement.staged:
                    module.to("cpu")
        here = stage == "performer" or not self.placement.staged
        self.codec.to(self.placement.device if here else "cpu")

    @property
    def backbone(self) -> nn.Module:
        """The language model without its output head; returns states after the final norm."""
        return self._unwrapped.model  # type: ignore[no-any-return]

    @property
    def head(self) -> nn.Module:
        return self._unwrapped.lm_head  # type: ignore[no-any-return]

    @property
    def _unwrapped(self) -> LlamaForCausalLM:
        """The language model; while it is trained, peft wraps it."""
        wrapped = hasattr(self.llm, "get_base_model")
        return self.llm.get_base_model() if wrapped else self.llm

    @cached_property
    def list_ids(self) -> ListIds:
        """Token ids of the reasoning's event list."""
        return read_list_ids(self.tokenizer, self.ids.texts, self.ids.time_text)

    @cached_property
    def score_ids(self) -> ScoreIds:
        """Token ids of the lines of a score."""
        return read_score_ids(self.tokenizer, self.ids.texts)

    def borrow_decoder(self) -> Decoder:
        """The decoder of the last request, which has read its prompt, or a new one.

        It serves one request at a time; `return_decoder` keeps it for the next.
        """
        decoder, self._decoder = self._decoder, None
        return decoder or Decoder(self)

    def return_decoder(self, decoder: Decoder) -> None:
        """Keep a decoder, so that a prompt that begins alike is not read again."""
        self._decoder = decoder

    def stream(
        self,
        instruction: str,
        total: float,
        reasoning: str,
        events: Sequence[PlannedEvent],
        *,
        bridging: bool = True,
    ) -> Stream:
        """Tokenize a whole story, with or without its bridging tokens."""
        prompt = self.encode(prompt_text(instruction, total))
        turn = self.encode(plan_text(reasoning, events, self.span if bridging else ""))
        ids = torch.tensor(prompt + turn)
        return Stream(
            ids,
            len(prompt),
            _places(ids, self.ids.semantic),
            _places(ids, self.ids.residual),
        )

    def paraphrased(
        self, events: Sequence[PlannedEvent], unlike: float = ANY
    ) -> list[PlannedEvent]:
        """The events with what their captions may mean in plain words (`Lexicon.paraphrase`)."""
        if self.lexicon is None:
            return list(events)
        return [replace(e, paraphrase=self.lexicon.paraphrase(e.caption, unlike)) for e in events]

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
        self.ready("director")
        stream = self.stream(instruction, total, reasoning, self.paraphrased(events))
        ids = stream.ids[None].to(self.device)
        states = self.backbone(input_ids=ids).last_hidden_state[0]
        return self.bridged(states, stream).condition.float()

    def at_once(self, caption: str) -> tuple[str, ...]:
        """What a caption is performed as: the simultaneous sounds that it names, or itself."""
        sounds = self.lexicon.simultaneous(caption) if self.lexicon else ()
        return sounds or (caption,)

    def embedded(self, ids: Tensor, placeholder: int, heard: Sequence[Tensor]) -> Tensor:
        """Embeddings (1, L, hidden) of a prompt with sounds in it.

        Args:
            ids: (L,), with one run of the token `placeholder` for each sound, as long as it.
            heard: what `Listener.hear` gave, (tokens, hidden) each.

        Raises:
            WeightsError: the placeholders do not hold the sounds.
        """
        table = self.llm.get_input_embeddings()
        embeddings = table(ids.to(table.weight.device))[None].clone()
        places = (ids == placeholder).nonzero()[:, 0]
        rows = torch.cat([sound.to(embeddings) for sound in heard])
        if len(places) != len(rows):
            raise WeightsError(
                f"The prompt has room for {len(places)} sound embeddings, there are {len(rows)}."
            )
        embeddings[0, places.to(embeddings.device)] = rows
        return torch.as_tensor(embeddings)


def _check_fit(model: AudioStory) -> None:
    """Raises ProfileError where performer, bridge and codec do not go together."""
    performer, bridge, codec = model.performer, model.profile.bridge, model.codec
    for ours, theirs, what in (
        (performer.latent_channels, codec.latent_channels, "latents of {} channels, its codec"),
        (performer.condition_width, bridge.width, "conditions of width {}, its bridge"),
    ):
        if ours != theirs:
            raise ProfileError(
                f"The profile's performer has {what.format(ours)} {theirs}; make them equal."
            )


def _places(ids: Tensor, tokens: Sequence[int]) -> Tensor:
    """Positions of a run of tokens that occurs once an event. (E, len(tokens))."""
    starts = (ids == tokens[0]).nonzero()[:, 0]
    return starts[:, None] + torch.arange(len(tokens))


def build_audiostory(profile: Profile, *, adapter: bool, performs: bool = True) -> AudioStory:
    """The model with its language model and codec loaded, and everything else untrained.

    Args:
        adapter: wrap the language model with an untrained LoRA adapter.
        performs: with performer and listener.
    """
    folder = profile.director.folder
    if folder is not None and not folder.is_dir():
        raise WeightsError(
            f"The weights of {profile.title} are not here; download them and run "
            "`python app.py import`, or `python app.py import --hub`."
        )
    tokenizer = load_tokenizer(ASSETS / profile.director.tokenizer)
    llm: LlamaForCausalLM | PeftModel = load_language_model(profile.director, len(tokenizer))
    if adapter:
        from core.language.adapter import add_adapter

        llm = add_adapter(llm, profile.director, _adapter_rows(profile, tokenizer))
    codec = load_codec(profile.codec)
    torch.manual_seed(0)
    weights = _hash_weights(profile)
    model = AudioStory(profile, llm, tokenizer, codec, weights, performs=performs)
    model.lexicon = load_lexicon(profile)
    return model


def _adapter_rows(profile: Profile, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Embedding rows that the adapter holds: those of the stream's tokens, or none."""
    names = special_tokens(profile.bridge.semantic_tokens, profile.bridge.residual_tokens)
    return list(tokenizer.convert_tokens_to_ids(names)) if profile.director.rows else []


def load_audiostory(
    profile: Profile, placement: Placement | None = None, *, performs: bool = True
) -> AudioStory:
    """The model ready for use, its adapter merged into the language model.

    Args:
        placement: device and precision; by default the best that this machine has.
        performs: with performer and listener; to plan alone, neither is needed.

    Raises:
        WeightsError: a weight file is missing, damaged or does not fit the profile.
    """
    trained = bool(profile.weights)
    adapted = trained and profile.director.lora_rank > 0
    model = build_audiostory(profile, adapter=False, performs=performs)
    if adapted:
        rows = _adapter_rows(profile, model.tokenizer)
        merge_adapter(model.llm, profile.director, rows, profile.folder / "director.safetensors")
    if trained:
        load_module(model.bridge, profile.folder / "bridge.safetensors")
    if trained and performs:
        model.performer.load(profile.folder)
    model.listener = _trained_listener(model)
    model.eval().requires_grad_(False)
    model.place(placement or default_placement(model))
    return model


def _trained_listener(model: AudioStory) -> Listener | None:
    """The listener with its weights; None where the model was published before it could hear."""
    path = model.profile.folder / EAR
    if model.listener is None or not path.exists():
        return None
    load_module(model.listener, path)
    return model.listener


def default_placement(model: AudioStory, share: float = 1.0) -> Placement:
    """The fastest choice on this machine, with a share of its graphics card's memory."""
    event_bytes = model.performer.event_bytes() if model.performs else 0
    return best_placement(model.profile, weight_bytes(model), event_bytes, share)


def weight_bytes(model: AudioStory) -> dict[str, int]:
    """Parameters of each stage, as bytes in half precision."""
    performers = [model.performer] if model.performs else []
    stages = {"director": [model.llm, model.bridge], "performer": performers}
    return {
        name: sum(2 * p.numel() for module in modules for p in module.parameters())
        for name, modules in stages.items()
    }


def _hash_weights(profile: Profile) -> str:
    """Of the weights, what is read to them and how they are sampled: one hash, one sound.

    An imported checkpoint was hashed once; its files are too large to be read at every start.
    """
    if profile.checkpoint:
        return profile.checkpoint[:16]
    way = profile.performer
    sampling = f"order {way.order} shift {way.shift} temperature {way.temperature}"
    code = [code_digest(SAMPLING_CODE)]
    if profile.shipped(LEXICON_FILE):
        code.append(code_digest(READING_CODE))
    digest = hashlib.sha256(" ".join([profile.director.sha256, sampling, *code]).encode())
    for path in sorted(_weight_files(profile)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _weight_files(profile: Profile) -> list[Path]:
    """All files that have a part in what is heard."""
    own = list(profile.folder.glob("*.safetensors")) if profile.weights else []
    own = [path for path in own if path.name not in (EAR, SCORING, WISHES)]
    if lexicon := profile.shipped(LEXICON_FILE):
        own.append(lexicon)
    return [*{*own, ASSETS / profile.codec.file}]
