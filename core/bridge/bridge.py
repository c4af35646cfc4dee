"""The decoupled bridge: director's hidden states to the performer's condition (paper, section 3.2).

Semantic tokens say what is heard and are trained towards a text encoder's tokens; residual tokens
carry what words do not and learn only through the diffusion loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.profile import BridgeConfig


@dataclass(frozen=True)
class BridgedTokens:
    """What the bridge makes of B events.

    Attributes:
        semantic: (B, S, width), compared with `scale` times the text encoder's tokens.
        residual: (B, R, width).
        condition: (B, S, width), on the text encoder's own level.
    """

    semantic: Tensor
    residual: Tensor
    condition: Tensor


def _projector(hidden: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(hidden, width), nn.GELU(), nn.Linear(width, width))


class Bridge(nn.Module):
    """Two projectors and the cross-attention fuser.

    H_bridge = Cross-Attn(T_semantic, T_residual, T_residual), with a residual connection.
    """

    def __init__(self, hidden: int, config: BridgeConfig):
        super().__init__()
        self.config = config
        self.semantic_projector = _projector(hidden, config.width)
        self.residual_projector = _projector(hidden, config.width)
        self.fuser = nn.MultiheadAttention(config.width, config.heads, batch_first=True)

    def forward(self, semantic_states: Tensor, residual_states: Tensor) -> BridgedTokens:
        """Fuse the director's last hidden states at the bridging tokens' own positions.

        Args:
            semantic_states: (B, S, hidden).
            residual_states: (B, R, hidden).
        """
        semantic = self.semantic_projector(semantic_states)
        residual = self.residual_projector(residual_states)
        return BridgedTokens(semantic, residual, self.fuse(semantic, residual))

    def fuse(self, semantic: Tensor, residual: Tensor) -> Tensor:
        """Semantic tokens as query, residual tokens as key and value. (B, S, width)."""
        attended, _ = self.fuser(semantic, residual, residual, need_weights=False)
        return torch.as_tensor((semantic + attended) / self.config.scale)
