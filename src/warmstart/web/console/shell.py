"""The HTML that a browser loads first, and the files that it asks for then."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Request, Response

from warmstart.web.languages import LANGUAGE_COOKIE, LANGUAGES, language_of

router = APIRouter(include_in_schema=False)

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing runs or is loaded but what the package brought; no page may frame ours."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TYPES: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "svg": "image/svg+xml",
}
_SHARED: Final = ("dom.js", "theme.js", "icon.svg")
"""What the storefront has already."""
VIEWS: Final = ("", "search", "users", "whom", "data", "models", "keys", "audit")


@router.get("/console/assets/{name}")
async def asset(name: Annotated[str, Path(max_length=60)]) -> Response:
    """A file of the package; none beside those that the console needs."""
    if name not in _assets():
        raise HTTPException(404, "There is no such file.")
    body, kind = _assets()[name]
    return Response(body, media_type=kind, headers=HEADERS)


async def shell(request: Request) -> Response:
    """The page of every view: what is in it comes from the door at /console/api."""
    language = language_of(request)
    page = Response(_page(language), media_type="text/html", headers={**HEADERS, "Vary": "Accept-Language"})
    if request.query_params.get("lang") in LANGUAGES:
        page.set_cookie(
            LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", path="/console", httponly=True
        )
    return page


for _view in VIEWS:
    router.add_api_route(f"/console/{_view}" if _view else "/console", shell, methods=["GET"])


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    """The files by name, with the type of each."""
    shop = files("warmstart.web")
    own = list((shop / "console" / "assets").iterdir())
    found = {}
    for file in [*own, *(shop / "assets" / name for name in _SHARED)]:
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if kind:
            found[file.name] = (file.read_bytes(), kind)
    return found


@cache
def _page(language: str) -> str:
    words = json.loads(_assets()[f"console-words.{language}.json"][0])
    modules = "\n".join(
        f'<link rel="modulepreload" href="/console/assets/{name}">'
        for name in sorted(_assets())
        if name.endswith(".js") and name not in ("console.js", "theme.js")
    )
    return f"""<!doctype html>
<html lang="{LANGUAGES[language]}" data-language="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(words["title"])}</title>
<link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console/assets/console.css">
<script src="/console/assets/theme.js"></script>
{modules}
<script type="module" src="/console/assets/console.js"></script>
</head>
<body>
<a class="skip" href="#main">{escape(words["skip"])}</a>
<header id="top" class="top"></header>
<main id="main" tabindex="-1"><noscript><p class="notice">{escape(words["noscript"])}</p></noscript></main>
<div id="live" class="unseen" role="status" aria-live="polite"></div>
</body>
</html>
"""
