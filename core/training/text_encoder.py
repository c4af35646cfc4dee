"""The text encoder lives in core/text_encoder.py, since grounding needs it at run time too."""

from core.text_encoder import SHA256, TextEncoder

__all__ = ["SHA256", "TextEncoder"]
