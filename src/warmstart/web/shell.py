"""The HTML that a browser loads first, and the files that it asks for then."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from warmstart.web.languages import LANGUAGE_COOKIE, LANGUAGES, language_of, words_of
from warmstart.web.visitors import keep, visitors_of

router = APIRouter(include_in_schema=False)

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
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
_VIEWS: Final = ("", "/search", "/item", "/cart", "/welcome")


@router.get("/")
async def front() -> Response:
    """To the shop."""
    return RedirectResponse("/shop", headers=HEADERS)


@router.get("/shop/assets/{name}")
async def asset(name: Annotated[str, Path(max_length=60)]) -> Response:
    """A file of the package; none beside those that stand in its folder."""
    if name not in _assets():
        raise HTTPException(404, "There is no such file.")
    body, kind = _assets()[name]
    return Response(body, media_type=kind, headers=HEADERS)


async def shell(request: Request) -> Response:
    """The page of every view: what is in it comes from the door at /shop/api."""
    language = language_of(request)
    page = Response(_page(language), media_type="text/html", headers={**HEADERS, "Vary": "Accept-Language"})
    keep(page, request, visitors_of(request))
    if request.query_params.get("lang") in LANGUAGES:
        page.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", path="/shop")
    return page


for _view in _VIEWS:
    router.add_api_route(f"/shop{_view}", shell, methods=["GET"])


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    """The files by name, with the type of each."""
    folder = files("warmstart.web") / "assets"
    found = {}
    for file in folder.iterdir():
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if kind:
            found[file.name] = (file.read_bytes(), kind)
    return found


@cache
def _page(language: str) -> str:
    words = {name: escape(text) for name, text in words_of(language).items()}
    modules = "\n".join(
        f'<link rel="modulepreload" href="/shop/assets/{name}">'
        for name in sorted(_assets())
        if name.endswith(".js") and not name.startswith(("storefront", "theme", "console"))
    )
    return f"""<!doctype html>
<html lang="{LANGUAGES[language]}" data-language="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{words["title"]}</title>
<link rel="icon" href="/shop/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/shop/assets/storefront.css">
<script src="/shop/assets/theme.js"></script>
{modules}
<script type="module" src="/shop/assets/storefront.js"></script>
</head>
<body>
<a class="skip" href="#main">{words["skip"]}</a>
<header id="top" class="top"></header>
<main id="main" tabindex="-1"><noscript><p class="notice">{words["noscript"]}</p></noscript></main>
<footer id="foot" class="foot"></footer>
<div id="live" role="status" aria-live="polite"></div>
</body>
</html>
"""
