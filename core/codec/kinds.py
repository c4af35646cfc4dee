"""The codecs by the `kind` that a profile names. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.codec.codec import Codec
from core.codec.linear import LinearCodec
from core.codec.two_resolution import TwoResolutionCodec
from core.errors import ProfileError
from core.profile import ASSETS, CodecConfig


def _load_oobleck(folder: Path) -> Codec:
    from core.codec.oobleck import OobleckCodec  # brings diffusers, which takes a second

    return OobleckCodec.load(folder)


CODECS: dict[str, Callable[[Path], Codec]] = {
    "linear": LinearCodec.load,
    "two-resolution": TwoResolutionCodec.load,
    "oobleck": _load_oobleck,
}
"""How each is loaded from its file or folder."""


def load_codec(config: CodecConfig) -> Codec:
    """The codec of a profile, with its weights.

    Raises:
        ProfileError: there is no such kind.
        WeightsError: the weights are missing or damaged.
    """
    if config.kind not in CODECS:
        known = ", ".join(CODECS)
        raise ProfileError(f"There is no codec {config.kind!r}; the profile can name {known}.")
    return CODECS[config.kind](ASSETS / config.file)
