"""What differs on Windows, on macOS, on sticks and shares, as far as it can be tried anywhere.

Where a rule of another system is needed the test brings it: a flush that wants a handle to write
with, a file that is in use, a folder with two spellings.
"""

from __future__ import annotations

import ast
import dataclasses
import errno
import fcntl
import os
import re
import stat
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from sounding_stories import story_folder

from core.errors import FileError, StudioError
from core.evaluation.memory import mib_of_maxrss
from core.export import ExportSettings, export, open_story
from core.export.bundle import write_bundle
from core.export.naming import longest_name, safe_name
from core.files import is_device, replace_path, room_for_name, same_name, write_atomically
from core.story import library as library_module
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take
from core.story.titles import safe_title

ROOT = Path(__file__).parents[1]
SOURCES = [*(ROOT / "core").rglob("*.py"), *(ROOT / "studio").rglob("*.py"), ROOT / "app.py"]
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios"}
STORY = Story("rain", 4.0, 1, "tiny", "because", (Event("e1", "rain", 0.0, 4.0),))


def in_use() -> PermissionError:
    """What Windows answers where somebody has the file open."""
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined]
    return error


def test_files_are_flushed_through_a_handle_that_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows answers EBADF to a flush of a handle that only reads."""
    flush, flushed = os.fsync, []

    def as_windows(handle: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        flushed.append(handle)
        flush(handle)

    monkeypatch.setattr(os, "fsync", as_windows)
    write_atomically(tmp_path / "story.json", b"{}")
    assert len(flushed) == 1
    assert (tmp_path / "story.json").read_bytes() == b"{}"


def test_a_share_with_nothing_to_flush_and_no_permissions_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_flush(_: int) -> NoReturn:
        raise OSError(errno.EINVAL, "Invalid argument")

    def no_permissions(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fsync", no_flush)
    monkeypatch.setattr(os, "chmod", no_permissions)
    write_atomically(tmp_path / "story.json", b"{}")
    assert [p.name for p in tmp_path.iterdir()] == ["story.json"]

    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        write_atomically(tmp_path / "story.json", b"[]")
    assert (tmp_path / "story.json").read_bytes() == b"{}"


def test_files_get_the_permissions_that_the_user_wants_and_no_other_thread_sees_a_change(
    tmp_path: Path,
) -> None:
    """The umask belongs to the whole process: whoever changes it opens other threads' files."""
    umask, seen = os.umask(0o027), set()
    done = threading.Event()

    def others() -> None:
        while not done.is_set():
            file = tmp_path / "other"
            file.touch()
            seen.add(stat.S_IMODE(file.stat().st_mode))
            file.unlink()

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(300):
            write_atomically(tmp_path / "story.json", b"{}")
    finally:
        done.set()
        thread.join()
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "story.json").stat().st_mode) == 0o640
    assert seen == {0o640}


def test_a_file_that_is_in_use_is_replaced_as_soon_as_it_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, left, pauses = os.replace, [in_use(), in_use()], []

    def as_windows(source: Path, target: Path) -> None:
        if left:
            raise left.pop()
        replace(source, target)

    monkeypatch.setattr("core.files.time.sleep", pauses.append)
    monkeypatch.setattr(os, "replace", as_windows)
    write_atomically(tmp_path / "story.json", b"{}")
    assert (tmp_path / "story.json").read_bytes() == b"{}"
    assert len(pauses) == 2

    left.extend(in_use() for _ in range(100))
    with pytest.raises(FileError, match="cannot access the file"):
        write_atomically(tmp_path / "story.json", b"[]")
    assert 0.5 <= sum(pauses) <= 2.0, "somebody waits for it"
    assert [p.name for p in tmp_path.iterdir()] == ["story.json"]

    pauses.clear()
    left[:] = [PermissionError(errno.EACCES, "Permission denied")]
    with pytest.raises(PermissionError):
        replace_path(tmp_path / "story.json", tmp_path / "other.json")
    assert not pauses, "what is forbidden is not waited for"


@pytest.mark.parametrize(
    "name",
    ["con", "CON", "aux.flac", "Nul.story.zip", "com1", "lpt9.txt", "COM\u00b9", "lpt\u00b3.wav",
     "con .txt", "CONIN$", "prn."],
)  # fmt: skip
def test_names_of_devices_are_known_and_never_given(name: str) -> None:
    assert is_device(name)
    for given in (safe_title(name), safe_name(name), safe_name(name) + ".wav"):
        assert not is_device(given), given
    assert safe_title(safe_title(name)) == safe_title(name)


@pytest.mark.parametrize(
    "name", ["control", "auxiliary.wav", "com", "com10", "my con", "a.nul", ""]
)
def test_names_like_those_of_devices_are_names(name: str) -> None:
    assert not is_device(name)
    assert safe_title(name) in (name, "Story")


def test_a_take_named_like_a_device_has_no_file(tmp_path: Path) -> None:
    home = story_folder(tmp_path / "Harbour")
    opened = open_story(home)
    event = opened.story.events[0]
    takes = tuple(dataclasses.replace(take, file="takes/nul.flac") for take in event.takes)
    named = opened.story.replace_event(dataclasses.replace(event, takes=takes))
    with pytest.raises(FileError, match=r"takes/nul\.flac.* cannot be in a bundle"):
        write_bundle(tmp_path / "x.zip", dataclasses.replace(opened, story=named), None)
    folder = Library(tmp_path).open("Harbour")
    for key in ("nul", "COM1", "a\n"):
        take = Take(key, None, "rain", 4.0, 0, 1, 4, 3.0, "tiny", "w")
        assert not folder.has_sound(take)
        with pytest.raises(StudioError, match="unusable key"):
            folder.take_file(take)


def test_two_spellings_of_a_folder_are_one_story(tmp_path: Path) -> None:
    """Windows and macOS open "harbour" as "Harbour"; a link stands for that here."""
    library = Library(tmp_path)
    folder = library.create(STORY, "Harbour")
    (tmp_path / "HARBOUR").symlink_to(folder.path)
    assert library.open("HARBOUR") is folder
    other = library.create(STORY, "Harbours")
    assert library.open("Harbours") is other
    assert same_name("Caf\u00e9", unicodedata.normalize("NFD", "CAF\u00c9"))
    assert not same_name("Harbour", "Harbours")
    assert safe_title(unicodedata.normalize("NFD", "Caf\u00e9")) == "Caf\u00e9"


def test_a_title_can_change_its_case_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(tmp_path)
    library.create(STORY, "harbour")
    (tmp_path / "Harbour").symlink_to(tmp_path / "harbour")  # the other spelling is there already

    def as_macos(source: Path, target: Path) -> None:
        target.unlink()
        replace_path(source, target)

    monkeypatch.setattr(library_module, "replace_path", as_macos)
    assert library.rename("harbour", "Harbour").title == "Harbour"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "Harbour"]


def test_stories_of_two_cases_stay_two_where_the_system_tells_them_apart(tmp_path: Path) -> None:
    library = Library(tmp_path)
    one, other = library.create(STORY, "harbour"), library.create(STORY, "Harbour")
    assert library.open("harbour") is one
    assert library.open("Harbour") is other
    assert library.rename("harbour", "Harbour").title == "Harbour 2"


def test_what_was_left_over_and_is_in_use_does_not_keep_a_story_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Library(tmp_path).create(STORY, "Harbour").path / ".part-0123456789abcdef.flac"
    part.touch()
    os.utime(part, (0, 0))

    unlink = Path.unlink

    def as_windows(path: Path, missing_ok: bool = False) -> None:
        if path == part:
            raise in_use()
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", as_windows)
    assert Library(tmp_path).open("Harbour").story == STORY


def test_names_of_an_export_fit_into_the_longest_path_of_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = Path("/x")
    assert longest_name(near, "nt") == longest_name(near, "posix") == 150
    far = near / ("deep " * 30).strip()
    assert room_for_name(far, "nt") == 259 - len(str(far)) - 1
    assert 16 <= longest_name(far, "nt") < 100 < longest_name(far, "posix")
    with pytest.raises(FileError, match="too long for this system; choose a folder nearer"):
        longest_name(near / ("d" * 240), "nt")

    monkeypatch.setattr("core.files._LONGEST_PATH", {os.name: len(str(tmp_path)) + 90})
    opened = open_story(story_folder(tmp_path / "Harbour"))
    settings = ExportSettings(name="{title} " + "wide " * 20, stems="both", bundle=True)
    for file in export(opened, tmp_path / "out", settings).files:
        assert len(str(file)) <= len(str(tmp_path)) + 90, file.name


def test_names_of_takes_are_stored_with_slashes(tmp_path: Path) -> None:
    text = (story_folder(tmp_path / "Harbour") / "story.json").read_text(encoding="utf-8")
    assert re.search(r'"file": "takes/\w+\.flac"', text)
    assert "\\\\" not in text


def test_memory_is_counted_in_the_units_of_the_system() -> None:
    assert mib_of_maxrss(300 * 1024, "linux") == 300.0
    assert mib_of_maxrss(300 * 1024 * 1024, "darwin") == 300.0


def unsaid_encodings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that read or write text in whatever encoding the system prefers."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        method = isinstance(node.func, ast.Attribute)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
        places = [_text(value) for value in node.args[0 if method else 1 :]]
        mode = given.get("mode") or (places[0] if places else "r")
        opens = name == "open" and (mode is not None and re.fullmatch(r"[rwxa]\+?t?", mode))
        piped = any(isinstance(k.value, ast.Constant) and k.value.value is True
                    for k in node.keywords if k.arg in ("text", "universal_newlines"))  # fmt: skip
        whole = method and name in ("read_text", "write_text")
        if "encoding" not in given and (opens or piped or whole):
            yield node.lineno, name


def _text(value: ast.expr) -> str | None:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def posix_only_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports that Windows lacks and that happen as soon as the module is read."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name in POSIX_ONLY)
        elif isinstance(node, ast.ImportFrom) and node.module in POSIX_ONLY:
            yield node.lineno, str(node.module)


@pytest.mark.parametrize("rule", [unsaid_encodings, posix_only_imports])
def test_the_code_asks_no_system_for_its_own_ways(rule: object) -> None:
    """On Windows text is cp1252 unless it is said what it is, and some modules are missing."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in SOURCES
        for line, what in rule(ast.parse(path.read_text(encoding="utf-8")))  # type: ignore[operator]
    ]
    assert not found, "\n" + "\n".join(found)


def test_such_ways_are_found() -> None:
    code = 'open("a")\nopen("a", "rb")\np.read_text()\np.open("a")\np.open("wb")\nrun(text=True)\n'
    code += "p.open()\np.open(other)\n"
    assert [line for line, _ in unsaid_encodings(ast.parse(code))] == [1, 3, 4, 6, 7]
    code = "import fcntl\ndef f():\n    import resource\nfrom pwd import getpwuid\n"
    assert [line for line, _ in posix_only_imports(ast.parse(code))] == [1, 4]
