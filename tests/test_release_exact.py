"""Our exact run against the published procedure, stated here once more, line by line.

The straight-line statement below reads the downloaded files by itself and shares no code with
core/: it generates step by step, renders one event after another and decodes all 30 s.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from diffusers import AutoencoderOobleck, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from small_release import (
    ALPHA,
    RANK,
    RESIDUAL,
    ROWS,
    SEMANTIC,
    STORIES,
    Downloads,
    as_peft,
    language_model,
    one_file,
    projector,
    random_parts,
    small_codec,
    small_t5,
    small_tokenizer,
    three_shards,
    write_downloads,
)
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, T5EncoderModel

from core import cli
from core.audiostory import AudioStory, load_audiostory
from core.director.plan import plan
from core.director.published import read_draft
from core.errors import PlanError, RenderError
from core.placement import Placement
from core.profile import RenderSettings, load_profile
from core.release.exact import plan_exactly, render_exactly, story_of_plan
from core.release.importer import import_release
from core.release.shards import read_weights
from core.release.sizes import Sources, codec_shape
from core.render.beginnings import Beginning
from core.render.render import render_events
from core.story.limits import MIN_DURATION
from core.story.story import Story
from core.story.take import Start

STEPS, GUIDANCE, SEED = 2, 4.0, 11


@dataclass(frozen=True)
class Restated:
    """What the published procedure gives."""

    ids: list[int]
    captions: list[str]
    condition: Tensor
    latents: Tensor
    wave: np.ndarray


def released_language_model(downloads: Downloads, weights: dict[str, Tensor]) -> nn.Module:
    config = Qwen2Config.from_pretrained(downloads.llm)
    settings = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=[
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ],
        modules_to_save=["input_layernorm", "post_attention_layernorm", "norm"],
        task_type="CAUSAL_LM",
    )
    config.vocab_size = ROWS
    model = get_peft_model(Qwen2ForCausalLM(config), settings)
    own = {k.removeprefix("seedx.llm."): v for k, v in weights.items() if k.startswith("seedx.llm")}
    model.load_state_dict(own, strict=True)
    return model.eval()


def released_tokenizer(downloads: Downloads) -> PreTrainedTokenizerFast:
    """The stock tokenizer, and the keys of `added_tokens.json` in their order."""
    folder = downloads.model / "tokenizer"
    stock = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=stock, clean_up_tokenization_spaces=False)
    tokenizer.add_tokens(list(json.loads((folder / "added_tokens.json").read_text())))
    return tokenizer


@torch.no_grad()
def restate(
    downloads: Downloads, count: int, crossfade: float = 3.0, rate: int = 32000
) -> Restated:
    """The procedure of the release in a straight line."""
    story = STORIES[count]
    weights = torch.load(downloads.model / "pytorch_model.bin", weights_only=True)
    part = lambda p: {k[len(p) :]: v for k, v in weights.items() if k.startswith(p)}  # noqa: E731
    tokenizer = released_tokenizer(downloads)
    llm = released_language_model(downloads, weights)

    number = tokenizer.convert_tokens_to_ids
    spans = [
        [number("<t5>"), *(number(f"<t5_{i:05d}>") for i in range(SEMANTIC)), number("</t5>")],
        [number("<aud>"), *(number(f"<aud_{i:05d}>") for i in range(RESIDUAL)), number("</aud>")],
    ]
    prompt = tokenizer(story.prompt, add_special_tokens=False)["input_ids"]
    ids, rows = list(prompt), []
    out = llm(input_ids=torch.tensor([ids]), output_hidden_states=True, use_cache=True)
    while True:
        rows.append(out.hidden_states[-1][0])
        scores = out.logits[0, -1].clone()
        for span in spans:
            if ids[-1] in span[:-1]:
                scores[span[span.index(ids[-1]) + 1]] = scores.max() + 10.0
            else:
                scores[torch.tensor(span[1:])] = 0.0
        ids.append(int(scores.argmax()))
        if ids[-1] == number("<|im_end|>") or len(ids) == len(prompt) + 1600:
            break
        fed = torch.tensor([ids[-1:]])
        cache = out.cache
        out = llm(input_ids=fed, cache=cache, output_hidden_states=True, use_cache=True)
    states = torch.cat(rows)[len(prompt) :]
    written = ids[len(prompt) :]

    to_semantic, to_residual = projector(64, 64), projector(64, 64)
    to_semantic.load_state_dict(part("seedx.projector."))
    to_residual.load_state_dict(part("seedx.audio_projector."))
    attention = nn.MultiheadAttention(64, 8)
    attention.load_state_dict(part("multihead_attention."))
    begins = [i for i, t in enumerate(written) if t == number("<|gen|>")]
    semantic_ends = [i for i, t in enumerate(written) if t == spans[0][-1]]
    residual_ends = [i for i, t in enumerate(written) if t == spans[1][-1]]
    s = to_semantic(torch.stack([states[e - SEMANTIC : e] for e in semantic_ends]))
    r = to_residual(torch.stack([states[e - RESIDUAL : e] for e in residual_ends]))
    mixed, _ = attention(s.transpose(0, 1), r.transpose(0, 1), r.transpose(0, 1))
    condition = (s + mixed.transpose(0, 1)) / 5.0
    captions = [
        tokenizer.decode(written[b + 1 : e - SEMANTIC - 1])
        for b, e in zip(begins, semantic_ends, strict=True)
    ]

    text = T5EncoderModel(small_t5()).eval()
    text.load_state_dict(part("tangoflux.text_encoder."))
    empty = torch.zeros(1, SEMANTIC, dtype=torch.long)
    empty[0, 0] = 1
    negative = text(input_ids=empty, attention_mask=empty)[0]
    fc = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
    fc.load_state_dict(part("tangoflux.fc."))
    dit = FluxTransformer2DModel(
        in_channels=64,
        num_layers=1,
        num_single_layers=2,
        attention_head_dim=128,
        num_attention_heads=1,
        joint_attention_dim=64,
        pooled_projection_dim=64,
    ).eval()
    dit.load_state_dict(part("tangoflux.transformer."))
    fourier = weights["tangoflux.duration_emebdder.time_positional_embedding.0.weights"]
    linear = nn.Linear(257, 64)
    linear.load_state_dict(part("tangoflux.duration_emebdder.time_positional_embedding.1."))
    codec = small_codec()
    codec.load_state_dict(load_file(downloads.flux / "model.safetensors"))

    clips, latents = [], []
    for i in range(len(captions)):
        seconds = float(captions[i].split("<timestamp>")[1].split("</timestamp>")[0])
        seconds += crossfade if i < len(captions) - 1 else 0.0
        value = torch.tensor([min(max(seconds, 0.0), 30.0) / 30.0])[:, None]
        turns = value * fourier[None] * 2 * math.pi
        duration = linear(torch.cat([value, turns.sin(), turns.cos()], dim=-1))[:, None]
        both = torch.cat([negative, condition[i : i + 1]])
        pooled = fc(both.mean(dim=1))
        both = torch.cat([both, duration.repeat(2, 1, 1)], dim=1)
        scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / STEPS, STEPS))
        torch.manual_seed(SEED)
        x = torch.randn(1, 645, 64)
        for t in scheduler.timesteps:
            v = dit(
                hidden_states=torch.cat([x] * 2),
                timestep=torch.tensor([t / 1000]),
                pooled_projections=pooled,
                encoder_hidden_states=both,
                txt_ids=torch.zeros(SEMANTIC + 1, 3),
                img_ids=torch.arange(645)[:, None].repeat(1, 3),
                return_dict=False,
            )[0]
            without, within = v.chunk(2)
            x = scheduler.step(without + GUIDANCE * (within - without), t, x).prev_sample
        latents.append(x[0])
        wave = codec.decode(x.transpose(2, 1)).sample[0][:, : int(seconds * 44100)].numpy()
        n = math.ceil(wave.shape[1] * rate / 44100)
        clip = np.stack([soxr.resample(channel, 44100, rate) for channel in wave])
        clips.append(np.pad(clip, ((0, 0), (0, max(0, n - clip.shape[1]))))[:, :n])
    whole, n = clips[0], int(crossfade * rate)
    for clip in clips[1:]:
        if whole.shape[1] < n or clip.shape[1] < n:
            whole = np.concatenate([whole, clip], axis=1)
        else:
            fade = np.linspace(0.0, 1.0, n)
            lap = whole[:, -n:] * (1.0 - fade) + clip[:, :n] * fade
            whole = np.concatenate([whole[:, :-n], lap, clip[:, n:]], axis=1)
    return Restated(written, captions, condition, torch.stack(latents), whole)


@pytest.fixture(scope="module")
def trained() -> Qwen2ForCausalLM:
    return language_model(small_tokenizer())


@pytest.fixture(scope="module")
def downloads(trained: Qwen2ForCausalLM, tmp_path_factory: pytest.TempPathFactory) -> Downloads:
    folder = tmp_path_factory.mktemp("downloads")
    return write_downloads(folder, as_peft(trained, new=True) | random_parts(), trained)


@pytest.fixture(scope="module")
def imported(downloads: Downloads, tmp_path_factory: pytest.TempPathFactory) -> AudioStory:
    out = tmp_path_factory.mktemp("profiles") / "small"
    import_release(Sources(**vars(downloads)), out, report=lambda line: None)
    return load_audiostory(load_profile(str(out)))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_an_exact_run_gives_what_the_published_procedure_gives(
    downloads: Downloads, imported: AudioStory, count: int
) -> None:
    story = STORIES[count]
    right = restate(downloads, count)
    draft = plan_exactly(imported, story.instruction, story.total)
    assert list(draft.ids) == right.ids
    assert len(draft.captions) == count
    assert torch.allclose(draft.condition, right.condition, atol=1e-5, rtol=0)
    settings = RenderSettings(STEPS, GUIDANCE)
    ours = render_exactly(imported, draft, SEED, settings)
    assert torch.allclose(ours.latents, right.latents, atol=1e-5, rtol=0)
    assert ours.samples.shape == right.wave.shape
    assert np.abs(ours.samples - right.wave).max() < 1e-4
    assert right.latents.std() > 0.5
    assert right.wave.std() > 0.01


def test_another_cross_fade_and_rate_give_what_the_published_command_gives(
    downloads: Downloads, imported: AudioStory, tmp_path: Path
) -> None:
    """On the command line, where every other option is the release's default: noise seed 0."""
    right = restate(downloads, 3, crossfade=0.5, rate=16000)
    wave, story = tmp_path / "story.wav", tmp_path / "story.json"
    asked = ["render", f" {STORIES[3].instruction} ", "--duration", "7.5", "--exact"]
    asked += ["--profile", str(imported.profile.folder), "--seed", str(SEED)]
    asked += ["--steps", str(STEPS), "--crossfade-sec", "0.5", "--target-sr", "16000"]
    asked += ["--total-seconds-as-float", "--out", str(wave), "--story", str(story)]
    assert cli.main(asked, serve=lambda _: None) == 0
    samples, rate = soundfile.read(wave, always_2d=True)
    assert rate == 16000
    assert samples.T.shape == right.wave.shape
    assert np.abs(samples.T - right.wave).max() < 1e-4
    assert [event.duration for event in Story.load(story).events] == [2.5, 4.0, 1.0]


def test_a_length_of_nought_or_less_is_rendered_as_the_release_does(imported: AudioStory) -> None:
    """0 s before the last event are the 3 s of the cross-fade; below 0 the end of 30 s is cut."""
    draft = plan_exactly(imported, STORIES[3].instruction, STORIES[3].total)
    settings = RenderSettings(1, GUIDANCE)
    nought = replace(draft, durations=(0.0, -1.0, 0.0))
    assert render_exactly(imported, nought, 0, settings).samples.shape == (2, (3 + 2) * 32000)
    below = replace(
        draft,
        captions=draft.captions[:2],
        durations=(1.0, -1.0),
        condition=draft.condition[:2],
    )
    cut = math.ceil((645 * 2048 - 44100) * 32000 / 44100)
    sound = render_exactly(imported, below, 0, settings).samples
    assert sound.shape == (2, (1 + 3) * 32000 + cut - 3 * 32000)
    story = story_of_plan(nought, "small", "story 3", 0)
    assert [event.duration for event in story.events] == [MIN_DURATION] * 3
    assert len(story.corrections) == 3
    with pytest.raises(RenderError, match="any length"):
        render_exactly(
            imported,
            replace(draft, captions=("rain",), durations=(0.0,), condition=draft.condition[:1]),
            0,
            settings,
        )


def test_without_an_end_of_its_reasoning_an_exact_run_gives_up(imported: AudioStory) -> None:
    turn = STORIES[3].turn
    for text, written in ((turn, True), (turn.replace("<|/think|>", ""), False)):
        ids = imported.encode(text)
        states = torch.zeros(len(ids), 64)
        assert len(read_draft(imported, ids, states).captions) == 3
        if written:
            assert len(read_draft(imported, ids, states, as_released=True).captions) == 3
        else:
            with pytest.raises(PlanError, match=r"<\|/think\|>"):
                read_draft(imported, ids, states, as_released=True)


def test_the_director_stops_after_as_many_tokens_as_it_may_write(imported: AudioStory) -> None:
    with pytest.raises(PlanError):
        plan_exactly(imported, STORIES[3].instruction, 7.5, max_new_tokens=12)
    whole = plan_exactly(imported, STORIES[3].instruction, 7.5)
    cut = len(whole.ids) - 2
    part = plan_exactly(imported, STORIES[3].instruction, 7.5, max_new_tokens=cut)
    assert part.ids == whole.ids[:cut]
    assert part.captions == whole.captions


def test_condition_and_guidance_matter_in_what_is_compared(imported: AudioStory) -> None:
    """Otherwise equal latents would prove nothing about the text encoder or the bridge."""
    draft = plan_exactly(imported, STORIES[3].instruction, STORIES[3].total)
    noise = {"frames": 645, "seeds": [SEED]}

    def latents(condition: Tensor, guidance: float, seconds: float = 5.0) -> Tensor:
        settings = RenderSettings(STEPS, guidance)
        return imported.performer.render(condition, [seconds], settings=settings, **noise)

    first, second = draft.condition[:1], draft.condition[1:2]
    usual = latents(first, GUIDANCE)
    for other in (latents(second, GUIDANCE), latents(first, 2.0), latents(first, GUIDANCE, 9.0)):
        assert (usual - other).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("new", "merge", "shards"), [(False, False, False), (True, True, False), (False, True, True)]
)
def test_every_layout_of_the_checkpoint_gives_one_model(
    trained: Qwen2ForCausalLM,
    imported: AudioStory,
    tmp_path: Path,
    new: bool,
    merge: bool,
    shards: bool,
) -> None:
    """Older and newer peft names, an adapter or merged weights, one file or three."""
    weights = as_peft(trained, new=new) | random_parts()
    save = three_shards if shards else one_file
    found = write_downloads(tmp_path / "downloads", weights, trained, save)
    out = tmp_path / "profile"
    profile = import_release(Sources(**vars(found)), out, merge=merge, report=lambda line: None)
    assert (out / "director.safetensors").exists() != merge
    assert profile.director.lora_rank == (0 if merge else RANK)
    other = load_audiostory(load_profile(str(out)))
    for name, value in imported.state_dict().items():
        assert torch.allclose(other.state_dict()[name], value, atol=1e-6), name


def test_the_studio_plans_and_renders_with_the_imported_model(imported: AudioStory) -> None:
    """The same code as with the pocket model: native stereo, latents as long as needed."""
    story = list(plan(imported, STORIES[3].instruction, 7.5, seed=1))[-1].story
    assert story is not None
    take = next(render_events(imported, story, [story.events[0].id], RenderSettings(2, GUIDANCE)))
    seconds = take.take.duration + take.take.tail
    assert take.samples.shape == (2, round(seconds * 44100))
    assert take.samples.std() > 0.01
    assert take.take.weights == imported.profile.checkpoint[:16]


def test_what_is_silenced_outside_of_a_span_scores_nought_and_can_win(imported: AudioStory) -> None:
    """The release writes 0 there, which beats negative scores; the span then goes on from there."""
    from core.director.published import ForcedSpans

    ids = imported.ids
    rules = ForcedSpans(ids, [1, 2], [], limit=100, repetition=1.0)
    scores = torch.full((ROWS,), -1.0)
    scores[ids.gen] = 0.5
    assert rules.choose(scores) == ids.gen
    scores[ids.gen] = -0.5
    chosen = rules.choose(scores)
    assert chosen == min(t for t in ids.span if t not in (ids.span[0], ids.span[SEMANTIC + 2]))
    rules.advance([ids.semantic[12]])
    assert rules.forced == (*ids.semantic[13:], ids.span[SEMANTIC + 1])


def test_tokens_seen_before_are_penalised_as_the_base_model_asks() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    from core.director.published import penalised

    scores, seen = torch.randn(50), [3, 7, 7, 20]
    theirs = RepetitionPenaltyLogitsProcessor(1.05)(torch.tensor([seen]), scores[None].clone())[0]
    assert torch.equal(penalised(scores, seen, 1.05), theirs)


@pytest.mark.parametrize("frames", [1, 100, 161, 400])
def test_tiles_of_the_codec_leave_no_seam(imported: AudioStory, frames: int) -> None:
    latents = torch.randn(1, frames, 64, generator=torch.Generator().manual_seed(frames))
    whole = imported.codec.autoencoder.decode(latents.transpose(1, 2)).sample
    tiled = imported.codec.decode(latents, seed=0)
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().max() < 1e-5
    assert whole.std() > 0.01


def test_a_codec_remembers_nothing_beyond_its_reach(imported: AudioStory) -> None:
    """The overlap of the tiles is as long as it has to be, and not one frame longer is needed."""
    codec = imported.codec
    first = torch.randn(1, 80, 64, generator=torch.Generator().manual_seed(0))
    second = first.clone()
    second[:, 40] += 1.0
    changed = (codec.decode(first, 0) - codec.decode(second, 0))[0].abs().amax(0)
    places = changed.nonzero()[:, 0] // codec.hop
    assert 40 - codec.reach <= places.min() <= places.max() <= 40 + codec.reach
    assert places.max() > 40 + codec.reach - 3


def test_the_imported_ear_hears_as_whisper_and_its_projector_do(
    downloads: Downloads, imported: AudioStory
) -> None:
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

    sound = torch.randn(2, 44100 * 2, generator=torch.Generator().manual_seed(0)) * 0.1
    assert imported.listener is not None
    heard = imported.listener.hear(sound, 44100)
    mono = soxr.resample(sound.mean(0).numpy(), 44100, 16000)
    extractor = WhisperFeatureExtractor.from_pretrained(downloads.whisper)
    features = extractor(mono, sampling_rate=16000, return_tensors="pt")["input_features"]
    whisper = WhisperForConditionalGeneration.from_pretrained(downloads.whisper).float().eval()
    with torch.no_grad():
        states = whisper.model.encoder(features).last_hidden_state
        pooled = nn.AdaptiveAvgPool2d([10, 32])(states)
        weights = torch.load(downloads.model / "pytorch_model.bin", weights_only=True)
        prefix = "seedx.whisper_resampler_llava.aud_projector."
        mine = projector(32, 64)
        mine.load_state_dict(
            {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        )
        right = mine(pooled)[0]
    assert heard.shape == (10, 64)
    assert torch.allclose(heard, right, atol=1e-5)


def test_a_sound_takes_the_places_of_its_tokens_in_the_prompt(imported: AudioStory) -> None:
    ids = torch.tensor([1, 2, *[9] * 10, 3])
    heard = torch.randn(10, 64)
    embedded = imported.embedded(ids, 9, [heard])
    table = imported.llm.get_input_embeddings().weight
    assert torch.equal(embedded[0, 2:12], heard)
    assert torch.equal(embedded[0, 12], table[3])


def test_events_rendered_together_are_those_rendered_alone(imported: AudioStory) -> None:
    draft = plan_exactly(imported, STORIES[3].instruction, STORIES[3].total)
    settings = RenderSettings(STEPS, GUIDANCE)
    batches: list[int] = []

    def on_step(first: int, step: int) -> None:
        batches.append(first)

    alone = render_exactly(imported, draft, SEED, settings, on_step=on_step)
    assert set(batches) == {0, 1, 2}
    batches.clear()
    usual = imported.placement
    imported.placement = Placement(events=2)
    together = render_exactly(imported, draft, SEED, settings, on_step=on_step)
    imported.placement = usual
    assert set(batches) == {0, 2}
    assert torch.allclose(together.latents, alone.latents, atol=1e-5)


def test_the_cached_variant_is_near_and_never_exact(
    downloads: Downloads, imported: AudioStory
) -> None:
    folder = imported.profile.folder
    variant = load_audiostory(load_profile(str(folder / "cached.toml")))
    draft = plan_exactly(variant, STORIES[1].instruction, STORIES[1].total)
    with pytest.raises(RenderError, match="not exact"):
        render_exactly(variant, draft, SEED, RenderSettings(2, GUIDANCE))
    assert variant.performer.config.cache == 0.05
    variant.performer.config = replace(variant.performer.config, cache=0.6)
    settings = RenderSettings(30, GUIDANCE)
    runs = [
        model.performer.render(draft.condition, [2.5], 54, [SEED], settings)
        for model in (imported, variant, variant)
    ]
    off = (runs[0] - runs[1]).norm() / runs[0].norm()
    assert 0.0 < off < 0.3
    assert torch.equal(runs[1], runs[2])


def test_stages_take_turns_where_they_do_not_fit_together(imported: AudioStory) -> None:
    """On the CPU in double precision, so that a stage that came can be told from one that left."""
    usual = imported.placement
    imported.place(Placement(dtype=torch.float64, staged=True))
    assert imported.bridge.fuser.in_proj_weight.dtype == torch.float64
    assert imported.performer.negative.dtype == torch.float32
    imported.ready("performer")
    assert imported.performer.negative.dtype == torch.float64
    imported.float()
    imported.placement = usual


def test_in_half_precision_it_plans_hears_renders_and_varies(imported: AudioStory) -> None:
    """What a graphics card computes in; the codec stays in single precision."""
    folder = str(imported.profile.folder)
    model = load_audiostory(load_profile(folder), Placement(dtype=torch.bfloat16))
    story = list(plan(model, STORIES[3].instruction, 7.5, seed=1))[-1].story
    assert story is not None
    assert model.listener is not None
    heard = model.listener.hear(torch.randn(2, 44100), 44100)
    assert heard.dtype == torch.bfloat16
    assert heard.isfinite().all()
    first, settings = story.events[0], RenderSettings(3, GUIDANCE)
    take = next(render_events(model, story, [first.id], settings))
    start = Start("sound", take.take.key, 0.5, seed=1, grain=1)
    known = model.codec.encode(torch.from_numpy(take.samples)[None])[0]
    begun = {first.id: Beginning(start, known)}
    varied = next(render_events(model, story, [first.id], settings, beginnings=begun))
    assert varied.samples.shape == take.samples.shape
    assert not np.array_equal(varied.samples, take.samples)


def test_the_shape_of_the_codec_is_read_from_its_weights(downloads: Downloads) -> None:
    """The published configuration does not tell it."""
    assert "decoder_channels" not in json.loads((downloads.flux / "config.json").read_text())
    shape = codec_shape(read_weights(downloads.flux, ("model",)))
    theirs = small_codec().config
    assert shape == {name: theirs[name] for name in shape}
    AutoencoderOobleck(**shape).load_state_dict(load_file(downloads.flux / "model.safetensors"))
