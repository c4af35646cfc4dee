"""What an own sound is learned upon: the performer and the codec of a profile, alone.

Neither the director nor the bridge has a part in it, so that an own sound outlives new ones.
"""

from __future__ import annotations

import functools
import hashlib

import torch

from core.code_digest import code_digest
from core.codec.codec import Codec
from core.codec.kinds import load_codec
from core.performer import flow, flow_performer
from core.performer.flow_performer import FlowPerformer
from core.performer.kinds import build_performer
from core.performer.performer import WEIGHTS
from core.profile import ASSETS, Profile


def load_base(profile: Profile) -> tuple[FlowPerformer, Codec]:
    """The performer, without its distilled network, and the codec.

    Raises:
        WeightsError: a file is missing or damaged.
        ProfileError: the performer is none that flow matching trains.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        performer = flow_performer.flow_performer(build_performer(profile))
    if profile.weights:
        performer.load(profile.folder, fast=False)
    return performer.eval().requires_grad_(False), load_codec(profile.codec)


@functools.lru_cache(maxsize=4)
def base_digest(profile: Profile) -> str:
    """Hash of all that a profile gives to an own sound: weights, sizes, and how it samples."""
    digest = hashlib.sha256(f"{profile.performer} {code_digest((flow, flow_performer))}".encode())
    files = [ASSETS / profile.codec.file]
    if profile.weights:
        files.append(profile.folder / WEIGHTS)
    if profile.checkpoint:
        digest.update(profile.checkpoint.encode())
        files.clear()
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:16]
