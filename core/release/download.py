"""The published checkpoint downloaded and imported in one go: `python app.py import --hub`.

Files go through huggingface_hub, which shows its progress, checks what it gets, and goes on where
it stopped; they stay in its own cache and can be deleted once the profile is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download

from core.errors import FileError, StudioError
from core.places import data_folder
from core.profile import Profile
from core.release.importer import Report, check_room, import_release
from core.release.sizes import Sources
from core.release.tokenizer import STOCK_FILES, VOCABULARIES

AUDIOSTORY = "TencentARC/AudioStory-3B"
TANGOFLUX = "declare-lab/TangoFlux"
_QWEN = "Qwen/Qwen2.5-3B-Instruct"
T5 = "google/flan-t5-large"
WHISPER = "openai/whisper-large-v3"
CODEC_PATTERNS = ("config.json", "vae.safetensors")
CONFIG_PATTERNS = ("config.json", "generation_config.json")
WHISPER_PATTERNS = ("config.json", "preprocessor_config.json", "model.safetensors")
MODEL_PATTERNS = ("*config.yaml", "*.bin", "*.json", "*.txt", "*.safetensors")
_FOLDER = "audiostory-3b"


def from_pretrained(
    repository: str = AUDIOSTORY,
    out: Path | None = None,
    *,
    tokenizer: Path | None = None,
    whisper: bool = True,
    merge: bool = False,
    endpoint: str | None = None,
    report: Report = print,
) -> Profile:
    """Download the checkpoint and its base models' settings, and import them.

    Args:
        repository: the checkpoint on the hub.
        out: folder of the profile; by default one where `--profile audiostory-3b` finds it.
        tokenizer: a folder that is here already; by default the checkpoint's own or, where it has
            none, the base model's.
        whisper: fetch the audio input's encoder too.
        merge: see `import_release`.
        endpoint: another hub than huggingface.co.

    Raises:
        FileError: the hub cannot be reached, or the disk is too full.
        WeightsError: see `import_release`.
    """
    target = out or _default_target()
    wanted: dict[str, Sequence[str]] = {repository: MODEL_PATTERNS, _QWEN: CONFIG_PATTERNS}
    wanted[T5] = ("config.json",)
    if whisper:
        wanted[WHISPER] = WHISPER_PATTERNS
    constants.HF_HUB_OFFLINE = False
    try:
        names = _files(repository, endpoint)
        own_codec = any(name.endswith("/model.safetensors") for name in names)
        if not own_codec:
            wanted[TANGOFLUX] = CODEC_PATTERNS
        if tokenizer is None and not any(Path(name).name in VOCABULARIES for name in names):
            wanted[_QWEN] = (*CONFIG_PATTERNS, *STOCK_FILES)
        size = sum(_bytes(name, patterns, endpoint) for name, patterns in wanted.items())
        check_room(Path(constants.HF_HUB_CACHE), size)
        report(f"downloading {size / 1e9:.1f} GB; it can be stopped and goes on where it was")
        found = {
            name: Path(snapshot_download(name, allow_patterns=list(patterns), endpoint=endpoint))
            for name, patterns in wanted.items()
        }
    except StudioError:
        raise
    except Exception as cause:  # whatever the hub's client and its transport may raise
        raise FileError(
            f"The download stopped ({type(cause).__name__}); check the connection and start again: "
            "what is there already is kept."
        ) from None
    finally:
        constants.HF_HUB_OFFLINE = True
    flux = codec_folder(found[repository]) if own_codec else found[TANGOFLUX]
    sources = Sources(
        model_folder(found[repository]),
        flux,
        found[_QWEN],
        found[T5],
        found.get(WHISPER),
        tokenizer,
    )
    return import_release(sources, target, merge=merge, report=report)


def _default_target() -> Path:
    """Where the profile is found by its name; raises FileError where no home is known."""
    folder = data_folder()
    if folder is None:
        raise FileError("No home folder is known here; name a folder for the model with --out.")
    return folder / _FOLDER


def _files(repository: str, endpoint: str | None) -> dict[str, int]:
    info = HfApi(endpoint=endpoint).model_info(repository, files_metadata=True)
    return {file.rfilename: file.size or 0 for file in info.siblings or []}


def _bytes(repository: str, patterns: Sequence[str], endpoint: str | None) -> int:
    files = _files(repository, endpoint)
    return sum(s for name, s in files.items() if any(Path(name).match(p) for p in patterns))


def model_folder(snapshot: Path) -> Path:
    """The checkpoint inside a download: its root, or the folder that has the configuration."""
    configs = [snapshot / "config.yaml", *sorted(snapshot.rglob("config.yaml"))]
    return next((path.parent for path in configs if path.is_file()), snapshot)


def codec_folder(snapshot: Path) -> Path:
    """The Flux detokenizer inside a downloaded checkpoint.

    Raises:
        FileError: there is none.
    """
    for path in sorted(snapshot.rglob("*/model.safetensors")):
        config = path.parent / "config.json"
        if config.is_file() and "num_single_layers" in json.loads(
            config.read_text(encoding="utf-8")
        ):
            return path.parent
    raise FileError(f"There is no Flux detokenizer in {snapshot}; give its folder with --flux.")
