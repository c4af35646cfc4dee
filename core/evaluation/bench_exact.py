"""`python app.py bench exact`: the published procedure against ours, in one run.

The architecture is the published one with random weights, at a size that a CPU can bear. A random
director has no story to tell, so its scores are computed and then overruled by a script, the same
on every side. Each side runs in a process of its own, so that its peak memory is its own.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import soxr
import torch
from diffusers import AutoencoderOobleck, FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn
from transformers import Qwen2Config, Qwen2ForCausalLM, T5Config, T5EncoderModel

from core.audiostory import AudioStory
from core.codec.codec import Codec
from core.codec.oobleck import TILE, OobleckCodec
from core.director.plan import plan
from core.evaluation.memory import peak_mib
from core.language.adapter import add_adapter
from core.language.model import load_tokenizer
from core.language.stream import THINK, PlannedEvent, plan_text, prompt_text, special_tokens
from core.mix.mix import MixSettings, mix
from core.mix.sources import ArraySource
from core.performer.flow_performer import flow_performer
from core.profile import ASSETS, Profile, RenderSettings
from core.release.exact import CROSSFADE, RATE, join_clips, plan_exactly, render_exactly
from core.release.sizes import published
from core.render.render import render_events

_INSTRUCTION = "an evening on the farm, from the milking to the storm"
REASONING = (
    "The story moves from a calm yard to a storm. First the milking with its regular strokes, then "
    "hens that settle on their perch. A gate falls shut as the wind comes up, rain begins on the "
    "tin roof, and at last thunder rolls over the valley while the animals are quiet in the barn."
)
_EVENTS = (
    PlannedEvent("milk strikes the wall of a tin pail in a regular rhythm", 3.0),
    PlannedEvent("hens cluck softly as they settle on their perch", 5.0),
    PlannedEvent("a heavy wooden gate falls shut and its chain rattles", 4.0),
    PlannedEvent("rain begins on a tin roof and grows dense", 5.0),
    PlannedEvent("thunder rolls over the valley, far away", 3.0),
)
TOTAL = 20.0
_SEED = 0


@dataclass(frozen=True)
class Size:
    """Sizes of the random checkpoint; `codec` is the width of the codec's last stage."""

    hidden: int
    layers: int
    dit_heads: int
    dit_layers: int
    dit_single_layers: int
    text_layers: int
    codec: int


SIZES = {
    "small": Size(128, 4, 1, 1, 3, 2, 16),
    "mid": Size(640, 12, 4, 2, 10, 12, 128),
}
WIDTH = 512
SIDES = ("release", "exact", "default")


@dataclass(frozen=True)
class Measured:
    """Seconds of the parts of one side, audible seconds, processor seconds, and GB at the peak.

    Processor seconds tell the sides apart even where other programs are running.
    """

    director: float
    rest: float
    audible: float
    processor: float
    peak: float

    @property
    def total(self) -> float:
        return self.director + self.rest


def main(argv: Sequence[str]) -> None:
    """Measure all sides, one after another."""
    parser = argparse.ArgumentParser(prog="app.py bench exact", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="mid")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--side", choices=SIDES, help="measure this side only, in this process")
    arguments = parser.parse_args(argv)
    if arguments.side:
        measured = _measure(arguments.side, SIZES[arguments.size], arguments.steps)
        print(json.dumps(asdict(measured)))
        return
    found = {side: _in_own_process(side, arguments.size, arguments.steps) for side in SIDES}
    release = found["release"]
    for side, measured in found.items():
        print(
            f"{side:8s} director {measured.director:7.1f} s, sound {measured.rest:7.1f} s, "
            f"{release.total / measured.total:5.2f} x, peak {measured.peak:5.2f} GB, "
            f"{measured.audible:5.1f} s audible"
        )
    print(json.dumps(_ratios(found)))


def _ratios(found: dict[str, Measured]) -> dict[str, float]:
    release = found["release"]
    figures: dict[str, float] = {}
    for side, measured in found.items():
        figures[f"{side}_seconds"] = round(measured.total, 2)
        figures[f"{side}_times_faster"] = round(release.total / measured.total, 3)
        figures[f"{side}_times_less_processor"] = round(release.processor / measured.processor, 3)
        figures[f"{side}_peak_gb"] = round(measured.peak, 3)
    return figures


def _in_own_process(side: str, size: str, steps: int) -> Measured:
    code = "import sys; from core.evaluation.bench_exact import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "--side", side, "--size", size, "--steps", str(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _measure(side: str, size: Size, steps: int) -> Measured:
    """Build the model and run one side."""
    model, encoder = random_release(size, merged=side != "release", text=side == "release")
    begun = time.process_time()
    if encoder is not None:
        seconds = run_release(model, encoder, steps)
    elif side == "exact":
        seconds = run_exact(model, steps)
    else:
        seconds = run_default(model, steps)
    return Measured(*seconds, time.process_time() - begun, peak_mib() / 1024)


def bench_profile(size: Size) -> Profile:
    """The published profile at this size."""
    whole = published()
    return replace(
        whole,
        director=replace(whole.director, stops=(), repetition=1.0, model="", rows=False),
        bridge=replace(whole.bridge, width=WIDTH),
        performer=replace(
            whole.performer,
            condition_width=WIDTH,
            heads=size.dit_heads,
            layers=size.dit_layers,
            single_layers=size.dit_single_layers,
        ),
        listener=None,
    )


def random_release(
    size: Size, *, merged: bool, text: bool
) -> tuple[AudioStory, T5EncoderModel | None]:
    """A random model of the published architecture, and its text encoder if it is wanted.

    Args:
        merged: LoRA merged, as in an imported profile; otherwise a layer of its own.
    """
    torch.manual_seed(_SEED)
    profile = bench_profile(size)
    tokenizer = load_tokenizer(ASSETS / "pocket" / "tokenizer")
    names = special_tokens(profile.bridge.semantic_tokens, profile.bridge.residual_tokens)
    tokenizer.add_tokens([name for name in names if name not in tokenizer.get_vocab()])
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=4 * size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.hidden // 64,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    llm = add_adapter(Qwen2ForCausalLM(config), profile.director, [])
    codec = OobleckCodec(
        AutoencoderOobleck(encoder_hidden_size=min(16, size.codec), decoder_channels=size.codec),
        tile=profile.performer.window_frames if text else TILE,
    )
    model = AudioStory(profile, llm, tokenizer, codec, "")
    if merged:
        model.llm = model.llm.merge_and_unload()
    encoder = T5EncoderModel(_text_config(size)).eval().requires_grad_(False) if text else None
    return model.eval().requires_grad_(False), encoder


def _text_config(size: Size) -> T5Config:
    return T5Config(
        vocab_size=32128,
        d_model=WIDTH,
        d_kv=64,
        d_ff=1024,
        num_layers=size.text_layers,
        num_heads=8,
        feed_forward_proj="gated-gelu",
    )


class ScriptedHead(nn.Module):
    """An output head whose scores are computed, and then make the script's next token win."""

    def __init__(self, head: nn.Module, script: Sequence[int]):
        super().__init__()
        self.head = head
        self.script = list(script)
        self.calls = 0

    def forward(self, states: Tensor) -> Tensor:
        scores = torch.as_tensor(self.head(states))
        token = self.script[min(self.calls, len(self.script) - 1)]
        scores[..., token] = scores.max() + 1.0
        self.calls += 1
        return scores


def script(model: AudioStory, *, forced: bool) -> list[int]:
    """The turn to be written, with or without the tokens that are forced anyway."""
    text = plan_text(REASONING, _EVENTS, model.span).removeprefix(THINK)
    ids = model.encode(text)
    span = model.ids.span
    begins = {span[0], span[len(model.ids.semantic) + 2]}
    return ids if forced else [i for i in ids if i not in span or i in begins]


def _put_script(model: AudioStory, *, forced: bool) -> None:
    whole = model.llm.get_base_model() if hasattr(model.llm, "get_base_model") else model.llm
    whole.lm_head = ScriptedHead(whole.lm_head, script(model, forced=forced))


def run_exact(model: AudioStory, steps: int) -> tuple[float, float, float]:
    """Our exact mode: seconds of the director, of the rest, and audible."""
    _put_script(model, forced=False)
    begun = time.perf_counter()
    draft = plan_exactly(model, _INSTRUCTION, TOTAL)
    drafted = time.perf_counter()
    done = render_exactly(model, draft, _SEED, RenderSettings(steps, 4.0))
    audible = done.samples.shape[1] / RATE
    return drafted - begun, time.perf_counter() - drafted, audible


def run_default(model: AudioStory, steps: int) -> tuple[float, float, float]:
    """Our default mode: seconds of the director, of the rest, and audible."""
    _put_script(model, forced=False)
    begun = time.perf_counter()
    story = list(plan(model, _INSTRUCTION, TOTAL, _SEED))[-1].story
    assert story is not None
    drafted = time.perf_counter()
    ids = [event.id for event in story.events]
    takes = render_events(model, story, ids, RenderSettings(steps, 4.0))
    sources = {take.event_id: ArraySource(take.samples) for take in takes}
    audible = len(mix(story, sources, MixSettings(rate=model.sample_rate))) / model.sample_rate
    return drafted - begun, time.perf_counter() - drafted, audible


@torch.inference_mode()
def run_release(
    model: AudioStory, encoder: T5EncoderModel, steps: int
) -> tuple[float, float, float]:
    """The published procedure: token by token, event by event, 30 s of latents for each."""
    _put_script(model, forced=True)
    begun = time.perf_counter()
    written, states = _write_step_by_step(model)
    semantic, residual = _rows(model, written, states)
    bridged = model.bridge(semantic, residual)
    drafted = time.perf_counter()
    clips = []
    for number, event in enumerate(_EVENTS):
        seconds = event.duration + (CROSSFADE if number < len(_EVENTS) - 1 else 0.0)
        latents = _perform_alone(model, encoder, bridged.condition[number], seconds, steps)
        clips.append(_decode_whole(model.codec, latents, seconds))
    audible = join_clips(clips).shape[1] / RATE
    return drafted - begun, time.perf_counter() - drafted, audible


def _write_step_by_step(model: AudioStory) -> tuple[list[int], Tensor]:
    """Every token in a pass of its own; every layer's states are kept, as in the release."""
    prompt = model.encode(prompt_text(_INSTRUCTION, TOTAL) + THINK)
    spans = model.ids.span
    split = len(model.ids.semantic) + 2
    blocks = (spans[:split], spans[split:])
    ids = list(prompt)
    kept = []
    output = model.llm(input_ids=torch.tensor([ids]), use_cache=True, output_hidden_states=True)
    while True:
        kept.append(output.hidden_states)
        scores = output.logits[0, -1].clone()
        for block in blocks:
            if ids[-1] in block[:-1]:
                scores[block[block.index(ids[-1]) + 1]] = scores.max() + 10.0
            else:
                scores[torch.tensor(block[1:])] = 0.0
        ids.append(int(scores.argmax()))
        if ids[-1] == model.ids.turn_end:
            break
        output = model.llm(
            input_ids=torch.tensor([ids[-1:]]),
            cache=output.cache,
            use_cache=True,
            output_hidden_states=True,
        )
    return ids[len(prompt) :], torch.cat([s[-1][0] for s in kept])[len(prompt) :]


def _rows(model: AudioStory, written: Sequence[int], states: Tensor) -> tuple[Tensor, Tensor]:
    ids = torch.tensor(written[: len(states)])
    counts = len(model.ids.semantic), len(model.ids.residual)
    tokens = model.ids.semantic, model.ids.residual
    rows = [states[torch.isin(ids, torch.tensor(t))] for t in tokens]
    hidden = states.shape[-1]
    return rows[0].view(-1, counts[0], hidden), rows[1].view(-1, counts[1], hidden)


def _perform_alone(
    model: AudioStory, encoder: T5EncoderModel, condition: Tensor, seconds: float, steps: int
) -> Tensor:
    """30 s of latents (1, 645, 64) of one event, its negative encoded anew."""
    performer, tokens = flow_performer(model.performer), model.profile.bridge.semantic_tokens
    ids = torch.zeros(1, tokens, dtype=torch.long)
    ids[0, 0] = 1
    negative = encoder(input_ids=ids, attention_mask=ids).last_hidden_state
    both = torch.cat([negative, condition[None]])
    length = torch.tensor([seconds, seconds])
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps))
    torch.manual_seed(_SEED)
    latents = torch.randn(1, performer.window_frames, performer.latent_channels)
    for t in scheduler.timesteps:
        doubled = torch.cat([latents, latents])
        without, within = performer.velocity(doubled, t.expand(2) / 1000, both, length).chunk(2)
        velocity = without + 4.0 * (within - without)
        latents = scheduler.step(velocity, t, latents).prev_sample
    return latents


def _decode_whole(codec: Codec, latents: Tensor, seconds: float) -> np.ndarray:
    wave = codec.decode(latents, seed=0)[0].numpy()
    wave = wave[:, : int(seconds * codec.sample_rate)]
    clip = np.asarray(soxr.resample(wave.T, codec.sample_rate, RATE).T, dtype=np.float32)
    return clip[:, : math.ceil(wave.shape[1] * RATE / codec.sample_rate)]
