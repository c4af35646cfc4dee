"""The released tokenizer: a stock Qwen2.5 tokenizer, to which the release's own tokens are added.

The released folder is the stock tokenizer with an `added_tokens.json` beside it. The publisher's
code loads the first and appends the *keys* of the second, in the order of the file; the ids that
the file gives are not used (several are even the same). 151665 + 612 tokens make the 152277 rows of
the embedding.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.errors import WeightsError
from core.language.model import load_tokenizer, read_stream_ids
from core.language.stream import (
    GEN,
    GEN_END,
    RESIDUAL,
    RESIDUAL_END,
    SEMANTIC,
    SEMANTIC_END,
    THINK,
    THINK_END,
    TIME,
    TIME_END,
    residual_names,
    semantic_names,
    special_tokens,
)
from core.places import temporary_folder

ADDED = "added_tokens.json"
STOCK_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "config.json",
)
"""What a stock tokenizer is read from; `added_tokens.json` is not among them, since its ids are not
the release's."""
VOCABULARIES = ("tokenizer.json", "vocab.json")
"""One of them is in every tokenizer's folder."""
MAX_ADDED_BYTES = 4_000_000
_SEMANTIC_ADDED, _RESIDUAL_ADDED = 100, 501
"""More than the model uses: 64 and 8."""
_PARENTS = 3
"""How far above the checkpoint a path of config.yaml may begin: `ckpt/audiostory-3B/tokenizer` is
told from the root of the code."""


@dataclass(frozen=True)
class ReleasedTokenizer:
    """The tokenizer with the release's tokens, and in one line where they are from."""

    tokenizer: PreTrainedTokenizerBase
    origin: str


@dataclass(frozen=True)
class TokenizerPlaces:
    """Where the tokenizer's files may be.

    Attributes:
        model: the checkpoint's folder.
        llm: the base model's, which has the stock tokenizer too.
        given: the folder that a person names.
        named: where config.yaml says the tokenizer is, empty where it does not.
        named_added: where it says the file of the added tokens is.
    """

    model: Path
    llm: Path | None = None
    given: Path | None = None
    named: str = ""
    named_added: str = ""

    def stock(self) -> Path:
        """The folder of the stock tokenizer.

        Raises:
            WeightsError: there is none.
        """
        if self.given is not None:
            if not _is_tokenizer(self.given):
                raise WeightsError(f"There is no tokenizer.json in {self.given}; name its folder.")
            return self.given
        folders = [*_resolved(self.named, self.model), *self._usual()]
        found = next((folder for folder in folders if _is_tokenizer(folder)), None)
        if found is None:
            raise WeightsError(
                f"There is no tokenizer in {self.model}; download the whole checkpoint, or name "
                "the tokenizer's folder with --tokenizer."
            )
        return found

    def _usual(self) -> Iterator[Path]:
        yield from (self.model / "tokenizer", self.model)
        yield from sorted(path for path in self.model.iterdir() if path.is_dir())
        yield self.model.parent / "tokenizer"
        if self.llm is not None:
            yield self.llm

    def added(self, stock: Path) -> Path | None:
        """The file of the added tokens; None where none is there."""
        paths = [] if self.given is None else [self.given / ADDED]
        paths += _resolved(self.named_added, self.model)
        folders = (stock, *_resolved(self.named, self.model), *self._usual())
        paths += [folder / ADDED for folder in folders]
        return next((path for path in paths if path.is_file()), None)


def _is_tokenizer(folder: Path) -> bool:
    return any((folder / name).is_file() for name in VOCABULARIES)


def _resolved(named: str, model: Path) -> list[Path]:
    """Where a path of config.yaml may lead: as it stands, below the checkpoint's parents, or, since
    a download may be laid out in another way, its last parts below the checkpoint."""
    if not named:
        return []
    path = Path(named.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(named).drive:
        found, parts = [path], path.parts[1:]
    else:
        home = model.resolve()
        found = [path, *(folder / path for folder in (home, *home.parents[:_PARENTS]))]
        parts = path.parts
    return found + [model.joinpath(*parts[begin:]) for begin in range(len(parts))]


def released_tokens() -> list[str]:
    """The release's tokens in the order of its `added_tokens.json`, 612 in all."""
    return [
        SEMANTIC_END,
        "<video_padding>",
        TIME,
        TIME_END,
        SEMANTIC,
        *semantic_names(_SEMANTIC_ADDED),
        RESIDUAL,
        RESIDUAL_END,
        *residual_names(_RESIDUAL_ADDED),
        GEN,
        GEN_END,
        THINK,
        THINK_END,
    ]


def read_tokenizer(
    places: TokenizerPlaces, semantic: int, residual: int, rows: int
) -> ReleasedTokenizer:
    """Read the stock tokenizer and add the release's tokens to it, as the release does.

    Where no file names them, they are added in the release's own order, if the embedding's rows are
    as many as the tokens are then.

    Args:
        semantic, residual: bridging tokens of an event.
        rows: of the embedding.

    Raises:
        WeightsError: there is no tokenizer, it is damaged, or it is another model's.
    """
    folder = places.stock()
    tokenizer = _stock_tokenizer(folder)
    path = places.added(folder)
    names = released_tokens() if path is None else _added_names(path)
    lacking = _lacking(tokenizer, semantic, residual)
    count = tokenizer.add_tokens(names) if path is not None or lacking else 0
    size = max(tokenizer.get_vocab().values()) + 1
    unsure = path is None and count > 0 and size != rows
    still = _lacking(tokenizer, semantic, residual)
    if unsure or size > rows or still:
        lacks = f"lacks {(still or lacking)[0]} and " if still or lacking else ""
        raise WeightsError(
            f"The tokenizer in {folder} {lacks}has {size - count} tokens for the model's {rows} "
            f"rows; name the folder of the release's own, with {ADDED} in it, as --tokenizer."
        )
    read_stream_ids(tokenizer, semantic, residual)
    source = "the release's order" if path is None else str(path)
    origin = f"tokenizer: {folder}" + (f", {count} tokens added by {source}" if count else "")
    return ReleasedTokenizer(tokenizer, origin)


def _lacking(tokenizer: PreTrainedTokenizerBase, semantic: int, residual: int) -> list[str]:
    """Tokens of the stream that the tokenizer does not have."""
    known = tokenizer.get_vocab()
    return [name for name in special_tokens(semantic, residual) if name not in known]


def _stock_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder as it is without `added_tokens.json`."""
    with temporary_folder() as made:
        for name in STOCK_FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, made / name)
        try:
            return AutoTokenizer.from_pretrained(
                made, local_files_only=True, trust_remote_code=False
            )
        except Exception as cause:
            said = str(cause).replace(str(made), str(folder)).splitlines()[0]
            raise WeightsError(f"The tokenizer in {folder} cannot be read ({said}).") from None


def _added_names(path: Path) -> list[str]:
    """The keys of the file in its order.

    Raises:
        WeightsError: it is not a table of tokens.
    """
    damaged = WeightsError(f"{path} is not a table of tokens; download it again.")
    try:
        if path.stat().st_size > MAX_ADDED_BYTES:
            raise damaged
        table = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        raise damaged from None
    if not isinstance(table, dict) or not all(table):
        raise damaged
    return list(table)


def write_tokenizer(tokenizer: PreTrainedTokenizerBase, target: Path) -> None:
    """Save the tokenizer and read it back: every token has to have kept its id.

    Raises:
        WeightsError: one has not.
    """
    tokenizer.save_pretrained(target)
    kept: Mapping[str, Any] = load_tokenizer(target).get_vocab()
    if kept != tokenizer.get_vocab():
        raise WeightsError("The tokenizer changes when it is saved; report this as a fault.")
