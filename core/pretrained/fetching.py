"""Performers fetched from a hub, through huggingface_hub: it checks what it gets and goes on where
it stopped. Of a repository only weights in safetensors and small text files are wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import FileError, StudioError
from core.pretrained.checking import INDEX, README, kind_of
from core.pretrained.kinds import PRETRAINED, PretrainedKind
from core.release.importer import check_room

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_ABOUT = (INDEX, README, "LICENSE*")


def fetch_card(repository: str, folder: Path, endpoint: str | None = None) -> None:
    """Fetch what a repository says of itself: its licence, and what it is.

    Raises:
        FileError: the hub cannot be reached, or does not give it out.
    """
    _fetch(repository, _ABOUT, folder, endpoint)


def fetch_weights(
    repository: str, kind: PretrainedKind, folder: Path, endpoint: str | None = None
) -> None:
    """Fetch a performer's files into a folder.

    Raises:
        FileError: the hub cannot be reached or does not give them out, or the disk is too full.
    """
    _fetch(repository, kind.fetched, folder, endpoint)
    for name, (other, patterns) in kind.besides.items():
        _fetch(other, patterns, folder / name, endpoint)


def kind_fetched(name: str, folder: Path) -> PretrainedKind:
    """The kind of a repository of which the card was fetched; `name` is what a person called it."""
    return PRETRAINED[name] if name in PRETRAINED else PRETRAINED[kind_of(folder)]


def _fetch(repository: str, patterns: Sequence[str], folder: Path, endpoint: str | None) -> None:
    import huggingface_hub

    with _online(repository):
        info = huggingface_hub.HfApi(endpoint=endpoint).model_info(repository, files_metadata=True)
        wanted = [
            file
            for file in info.siblings or []
            if any(Path(file.rfilename).match(pattern) for pattern in patterns)
            and len(Path(file.rfilename).parts) <= 2
            and ".." not in file.rfilename
        ]
        check_room(folder, sum(file.size or 0 for file in wanted))
        huggingface_hub.snapshot_download(
            repository,
            allow_patterns=[file.rfilename for file in wanted],
            local_dir=folder,
            endpoint=endpoint,
            revision=info.sha,
        )


@contextmanager
def _online(repository: str) -> Iterator[None]:
    """Let the hub's client reach the network, which it does not otherwise; its errors become
    sentences."""
    from huggingface_hub import constants, errors

    before: Any = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = False
    try:
        yield
    except StudioError:
        raise
    except (errors.GatedRepoError, errors.RepositoryNotFoundError):
        raise FileError(
            f"{repository} is not given out: it is gated, or not there; accept its terms at "
            f"https://huggingface.co/{repository} and sign in with `hf auth login`, or fetch it "
            "yourself and name its folder."
        ) from None
    except Exception as cause:  # whatever the hub's client and its transport may raise
        raise FileError(
            f"The download stopped ({type(cause).__name__}); check the connection and start again: "
            "what is there already is kept."
        ) from None
    finally:
        constants.HF_HUB_OFFLINE = before
