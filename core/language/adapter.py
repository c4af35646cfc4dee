"""LoRA adapters while they are trained.

The director's own, once finished, is merged by `core.language.model.merge_adapter`; another task's
works beside it (core/language/task_adapter.py).
"""

from __future__ import annotations

from pathlib import Path

import torch.distributed.tensor  # noqa: F401 (peft asks it for a class, and does not import it)
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import LlamaForCausalLM

from core.language.model import TARGETS, fill
from core.language.task_adapter import ALPHA, RANK
from core.profile import DirectorConfig


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


def add_task_adapter(
    llm: LlamaForCausalLM, rank: int = RANK, first: int | None = None
) -> PeftModel:
    """The language model with an untrained adapter, which alone is trained.

    Args:
        first: the lowest layer that has it; by default it is in the upper two thirds, since what
            lies below reads words, and need not be read anew.
    """
    count = llm.config.num_hidden_layers
    settings = LoraConfig(
        r=rank,
        lora_alpha=ALPHA,
        target_modules=TARGETS,
        layers_to_transform=list(range(count // 3 if first is None else first, count)),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(llm, settings)
