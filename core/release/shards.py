"""Reading and writing weights so that only a part of them is ever in memory.

Files are mapped, never read whole; a file that would run code when read is refused.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import WeightsError
from core.release.keys import Shape

SHARD_BYTES = 512 * 2**20
Get = Callable[[str], Tensor]


@dataclass(frozen=True)
class Weights:
    """The tensors of a folder's weight files: where each key lies, its shape and its bytes."""

    files: Mapping[str, Path]
    shapes: Mapping[str, Shape]
    sizes: Mapping[str, int]

    def tensors(self, keys: Iterable[str]) -> dict[str, Tensor]:
        """Copies of some tensors; the files are unmapped again, so that nothing else stays."""
        wanted: dict[Path, list[str]] = {}
        for key in keys:
            wanted.setdefault(self.files[key], []).append(key)
        found: dict[str, Tensor] = {}
        for path, names in wanted.items():
            with _opened(path) as (_, get):
                for name in names:
                    found[name] = _checked(get(name).clone(), name, path)
        return found


def read_weights(folder: Path, stems: Sequence[str]) -> Weights:
    """What the weight files of a folder hold, without loading them.

    Args:
        stems: names without suffix to look for; the first one found is taken.

    Raises:
        WeightsError: there is no such file, one is damaged, holds code, or a shard is missing.
    """
    files: dict[str, Path] = {}
    shapes: dict[str, Shape] = {}
    sizes: dict[str, int] = {}
    for path in _weight_files(folder, stems):
        with _opened(path) as (names, get):
            for name in names:
                if name in files:
                    raise WeightsError(f"{path.name} and {files[name].name} both hold {name}.")
                tensor = get(name)
                files[name], shapes[name] = path, tuple(tensor.shape)
                sizes[name] = tensor.numel() * tensor.element_size()
    return Weights(files, shapes, sizes)


def _weight_files(folder: Path, stems: Sequence[str]) -> list[Path]:
    for stem in stems:
        for suffix in (".safetensors", ".bin"):
            index = folder / f"{stem}{suffix}.index.json"
            if index.is_file():
                return _shards(index)
            path = folder / f"{stem}{suffix}"
            if path.is_file():
                return [path]
    raise WeightsError(f"There is no {stems[0]}.bin or {stems[0]}.safetensors in {folder}.")


def _shards(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise WeightsError(f"{index.name} is damaged; download it again.") from None
    paths = [index.parent / name for name in names]
    for path in paths:
        if path.parent != index.parent or not path.is_file():
            raise WeightsError(f"The shard {path.name} is missing; download it again.")
    return paths


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], Get]]:
    """The keys of a weight file and a function that maps one tensor, while the block lasts.

    Raises:
        WeightsError: the file is damaged, or would run code if it were loaded.
    """
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, framework="pt") as file:
                yield list(file.keys()), file.get_tensor
        except (OSError, SafetensorError) as cause:
            raise WeightsError(f"{path.name} is damaged ({cause}); download it again.") from None
    else:
        state = _state_dict(path)
        yield list(state), state.__getitem__


def _state_dict(path: Path) -> dict[str, Tensor]:
    """A state dict saved by torch; nothing in it but tensors can be built."""
    try:
        mapped = zipfile.is_zipfile(path)
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path.name} is damaged, or holds program code instead of weights; it was not run. "
            "Download it from its publisher."
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as cause:
        reason = str(cause).partition("\n")[0][:120]
        raise WeightsError(f"{path.name} is damaged ({reason}); download it again.") from None
    if not isinstance(state, dict):
        raise WeightsError(f"{path.name} is not a plain state dict; use the published file.")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{path.name}: the key {key} holds no tensor; use the published file."
            )
    return state


def check_bytes(path: Path) -> None:
    """Compare a torch file with the checksums that it carries.

    Raises:
        WeightsError: some bytes have changed.
    """
    if path.suffix != ".bin" or not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, OSError):
        broken = "its list of parts"
    if broken:
        raise WeightsError(f"{path.name} is damaged at {broken}; download it again.")


def _checked(tensor: Tensor, name: str, path: Path) -> Tensor:
    if not tensor.is_floating_point():
        raise WeightsError(f"{path.name}: {name} holds {tensor.dtype}, not numbers of a model.")
    if not torch.isfinite(tensor).all():
        raise WeightsError(f"{path.name}: {name} holds values that are not numbers; download it.")
    return tensor


def in_shards(names: Sequence[str], sizes: Mapping[str, int]) -> list[list[str]]:
    """Names in runs of at most 512 MB (or one weight)."""
    runs: list[list[str]] = [[]]
    filled = 0
    for name in names:
        if runs[-1] and filled + sizes[name] > SHARD_BYTES:
            runs.append([])
            filled = 0
        runs[-1].append(name)
        filled += sizes[name]
    return runs


def write_shards(
    folder: Path,
    stem: str,
    shards: Sequence[Sequence[str]],
    load: Callable[[Sequence[str]], dict[str, Tensor]],
) -> None:
    """Write safetensors in shards, with their index where there is more than one.

    Args:
        load: the tensors of one shard by name; called once a shard.
    """
    if len(shards) == 1:
        save_file(load(shards[0]), folder / f"{stem}.safetensors", metadata={"format": "pt"})
        return
    index: dict[str, str] = {}
    total = 0
    for number, names in enumerate(shards, 1):
        file = f"{stem}-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = load(names)
        total += sum(t.numel() * t.element_size() for t in tensors.values())
        save_file(tensors, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names, file)
    text = json.dumps({"metadata": {"total_size": total}, "weight_map": index}, indent=1)
    (folder / f"{stem}.safetensors.index.json").write_text(text, encoding="utf-8")


def folder_digest(folder: Path) -> str:
    """SHA-256 over all weight files of a folder, by name, in one order on every system."""
    digest = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.safetensors")}
    for name, path in sorted(files.items()):
        digest.update(name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
