"""What a command does on machines unlike the developer's: without a home, with an odd output,
behind proxies. Each command runs as a user starts it, in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sounding_stories import story_folder

from core.audio.ffmpeg import CHOSEN
from core.environment import OURSELVES, settle_libraries, settle_proxies
from core.errors import FileError, StudioError
from core.export.sound import write_sound
from core.export.wave import Inside
from core.places import (
    cache_folder,
    data_folder,
    settle_temporary_files,
    settle_uploads,
    stories_folder,
    temporary_folder,
)
from core.profile import load_profile
from studio.server import check_address

ROOT = Path(__file__).parents[1]
NOBODY = 54_321
"""A user id that no system knows."""
as_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can play another user"
)


def app(*arguments: str, cwd: Path = ROOT, uid: int | None = None, **variables: str) -> str:
    """Output and errors of `app.py`, in this order; a traceback fails the test."""
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME",)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        cwd=cwd,
        env=environment | {"HOME": "/root", "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        user=uid,
        capture_output=True,
        timeout=60,
    )
    said = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in said, said
    return said


def test_help_is_there_at_once_and_imports_nothing_slow() -> None:
    """`--help` within 1 s: what takes longer is imported by the command that needs it."""
    slow = ("numpy", "torch", "scipy", "soundfile", "gradio", "httpx", "core.profile")
    program = (
        "import sys, app\n"
        "sys.argv = ['app.py', '--help']\n"
        "try: app.main()\n"
        "except SystemExit: print([name for name in sys.argv[2:] + %r if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program % list(slow)], cwd=ROOT, capture_output=True, text=True
    )
    assert "serve the studio" in done.stdout
    assert done.stdout.endswith("[]\n"), done.stdout[-200:] + done.stderr


def test_the_page_is_built_before_what_the_model_needs_is_imported() -> None:
    """The page is up within 5 s, and the model loads behind it."""
    program = (
        "import sys, studio.server\n"
        "print([name for name in ('torch', 'transformers', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n"), done.stdout[-200:]


SHAPES = """
import torch
weight = torch.ones(256, 256, dtype=torch.bfloat16)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
for length in range(1, 601):
    torch.nn.functional.linear(torch.ones(length, 256, dtype=torch.bfloat16), weight)
    if length == 100:
        before = resident()
print((resident() - before) / 1e6)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts the pages of Linux")
def test_new_lengths_of_sound_do_not_pile_up_compiled_code() -> None:
    environ = dict(os.environ)
    for name in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
        environ.pop(name, None)
    settle_libraries(environ)
    command = [sys.executable, "-c", SHAPES]
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert float(told.stdout) < 100.0  # MB; 250 without the settings


@pytest.mark.skipif(sys.platform != "linux", reason="the threads of PyTorch are GNU's on Linux")
def test_threads_hardly_spin_while_they_wait_for_one_another() -> None:
    """Else they hold the processors that other programs, and their own other half, wait for."""
    environ = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    command = [sys.executable, "-c", "from core.environment import settle; settle(); import torch"]
    environ |= {"OMP_DISPLAY_ENV": "verbose"}
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert "GOMP_SPINCOUNT = '30000'" in told.stderr


def test_what_the_user_set_for_a_library_stays() -> None:
    environ = {"LRU_CACHE_CAPACITY": "8"}
    settle_libraries(environ)
    assert environ["LRU_CACHE_CAPACITY"] == "8"
    assert environ["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_output_in_any_encoding_names_the_files_that_were_made(
    encoding: str, tmp_path: Path
) -> None:
    story = story_folder(tmp_path / "雨の音, Überfall 🌧")
    arguments = ("export", str(story), "--out", str(tmp_path / "out"), "--format", "flac")
    said = app(*arguments, PYTHONIOENCODING=encoding)
    made = next((tmp_path / "out").glob("*.flac"))
    assert made.name.isascii() is False
    assert "LUFS" in said
    assert "\\u96e8\\u306e\\u97f3" in said


def test_json_in_an_odd_encoding_is_still_json() -> None:
    text = json.dumps({"caption": "Gewitter über 雨 🌧"}, ensure_ascii=False)
    program = (
        "import sys; from core.environment import print_json, settle_output; settle_output(); "
        f"print_json({text!r})"
    )
    for encoding in ("ascii", "cp1252", "latin-1", "utf-8"):
        printed = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": encoding},
            capture_output=True,
            check=True,
        ).stdout
        assert json.loads(printed.decode("utf-8")) == json.loads(text)


def test_a_reader_that_leaves_and_a_full_disk_leave_no_traceback() -> None:
    program = f"{sys.executable} app.py bench --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert not done.stderr
    program = (
        f"{sys.executable} app.py export --help >&-; {sys.executable} app.py open /nowhere >&-"
    )
    done = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_a_working_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = f"cd {gone} && rmdir {gone} && {sys.executable} {ROOT / 'app.py'} open x.zip"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True)
    assert "is gone; change to another one" in done.stderr
    assert "Traceback" not in done.stderr


@as_root
def test_without_a_home_only_what_needs_one_asks_for_a_folder(tmp_path: Path) -> None:
    reach = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reach += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["env", "-u", "HOME", *reach, sys.executable, "app.py", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    assert "serve the studio" in run("--help")
    assert "name one with --stories" in run("serve", "--no-browser")
    assert "name one with --stories" in run("open", "x.story.zip")
    assert "name another folder" in run("serve", "--no-browser", "--stories", str(tmp_path / "x"))


def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", staticmethod(unknown))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_places_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_home(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/no/path")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(FileError, match="--stories"):
        stories_folder()
    assert data_folder() is None
    assert load_profile("pocket").name == "pocket"
    kept = cache_folder()
    assert kept is not None
    assert kept.parent == tmp_path
    assert not kept.stat().st_mode & 0o077


def test_converted_weights_go_where_they_can_be_written_which_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, logged: list[logging.LogRecord]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = cache_folder()
    assert kept is not None
    assert kept.is_relative_to(tmp_path)
    said = " ".join(record.getMessage() for record in logged)
    assert "cannot be written: converted weights are kept in" in said
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "usual"))
    assert cache_folder() == tmp_path / "usual" / "audiostory-studio"


@as_root
def test_a_temporary_folder_that_another_could_have_filled_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_home(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    planted = tmp_path / f"audiostory-studio-{os.getuid()}"
    planted.mkdir()
    os.chown(planted, NOBODY, NOBODY)
    assert cache_folder() is None


def test_no_temporary_folder_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(FileError, match="TMPDIR"), temporary_folder():
        pass


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_what_an_encoder_leaves_behind_goes_with_our_own_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binary, said = tmp_path / "ffmpeg", tmp_path / "said"
    binary.write_text(f'#!/bin/sh\n[ "$1" = -version ] && exit 0\necho "$@" > {said}\nexit 1\n')
    binary.chmod(0o755)
    monkeypatch.setenv(CHOSEN, str(binary))
    shared = tmp_path / "tmp"
    shared.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    silence = np.zeros((100, 2), np.float32)
    with temporary_folder() as scratch:
        settle_temporary_files(scratch / "temporary")
        with pytest.raises(FileError):
            write_sound(tmp_path / "a.m4a", [silence], 44_100, 100, "m4a", Inside("A", ""))
        assert str(scratch / "temporary") in said.read_text()
        assert [*(scratch / "temporary").iterdir()]
        no_home(monkeypatch)
        assert cache_folder() == shared / f"audiostory-studio-{os.getuid()}"  # that one is to last
        (shared / f"audiostory-studio-{os.getuid()}").rmdir()
    assert not [*shared.iterdir()]


def test_uploads_go_to_a_folder_of_our_own(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    for named, chosen in (
        ({}, tmp_path / "ours"),
        ({"GRADIO_TEMP_DIR": str(blocked)}, tmp_path / "ours"),
        ({"GRADIO_TEMP_DIR": str(tmp_path / "theirs")}, tmp_path / "theirs"),
    ):
        environ: dict[str, str] = dict(named)
        settle_uploads(tmp_path / "ours", environ)
        assert environ["GRADIO_TEMP_DIR"] == str(chosen)


@pytest.mark.parametrize(
    ("given", "kept", "said"),
    [
        ({"HTTP_PROXY": "http://proxy:3128"}, {"HTTP_PROXY": "http://proxy:3128"}, ""),
        ({"https_proxy": "proxy:3128"}, {"https_proxy": "proxy:3128"}, ""),
        ({"ALL_PROXY": "socks5h://u:p@proxy:1"}, {"ALL_PROXY": "socks5h://u:p@proxy:1"}, ""),
        ({"ALL_PROXY": "socks://proxy:1"}, {"ALL_PROXY": "socks5://proxy:1"}, ""),
        ({"all_proxy": "socks4://proxy:1"}, {}, "all_proxy is not understood"),
        ({"HTTP_PROXY": "http://proxy:port"}, {}, "HTTP_PROXY is not understood"),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, {}, "SSL_CERT_FILE names nothing"),
    ],
)
def test_proxies_lead_to_other_machines_only_and_odd_ones_are_named(
    given: dict[str, str], kept: dict[str, str], said: str
) -> None:
    environ = dict(given)
    notes = settle_proxies(environ)
    direct = environ.pop("no_proxy"), environ.pop("NO_PROXY")
    assert direct == (",".join(OURSELVES),) * 2
    assert environ == kept
    assert said in " ".join(notes)
    assert bool(said) == bool(notes)


def test_hosts_that_need_no_proxy_stay_and_those_that_break_libraries_go() -> None:
    environ = {"NO_PROXY": "example.com, fe80::/10,[::1]", "HTTP_PROXY": "http://proxy:1"}
    settle_proxies(environ)
    assert environ["no_proxy"] == "example.com,::1,localhost,127.0.0.1"
    everything = {"no_proxy": "*"}
    settle_proxies(everything)
    assert everything["no_proxy"] == "*"


def test_an_address_that_cannot_be_served_is_named_with_its_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for host, number, sentence in (
            ("127.0.0.1", port, f"Port {port} is taken"),
            ("no.such.host.invalid", 7860, "There is no address"),
            ("127.0.0.1", 99_999, "no port 99999"),
            ("203.0.113.7", 7860, "no address of this machine"),
        ):
            with pytest.raises(StudioError, match=sentence):
                check_address(host, number)
