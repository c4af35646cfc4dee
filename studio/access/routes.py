"""The routes of the server that are open, and to whom. All others are closed to everybody.

Gradio brings many that the studio has no use for: figures of its use, pages about its programming
interface, a proxy, an editor of its source, records on a hub. A version that brings more of them
leaves them closed; `tests/test_access.py` then asks for a decision.
"""

from __future__ import annotations

import re
from enum import Enum

from starlette.routing import compile_path


class Reach(Enum):
    """Who may ask for a route, from where is looked at before."""

    ANYONE = "anyone"
    """Whoever reaches the server, with no password: nothing is told, nothing is changed."""
    VISITOR = "visitor"
    """Who knows the password, if there is one."""
    NOBODY = "nobody"


_API = "/gradio_api"
TOOLS = f"{_API}/mcp"
"""Below it are the tools, which are there on this machine alone and only if asked for."""
_ANYONE = {
    f"{_API}/startup-events": "GET",  # by which Gradio sees that its server runs
    "/favicon.ico": "GET",
    "/manifest.json": "GET",  # asked for without what the browser knows of the password
    "/robots.txt": "GET",
}
_VISITOR = {
    "/": "GET HEAD",
    "/config": "GET",
    "/config/": "GET",
    "/theme.css": "GET",
    "/assets/{path:path}": "GET",
    "/static/{path:path}": "GET",
    f"{_API}/info": "GET",
    f"{_API}/app_id": "GET",
    f"{_API}/heartbeat/{{session_hash}}": "GET",
    f"{_API}/queue/join": "POST",
    f"{_API}/queue/data": "GET",
    f"{_API}/run/{{api_name}}": "POST",
    f"{_API}/call/{{api_name}}": "POST",
    f"{_API}/call/{{api_name}}/{{event_id}}": "GET",
    f"{_API}/call/v2/{{api_name}}": "POST",
    f"{_API}/call/v2/{{api_name}}/{{event_id}}": "GET",
    f"{_API}/cancel": "POST",
    f"{_API}/reset": "POST",
    f"{_API}/upload": "POST",
    f"{_API}/upload_progress": "GET",
    f"{_API}/file={{path_or_url:path}}": "GET HEAD",
    f"{TOOLS}{{path:path}}": "GET HEAD POST DELETE",
}
_ELSEWHERE = re.compile(r"/gradio_api/file=\s*[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
"""A file that Gradio would fetch from another server for whoever asks."""
_TABLE = [
    (compile_path(path)[0], frozenset(methods.split()), reach)
    for reach, routes in ((Reach.ANYONE, _ANYONE), (Reach.VISITOR, _VISITOR))
    for path, methods in routes.items()
]
PAGE = "/"


def reach_of(method: str, path: str) -> Reach:
    """Who may ask for this path by this method."""
    if _ELSEWHERE.match(path):
        return Reach.NOBODY
    for pattern, methods, reach in _TABLE:
        if method in methods and pattern.match(path):
            return reach
    return Reach.NOBODY
