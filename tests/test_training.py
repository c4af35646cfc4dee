"""Every training stage, tiny and on the CPU: losses fall, runs resume, ablations switch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from core.audiostory import AudioStory, build_audiostory
from core.bridge.lexicon import Lexicon
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.codec.kinds import load_codec
from core.corpus.captions import Caption
from core.corpus.examples import Examples
from core.corpus.modifiers import USUAL, Modifiers
from core.corpus.vocabulary import CLASSES
from core.errors import WeightsError
from core.language.adapter import load_adapter
from core.language.stream import GEN, THINK_END, TIME, TIME_END, PlannedEvent
from core.performer.flow import integrate, shifted, sigmas
from core.performer.flow_performer import FAST_WEIGHTS, flow_performer, seeded_noise
from core.performer.kinds import build_performer
from core.profile import Profile, load_profile
from core.training.bridging import Performances, train_stage_one, warm_up
from core.training.command import PUBLISHED, draw_back, started
from core.training.curves import keep_record
from core.training.distil import steps_of_student, teachers_slope, train_fast
from core.training.lesson import Ablation, Lesson
from core.training.loop import TrainingRun, schedule, train
from core.training.objective import LAMBDA, Objective
from core.training.pretrain import flow_loss, pretrain
from core.training.publish import publish
from core.training.sounds import EventSounds
from core.training.stages import STAGES, stage_lessons, train_stage
from core.training.states import NO_EXAMPLE, SHARD, BridgingStates, collect, lesson, read_states

RATE = 44100
LESSON = Lesson(
    "rain, then a dog",
    6.0,
    "Two events, calm. 1. rain (4 s, calm). 2. a dog (2 s, calm).",
    (PlannedEvent("rain falling", 4.0), PlannedEvent("a dog barking", 2.0)),
    (("rain",), ("dog",)),
    ("rain falling", "a dog barking"),
)


@pytest.fixture(scope="module")
def profile() -> Profile:
    """The tiny profile on the real text encoder's width."""
    tiny = load_profile("tiny")
    return replace(
        tiny,
        bridge=replace(tiny.bridge, width=384),
        performer=replace(tiny.performer, condition_width=384),
    )


@pytest.fixture(scope="module")
def examples() -> Examples:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(len(CLASSES), 192, 64, generator=generator).half() + 1.0
    return Examples(
        latents,
        [[Caption(c.caption, c.caption)] for c in CLASSES],
        [[c.name] for c in CLASSES],
        [c.kind == "spot" for c in CLASSES],
        [150 if number % 2 else 0 for number in range(len(CLASSES))],
        [USUAL] * len(CLASSES),
    )


@pytest.fixture(scope="module")
def sounds(examples: Examples) -> EventSounds:
    return EventSounds(examples, torch.ones(64), 2048 / RATE)


def with_adapter(profile: Profile) -> AudioStory:
    return build_audiostory(profile, adapter=True)


def losses_of(folder: Path, name: str) -> list[float]:
    rows = [line.split(",") for line in (folder / "losses.csv").read_text().splitlines()]
    return [float(value) for _, _, term, value in rows if term == name]


def test_the_performer_learns_on_captions(
    profile: Profile, examples: Examples, tmp_path: Path
) -> None:
    """Its loss is compared with that of one that does not learn, on the same batches."""
    flow = {}
    for rate in (1e-3, 0.0):
        run = TrainingRun(steps=30, rate=rate, warmup=5, average=0.9)
        folder = tmp_path / str(rate)
        performer = pretrain(profile, examples, torch.ones(64), 2048 / RATE, run, folder)
        flow[rate] = losses_of(folder, "flow")
        empty = TextEncoder(profile.bridge.semantic_tokens)([""])
        assert torch.equal(performer.negative, empty)
    assert flow[1e-3][-1] < flow[0.0][-1], flow


def test_every_term_counts_by_its_weight(tmp_path: Path) -> None:
    """L = λ_mse MSE + λ_text CE + λ_reason CE(reasoning) + λ_flow L_flow (paper, section 3.3)."""
    assert LAMBDA == {"mse": 1.0, "text": 1.0, "flow": 0.2, "reason": 0.4}
    model = nn.Linear(1, 1, bias=False)

    def losses(generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        weight = model.weight.sum()
        yield {"up": -weight, "down": weight}

    for number, up in enumerate((2.0, 0.5)):
        before = float(model.weight.detach())
        run = TrainingRun(5, 1e-2, warmup=1, average=0.0)
        train(model, losses, {"up": up, "down": 1.0}, run, tmp_path / str(number))
        assert (float(model.weight.detach()) > before) == (up > 1.0)


@pytest.mark.parametrize("name", list(STAGES))
def test_every_stage_trains_and_its_language_loss_falls(
    name: str, profile: Profile, sounds: EventSounds, tmp_path: Path
) -> None:
    model = with_adapter(profile)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    stage = replace(STAGES[name], lessons=2, kept=min(1, STAGES[name].kept))
    train_stage(model, stage, sounds, TrainingRun(20, 5e-3, warmup=2, average=0.5), tmp_path)
    text = losses_of(tmp_path, "text")
    assert text[-1] < text[0]
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert any("lora_B" in n for n in moved)
    assert any("semantic_projector" in n for n in moved)
    assert any(n.startswith("performer.") for n in moved) == stage.flow
    assert not any("base_layer" in n for n in moved)
    assert any("layers.0." in n or "embed_tokens" in n for n in moved) == (stage.kept == 0)


def test_captions_are_read_for_what_they_mean_and_not_learned_by_heart(
    profile: Profile, sounds: EventSounds
) -> None:
    model = with_adapter(profile)
    captions = [[Caption("it pours", "steady rain falling")]]
    examples = Examples(sounds.examples.latents[:1], captions, [["rain"]], [False], [0], [USUAL])
    stage = replace(STAGES["meaning"], lessons=1, captions=9)
    given = list(stage_lessons(stage, examples, Random(0)))
    read = [lesson for lesson in given if not lesson.written]
    assert [lesson.written for lesson in given] == [True] + 9 * [False]
    means = {
        (event.caption, meant)
        for lesson in read
        for event, meant in zip(lesson.events, lesson.meant, strict=True)
    }
    assert ("it pours", "steady rain falling") in means
    objective = Objective(model, TextEncoder(4), None, Ablation())
    generator = torch.Generator().manual_seed(0)
    assert set(dict(objective.terms(given[0], generator))) == {"text", "reason"}
    assert set(dict(objective.terms(read[0], generator))) == {"mse"}


def test_a_stage_about_captions_asks_for_them(profile: Profile, tmp_path: Path) -> None:
    model = with_adapter(profile)
    with pytest.raises(WeightsError, match="--examples"):
        train_stage(model, STAGES["meaning"], None, TrainingRun(1, 1e-3), tmp_path)


@pytest.fixture(scope="module")
def states(profile: Profile, examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One shard of the tiny director's states."""
    folder = tmp_path_factory.mktemp("states")
    collect(with_adapter(profile).eval(), examples, folder, SHARD, Ablation())
    return folder


def test_the_states_are_those_of_the_whole_stream(
    profile: Profile, examples: Examples, states: Path
) -> None:
    model, kept = with_adapter(profile).eval(), BridgingStates.load(states)
    read = [lesson(examples, Random(index)) for index in range(SHARD)]
    captions = [Caption(e.caption, e.meant) for r in read for e in r.story.events]
    assert kept.captions == captions
    assert {bool(r.reasoning) for r in read} == {True, False}
    semantic, residual = read_states(model, read[3], Ablation())
    first = sum(len(r.story.events) for r in read[:3])
    assert torch.equal(kept.semantic[first : first + len(semantic)], semantic)
    assert torch.equal(kept.residual[first : first + len(residual)], residual)


def test_a_state_is_performed_by_the_example_it_was_written_for(
    examples: Examples, states: Path
) -> None:
    kept = BridgingStates.load(states)
    performances = Performances(kept, examples)
    written = 0
    for seed in range(20):
        drawn = performances.draw(torch.Generator().manual_seed(seed))
        assert drawn.controls is None, "of these sounds nothing more is known"
        rows = zip(drawn.events, drawn.captions, drawn.latents, drawn.frames, strict=True)
        for event, caption, window, length in rows:
            example = kept.examples[event]
            if example >= 0:
                assert kept.captions[event] in examples.captions[example]
                assert caption in [each.said for each in examples.captions[example]]
                cuts = examples.latents[example].float().unfold(0, len(window), 1)
                assert (cuts == window.T).all((1, 2)).any()
                assert length == min(len(window), examples.ends[example] or len(window))
                written += 1
    assert written > 50


def test_what_is_said_to_be_unusual_is_performed_by_sounds_that_are() -> None:
    dog, far = "a dog barking", Modifiers(distance="distant")
    meant = [dog, f"{dog} far away", f"{dog} far away", dog]
    kept = BridgingStates(
        torch.zeros(4, 2, 8).half(),
        torch.zeros(4, 2, 8).half(),
        [Caption(text, text) for text in meant],
        [("dog",)] * 4,
        [NO_EXAMPLE, NO_EXAMPLE, 0, 2],
    )
    latents = torch.arange(3.0)[:, None, None].expand(3, 192, 64).half()
    captions = [[Caption(dog, dog)]] * 3
    modifiers = [USUAL, far, far]
    among = Examples(latents, captions, [["dog"]] * 3, [False] * 3, [0] * 3, modifiers)
    heard: dict[int, set[int]] = {}
    for seed in range(40):
        batch = Performances(kept, among).draw(torch.Generator().manual_seed(seed))
        for event, window in zip(batch.events, batch.latents, strict=True):
            heard.setdefault(event, set()).add(int(window[0, 0]))
    assert heard == {0: {0}, 1: {1, 2}, 2: {1, 2}, 3: {2}}
    sounds = EventSounds(among, torch.ones(64), 2048 / RATE)
    lesson = replace(LESSON, classes=(("dog",), ("dog",)), meant=(dog, f"{dog} far away"))
    drawn = sounds.draw(lesson, torch.Generator().manual_seed(0))
    assert drawn is not None
    for event, window in zip(drawn.events, drawn.latents, strict=True):
        assert int(window[0, 0]) in ({0} if event == 0 else {1, 2})


def test_the_warm_up_aligns_the_semantic_tokens_alone(
    profile: Profile, states: Path, tmp_path: Path
) -> None:
    model = with_adapter(profile)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    warm_up(model, BridgingStates.load(states), TrainingRun(60, 3e-3, warmup=5), tmp_path)
    mse = losses_of(tmp_path, "mse")
    assert mse[-1] < 0.9 * mse[0]
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert {n.split(".")[1] for n in moved} == {"semantic_projector"}


@pytest.mark.parametrize("ablation", [Ablation(), Ablation(residual=False, semantic=False)])
def test_stage_one_trains_bridge_and_performer(
    profile: Profile, examples: Examples, states: Path, tmp_path: Path, ablation: Ablation
) -> None:
    model = with_adapter(profile)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    performances = Performances(BridgingStates.load(states), examples)
    run = TrainingRun(20, 1e-3, warmup=2, average=0.5)
    train_stage_one(model, performances, torch.ones(64), 2048 / RATE, run, tmp_path, ablation)
    flow = losses_of(tmp_path, "flow")
    assert flow[-1] < flow[0]
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert any("performer" in n for n in moved)
    assert any("semantic_projector" in n for n in moved)
    assert any("residual_projector" in n for n in moved) == ablation.residual
    assert bool(losses_of(tmp_path, "mse")) == ablation.semantic
    assert not any("llm" in n for n in moved)


def test_the_fast_transformer_learns_the_guided_steps_of_the_full_one(
    profile: Profile, examples: Examples, states: Path, tmp_path: Path
) -> None:
    model = with_adapter(profile)
    torch.manual_seed(0)
    for layer in (model.performer.transformer.proj_out, model.performer.pool[0]):
        nn.init.normal_(layer.weight, std=0.2)
    model.performer.negative.normal_()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    performances = Performances(BridgingStates.load(states), examples)
    run = TrainingRun(40, 2e-3, warmup=4, average=0.5)
    train_fast(model, performances, torch.ones(64), 2048 / RATE, run, tmp_path)
    flow = losses_of(tmp_path, "flow")
    assert flow[-1] < 0.9 * flow[0]
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters() if n in before)
    publish(model, tmp_path)
    assert model.performer.fast is not None
    assert load_file(tmp_path / FAST_WEIGHTS).keys() == model.performer.fast.state_dict().keys()
    full = load_file(tmp_path / "performer.safetensors")
    assert not any("fast" in name for name in full)


def test_a_fast_transformer_that_is_there_is_gone_on_with(
    profile: Profile, examples: Examples, states: Path, tmp_path: Path
) -> None:
    model = with_adapter(profile)
    student = model.performer.add_fast()
    nn.init.normal_(student.proj_out.weight, std=0.2)
    before = {n: p.detach().clone() for n, p in student.named_parameters()}
    performances = Performances(BridgingStates.load(states), examples)
    still = TrainingRun(1, 0.0)
    train_fast(model, performances, torch.ones(64), 2048 / RATE, still, tmp_path)
    assert model.performer.fast is student
    assert all(torch.equal(p, before[n]) for n, p in student.named_parameters())


@pytest.mark.parametrize("shift", [1.0, 2.0])
@pytest.mark.parametrize("steps", [4, 8])
def test_the_students_steps_are_the_samplers(steps: int, shift: float) -> None:
    begin, end = steps_of_student(4000, steps, shift, torch.Generator().manual_seed(0))
    lengths = shifted(begin, 1 / shift) - shifted(end, 1 / shift)
    assert torch.allclose(lengths, torch.full_like(begin, 1 / steps), atol=1e-6)
    assert begin.max() <= 1.0 + 1e-6
    assert end.min() >= 0.0
    levels = sigmas(steps, shift)
    assert levels[0] == 1.0
    on_grid = (begin[:, None] - levels[None]).abs().amin(1) < 1e-6
    assert 0.65 < on_grid.float().mean() < 0.75


def test_the_teacher_comes_nearer_to_the_end_than_euler_in_as_many_evaluations() -> None:
    profile = load_profile("pocket")
    performer = build_performer(profile).eval()
    performer.load(profile.folder)
    condition = TextEncoder(profile.bridge.semantic_tokens)(["rain falling", "a dog barking"])
    seconds, t, after = (torch.full((2,), value) for value in (2.0, 0.5, 0.375))

    def euler(x: Tensor, begin: float, end: float, steps: int) -> Tensor:
        def velocity(x: Tensor, t: Tensor) -> Tensor:
            return performer.guided_velocity(x, t, condition, seconds, 3.5)

        return integrate(velocity, x, torch.linspace(begin, end, steps + 1))

    with torch.no_grad():
        noisy = euler(seeded_noise([0, 1], 43, 64), 1.0, 0.5, 16)
        slope = teachers_slope(performer, noisy, t, after, condition, seconds, 3.5)
        reached = euler(noisy, 0.5, 0.375, 32)
        by_midpoint, by_euler = noisy - 0.125 * slope, euler(noisy, 0.5, 0.375, 2)
    assert (by_midpoint - reached).norm() < 0.6 * (by_euler - reached).norm()


def terms(model: AudioStory, sounds: EventSounds | None, ablation: Ablation) -> dict[str, Tensor]:
    tokens = model.profile.bridge.semantic_tokens
    objective = Objective(model, TextEncoder(tokens), sounds, ablation)
    return dict(objective.terms(LESSON, torch.Generator().manual_seed(1)))


def learned(model: AudioStory, objective: Objective, lesson: Lesson, term: str) -> str:
    """The text that a term of the loss teaches the director to write.

    Of the gradient of a cross-entropy by its logits only that of the target is negative.
    """
    logits: list[Tensor] = []
    hook = model.head.register_forward_hook(lambda _, __, output: logits.append(output))
    terms = dict(objective.terms(lesson, torch.Generator().manual_seed(1)))
    hook.remove()
    gradients = torch.autograd.grad(terms[term], logits, allow_unused=True)
    (gradient,) = [each for each in gradients if each is not None]
    assert ((gradient < 0).sum(-1) == 1).all()
    return str(model.tokenizer.decode(gradient.argmin(-1)))


def test_the_director_learns_its_own_words_and_not_what_it_looks_up(profile: Profile) -> None:
    model = with_adapter(profile)
    encoder = sentence_encoder()
    plain = ["water from the sky", "a hound", "by heart"]
    known = encoder.sentences(["a summer shower", "a terrier yapping", "rain falling"])
    model.lexicon = Lexicon(encoder, plain, torch.tensor([0, 1, 2]), known)
    objective = Objective(model, TextEncoder(4), None, Ablation())
    read = str(model.tokenizer.decode(objective._stream(LESSON).ids))
    assert f"{TIME_END}water from the sky" in read
    assert f"{TIME_END}a hound" in read
    written = f"{GEN}rain falling{TIME}4{TIME_END}{GEN}a dog barking{TIME}2{TIME_END}<|im_end|>"
    assert learned(model, objective, LESSON, "text") == written
    assert learned(model, objective, LESSON, "reason") == LESSON.reasoning + THINK_END
    planning = replace(LESSON, bridging=False)
    assert learned(model, objective, planning, "text") == written


def test_semantic_tokens_are_aligned_on_the_bridges_own_level(
    profile: Profile, sounds: EventSounds
) -> None:
    """L_mse = |scale T_semantic^gt - T_semantic|^2, in stage III as in the warm-up."""
    scaled = replace(profile, bridge=replace(profile.bridge, scale=1.7))
    model = with_adapter(scaled)
    constant = torch.linspace(-1.0, 1.0, 384)
    with torch.no_grad():
        last = model.bridge.semantic_projector[-1]
        last.weight.zero_()
        last.bias.copy_(constant)
    targets = TextEncoder(4)(LESSON.meant)
    expected = (1.7 * targets - constant).square().mean()
    assert (targets - constant).square().mean() != pytest.approx(float(expected), rel=0.1)
    found = terms(model, sounds, Ablation())["mse"].detach()
    torch.testing.assert_close(found, expected)


def test_the_condition_is_dropped_in_a_tenth_of_the_items_as_a_whole(profile: Profile) -> None:
    torch.manual_seed(0)
    performer = flow_performer(build_performer(profile))
    performer.negative.normal_()
    count = 1500
    latents = torch.randn(count, 6, 64)
    condition = torch.randn(count, 4, 384, requires_grad=True)
    seconds = torch.ones(count)

    def loss() -> Tensor:
        generator = torch.Generator().manual_seed(3)
        return flow_loss(performer, latents, condition, seconds, torch.ones(64), generator)

    (gradient,) = torch.autograd.grad(loss(), condition)
    heard = gradient.abs().sum(2) > 0
    assert torch.equal(heard.any(1), heard.all(1))
    assert 0.07 < 1.0 - heard.any(1).float().mean() < 0.13
    before = float(loss())
    performer.negative.mul_(-3.0)
    assert float(loss()) != pytest.approx(before, rel=1e-6)


def test_residual_tokens_learn_through_the_diffusion_loss_alone(
    profile: Profile, sounds: EventSounds
) -> None:
    model = with_adapter(profile)
    losses = terms(model, sounds, Ablation())
    assert set(losses) == {"text", "reason", "mse", "flow"}
    weight = model.bridge.residual_projector[0].weight
    for name, touches in (("mse", False), ("text", False), ("reason", False), ("flow", True)):
        (gradient,) = torch.autograd.grad(
            losses[name], weight, retain_graph=True, allow_unused=True
        )
        assert (gradient is not None and gradient.abs().sum() > 0) == touches


@pytest.mark.parametrize(
    ("ablation", "missing"),
    [
        (Ablation(reasoning=False), "reason"),
        (Ablation(semantic=False), "mse"),
        (Ablation(captions=False), ""),
        (Ablation(residual=False), ""),
    ],
)
def test_the_papers_ablations_switch_their_term(
    profile: Profile, sounds: EventSounds, ablation: Ablation, missing: str
) -> None:
    model = with_adapter(profile)
    full, ablated = terms(model, sounds, Ablation()), terms(model, sounds, ablation)
    assert set(ablated) == set(full) - {missing}
    assert missing == "mse" or not torch.equal(ablated["flow"], full["flow"])


ABLATIONS = {
    "reasoning": ("reason", "lora"),
    "captions": ("", "lora"),
    "residual": ("", "residual_projector"),
    "semantic": ("mse", "semantic_projector"),
}


@pytest.mark.parametrize("switch", list(ABLATIONS))
def test_every_ablation_trains_to_its_end(
    switch: str, profile: Profile, sounds: EventSounds, tmp_path: Path
) -> None:
    """The whole of stage III with one switch off: its term and its gradient are gone, no other."""
    missing, part = ABLATIONS[switch]
    model = with_adapter(profile)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    stage = replace(STAGES["stage3"], lessons=1, stories=1.0)
    run = TrainingRun(10, 5e-3, warmup=2, average=0.5)
    train_stage(model, stage, sounds, run, tmp_path, Ablation(**{switch: False}))
    for term in ("text", "reason", "mse", "flow"):
        assert bool(losses_of(tmp_path, term)) == (term != missing)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert any(part in n for n in moved) == (switch != "residual")
    assert any(n.startswith("performer.") for n in moved)


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    def fit(folder: Path, steps: list[int]) -> Tensor:
        for last in steps:
            torch.manual_seed(0)
            model = nn.Linear(3, 1)
            run = TrainingRun(40, 1e-2, warmup=4, save_minutes=1e-9)
            with contextlib.suppress(KeyboardInterrupt):
                train(model, _Fitting(model, last), {"fit": 1.0}, run, folder)
        return load_file(folder / "average.safetensors")["weight"]

    assert torch.equal(fit(tmp_path / "a", [40]), fit(tmp_path / "b", [17, 40]))


class _Fitting:
    """Losses of a linear fit, interrupted at the n-th step of this sitting as by Ctrl-C."""

    def __init__(self, model: nn.Module, last: int) -> None:
        self.model, self.left = model, last

    def __call__(self, generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        x = torch.randn(8, 3, generator=generator)
        yield {"fit": (self.model(x) - x.sum(1, keepdim=True)).square().mean()}


def test_the_rate_rises_then_falls_to_zero() -> None:
    run = TrainingRun(100, 1.0, warmup=10)
    rates = [schedule(step, run) for step in range(101)]
    assert max(rates) == 1.0 == rates[9]
    assert rates[100] == pytest.approx(0.0)
    assert rates[4] == pytest.approx(0.5)
    assert rates[9:61] == [1.0] * 52
    assert rates[80] == pytest.approx(0.5)


def test_published_weights_load_back_in_half_precision(profile: Profile, tmp_path: Path) -> None:
    model = with_adapter(profile)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape))
    publish(model, tmp_path)
    for part, module in (("bridge", model.bridge), ("performer", model.performer)):
        weights = load_file(tmp_path / f"{part}.safetensors")
        state = module.state_dict()
        assert weights.keys() == state.keys()
        for name, value in weights.items():
            assert torch.equal(value, state[name].half())
    again = with_adapter(profile)
    load_adapter(again.llm, tmp_path / "director.safetensors")
    trained = dict(again.named_parameters())
    for name, value in model.named_parameters():
        if "lora" in name or "trainable_tokens" in name:
            assert torch.equal(trained[name], value.half().float())
    empty = TextEncoder(profile.bridge.semantic_tokens)([""])
    assert torch.equal(load_file(tmp_path / "performer.safetensors")["negative"], empty.half())


def test_a_model_is_drawn_back_towards_the_shipped_weights() -> None:
    pocket = load_profile("pocket")
    shipped, model = (started(pocket, [PUBLISHED]) for _ in range(2))
    with torch.no_grad():
        for parameter in model.performer.parameters():
            parameter.add_(1.0)
    draw_back(model, pocket, 0.25)
    after = dict(model.named_parameters())
    for name, before in shipped.named_parameters():
        moved = 0.25 if name.startswith("performer.") else 0.0
        torch.testing.assert_close(after[name], before + moved)


def test_a_runs_record_is_kept_and_drawn(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "stage3"
    run.mkdir(parents=True)
    (run / "losses.csv").write_text("10,5,flow,1.5\n10,5,text,0.5\n20,9,flow,1.1\n20,9,text,0.4\n")
    keep_record(run, tmp_path / "kept")
    assert (tmp_path / "kept" / "stage3.csv").read_text() == (run / "losses.csv").read_text()
    assert (tmp_path / "kept" / "stage3.png").read_bytes().startswith(b"\x89PNG")


def test_the_codec_says_what_each_channel_counts() -> None:
    counts = load_codec(load_profile("pocket").codec).channel_weights()
    assert counts.shape == (64,)
    assert counts.mean() == pytest.approx(1.0)
    assert (counts[:-1] >= counts[1:] - 1e-3).all()
    assert counts[0] > 4 * counts[-1]
