"""AudioStory studio: `python app.py` serves the page; `python app.py --help` lists the commands."""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")


def serve(arguments: argparse.Namespace) -> None:
    from studio.server import serve as serve_studio

    serve_studio(
        arguments.profile,
        arguments.host,
        arguments.port,
        arguments.stories,
        open_browser=not arguments.no_browser,
        mcp=arguments.mcp,
    )


def main() -> int:
    """The command `audiostory-studio` of an installation, and `python app.py`."""
    from core.cli import main as run

    return run(sys.argv[1:], serve)


if __name__ == "__main__":
    sys.exit(main())
