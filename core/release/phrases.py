"""The phrase that the published command puts before an instruction, drawn by its `--seed`.

The phrases are not kept here: they are read, and never run, from the release's own
`evaluate/inference.py`, or from a text file with one phrase a line.
"""

from __future__ import annotations

import ast
import random
from pathlib import Path

from core.errors import FileError

_LIST = "GEN_PROMPT_ALL"
"""Of the list in the release's command."""
MAX_BYTES = 1_000_000


def opening_phrase(path: Path, seed: int) -> str:
    """The phrase that the published command draws for this seed.

    Raises:
        FileError: the file cannot be read, or has no phrases.
    """
    return random.Random(seed).choice(read_phrases(path))


def read_phrases(path: Path) -> list[str]:
    """All phrases of a file, in its order; raises as `opening_phrase`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path.name} is too large to hold phrases; choose another file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as cause:
        raise FileError(
            f"{path} cannot be read ({cause.strerror or cause}); name the release's "
            "evaluate/inference.py or a text file with --phrases."
        ) from None
    except UnicodeDecodeError:
        raise FileError(f"{path.name} is not text; choose another file.") from None
    if path.suffix == ".py":
        phrases = _listed(text)
    else:
        phrases = [f"{line.strip()} " for line in text.splitlines() if line.strip()]
    if not phrases:
        raise FileError(f"{path.name} holds no phrases ({_LIST}); choose another file.")
    return phrases


def _listed(code: str) -> list[str]:
    """The strings of the list of that name; none where there is no such list."""
    try:
        module = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for statement in module.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if not any(isinstance(target, ast.Name) and target.id == _LIST for target in targets):
            continue
        items = statement.value.elts if isinstance(statement.value, ast.List | ast.Tuple) else []
        texts = [item.value for item in items if isinstance(item, ast.Constant)]
        return [text for text in texts if isinstance(text, str)]
    return []
