"""AudioStory studio: `python app.py` serves the page; `python app.py --help` lists the commands."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from core.allocator import collection_paused
from core.environment import settle


def serve(arguments: argparse.Namespace) -> None:
    """Serve the page; the folder of its stories is looked at before anything slow is imported."""
    from core.commands.serve import library_folder, visitors_password
    from core.places import settle_temporary_files, settle_uploads, temporary_folder

    stories = library_folder(arguments.stories)
    password = visitors_password(arguments.password_file, os.environ)
    if arguments.replicas != 1:
        serve_replicas(arguments, stories, password)
        return
    with temporary_folder() as scratch:
        settle_uploads(scratch / "uploads", os.environ)
        settle_temporary_files(scratch / "temporary")
        with collection_paused():
            from studio.server import serve as serve_studio

        serve_studio(
            arguments.profile,
            arguments.host,
            arguments.port,
            stories,
            scratch,
            open_browser=not arguments.no_browser,
            mcp=arguments.mcp,
            allowed=arguments.allow_host,
            password=password,
            on=arguments.on,
        )


def serve_replicas(arguments: argparse.Namespace, stories: Path, password: str) -> None:
    """Serve several studios behind one address."""
    from core.errors import StudioError

    if arguments.mcp:
        raise StudioError("Tools are of one studio; leave out --mcp, or --replicas.")
    with collection_paused():
        from studio.replicas import serve_replicas

    serve_replicas(
        arguments.replicas,
        arguments.profile,
        arguments.host,
        arguments.port,
        stories,
        open_browser=not arguments.no_browser,
        allowed=arguments.allow_host,
        password=password,
        on=arguments.on,
    )


def main() -> int:
    """The command `audiostory-studio` of an installation, and `python app.py`."""
    settle()
    from core.cli import main as run

    return run(sys.argv[1:], serve)


if __name__ == "__main__":
    sys.exit(main())
