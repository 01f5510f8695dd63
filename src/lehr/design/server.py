"""The server: answers the page's questions, on this machine alone, and keeps nothing between them."""

from __future__ import annotations

import json
import socket
import webbrowser
from collections.abc import Callable, Mapping
from importlib.resources import files
from threading import Timer
from typing import TYPE_CHECKING, Any

from . import answers

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
LARGEST = 1_000_000
"""Bytes of the largest question."""
TYPES = {"design.html": "text/html", "design.css": "text/css", "design.js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def app(start: str, law: str | None = None) -> Starlette:
    """The application: the page, and one answer for each thing that it asks.

    Args:
        start: The schedule that the page begins with, as a line of text.
        law: The text of a law file, which forecasts the losses.

    Raises:
        ImportError: Starlette or uvicorn is missing.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError as error:
        raise ImportError('lehr.design serves its page with Starlette: pip install "lehr[design]"') from error
    known = answers.Known(start, law)

    async def page(request: Request) -> Response:
        name = request.path_params.get("name") or "design.html"
        if name not in TYPES:
            return Response(status_code=404)
        content = (files(__package__) / "page" / name).read_bytes()
        return Response(content, media_type=TYPES[name], headers=HEADERS)

    async def answer(request: Request) -> Response:
        if not _is_from_the_page(request.headers):
            return JSONResponse({"error": "only the page itself may ask"}, 403, HEADERS)
        body = await _body(request)
        act = answers.ACTS.get(request.path_params["act"])
        if act is None or body is None:
            return JSONResponse({"error": "an unknown question, or one that is too large"}, 400, HEADERS)
        return JSONResponse(_answered(act, known, body), headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/{name}", page),
            Route("/ask/{act}", answer, methods=["POST"]),
        ],
        # A name that resolves to this machine, of a page elsewhere (DNS rebinding), is no host of ours.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])],
    )


def _is_from_the_page(headers: Mapping[str, str]) -> bool:
    """Whether the page itself asks. A browser sends no JSON from elsewhere without a permission, which none gets."""
    origin, host = headers.get("origin"), headers.get("host", "")
    is_json = headers.get("content-type", "").partition(";")[0] == "application/json"
    same_site = headers.get("sec-fetch-site", "same-origin") == "same-origin"
    return is_json and same_site and origin in (None, f"http://{host}")


async def _body(request: Request) -> dict[str, Any] | None:
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return None
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _answered(act: Callable[..., dict[str, Any]], known: answers.Known, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return act(known, body)
    except (ValueError, TypeError, KeyError, ImportError, ArithmeticError, RecursionError) as error:
        return {"error": f"the question lacks {error}" if isinstance(error, KeyError) else str(error)}


def serve(start: str, *, law: str | None = None, port: int = 0, show: bool = True, say: Callable[[str], None]) -> None:
    """Serve the page on this machine until Ctrl-C.

    Args:
        start: The schedule that the page begins with.
        law: The text of a law file.
        port: The port; 0 takes a free one.
        show: Whether the browser is opened.
        say: Gets the address.

    Raises:
        ImportError: Starlette or uvicorn is missing.
        OSError: The port is taken.
    """
    application = app(start, law)
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError('lehr.design serves its page with uvicorn: pip install "lehr[design]"') from error
    with socket.create_server((LOOPBACK, port)) as listening:
        address = f"http://{LOOPBACK}:{listening.getsockname()[1]}/"
        say(address)
        if show:
            Timer(0.1, webbrowser.open, [address]).start()
        config = uvicorn.Config(application, log_level="warning", lifespan="off", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
