"""`python app.py bench plan`: planning against plain step-by-step generation of the same plan.

Both write a five-event story with its bridging tokens on the same threads. The last line is one
JSON object: seconds until the first text and for the whole plan, the ratio, whether the tokens are
the same, and the largest difference of the hidden states relative to the largest state.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache

from core.audiostory import AudioStory, load_audiostory
from core.director.plan import ConstrainedPlan
from core.director.progress import Brief
from core.language.decoding import Decoder
from core.profile import load_profile

_INSTRUCTION = (
    "rain falls on the roof, thunder rolls far away, a door creaks open, footsteps cross the "
    "wooden floor, a clock ticks"
)


def main(argv: Sequence[str]) -> None:
    """Measure on this machine."""
    parser = argparse.ArgumentParser(prog="app.py bench plan", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--instruction", default=_INSTRUCTION)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", type=int, help="threads (default: torch's)")
    arguments = parser.parse_args(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = load_audiostory(load_profile(arguments.profile))
    figures = plan_speed(model, Brief(arguments.instruction, arguments.seconds))
    for name, value in figures.items():
        print(f"{name:28s} {value:12.6g}")
    print(json.dumps(figures))


def plan_speed(model: AudioStory, brief: Brief) -> dict[str, float]:
    """Plan once to warm up, then once each way.

    The second plan of the same instruction finds its prompt read already; `first_text_seconds` and
    `plan_seconds` are those of a new decoder, `again_` those of one that has read the prompt.
    """
    decoder = Decoder(model)
    _planned(model, brief, Decoder(model))
    first, whole, written = _planned(model, brief, decoder)
    states, passes = decoder.states, decoder.passes
    first_again, whole_again, _ = _planned(model, brief, decoder)
    begun = time.perf_counter()
    plain, plain_states = generate_plainly(model, brief)
    plain_seconds = time.perf_counter() - begun
    rows = min(len(states), len(plain_states))
    same = written == plain
    difference = (states[:rows] - plain_states[:rows]).abs().max() / plain_states.abs().max()
    return {
        "threads": float(torch.get_num_threads()),
        "events": float(written.count(model.ids.gen)),
        "tokens": float(len(written)),
        "passes": float(passes),
        "first_text_seconds": round(first, 4),
        "plan_seconds": round(whole, 4),
        "again_first_text_seconds": round(first_again, 4),
        "again_plan_seconds": round(whole_again, 4),
        "plain_seconds": round(plain_seconds, 4),
        "times_faster": round(plain_seconds / whole, 3),
        "same_tokens": float(same),
        "state_difference": float(difference) if same else float("nan"),
    }


def _planned(model: AudioStory, brief: Brief, decoder: Decoder) -> tuple[float, float, list[int]]:
    """Seconds until the first word of the list and until the end, and the tokens."""
    begun = time.perf_counter()
    first = float("nan")
    held = ConstrainedPlan(model, brief)
    written: list[int] = []
    for written in decoder.write(held.prompt, held.grammar):
        held.settle()
        if first != first and any(c.isalpha() for c in model.tokenizer.decode(written[1:])):
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun, list(written)


@torch.inference_mode()
def generate_plainly(model: AudioStory, brief: Brief) -> tuple[list[int], Tensor]:
    """One token a pass under the same grammar, forced ones too; the states of all tokens.

    `generate` itself cannot take back a phrase, so its loop stands here; it does nothing else in a
    pass that `generate` would not do.
    """
    held, chooser = ConstrainedPlan(model, brief), Decoder(model)
    cache, states = DynamicCache(), torch.zeros(0, model.llm.config.hidden_size)
    text = list(held.prompt)

    def feed(tokens: list[int]) -> Tensor:
        ids = torch.tensor([tokens])
        output = model.backbone(input_ids=ids, cache=cache, use_cache=True)
        return torch.as_tensor(output.last_hidden_state[0])

    states = feed(text)
    while not held.grammar.finished:
        logits = model.head(states[-1])
        chosen = list(held.grammar.forced) or [chooser.best(logits, held.grammar)]
        back = held.grammar.advance(chosen)
        held.settle()
        for token in chosen:
            text.append(token)
            states = torch.cat([states, feed([token])])
        if back:
            cache.crop(-back)
            states, text = states[:-back], text[:-back]
    return text[len(held.prompt) :], states
