"""The HTML of the console, and the files that it asks for."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

from warmstart.web.languages import LANGUAGE_COOKIE, LANGUAGES, language_of
from warmstart.web.page import HEADERS, Assets, Name, framed

router = APIRouter(include_in_schema=False)

_SHARED: Final = ("dom.js", "door.js", "theme.js", "icon.svg")
"""What the storefront has already."""
VIEWS: Final = ("", "search", "users", "whom", "reports", "data", "models", "keys", "audit")


@router.get("/console/assets/{version}/{name}")
async def asset(request: Request, version: Name, name: Name) -> Response:
    """A file of the package; none beside those that the console needs."""
    return _assets().served(request, version, name)


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


@router.get("/console/{view}")
async def missing(request: Request) -> Response:
    """A page for an address that is none: it says so, and leads back."""
    page = await shell(request)
    page.status_code = 404
    return page


@cache
def _assets() -> Assets:
    shop = files("warmstart.web")
    own = (shop / "console" / "assets").iterdir()
    return Assets.of([*own, *(shop / "assets" / name for name in _SHARED)])


@cache
def _page(language: str) -> str:
    said = f"console-words.{language}.json"
    return framed(
        tag=LANGUAGES[language],
        language=language,
        words=json.loads(_assets().files[said].body),
        base="/console/assets",
        name="console",
        said=said,
        assets=_assets(),
    )
