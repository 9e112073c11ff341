"""The HTML of the console, and the files that it asks for."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from warmstart.web.languages import LANGUAGE_COOKIE, LANGUAGES, language_of
from warmstart.web.page import HEADERS, Assets, framed, read_assets, served

router = APIRouter(include_in_schema=False)

_SHARED: Final = ("dom.js", "theme.js", "icon.svg")
"""What the storefront has already."""
VIEWS: Final = ("", "search", "users", "whom", "data", "models", "keys", "audit")


@router.get("/console/assets/{name}")
async def asset(name: Annotated[str, Path(max_length=60)]) -> Response:
    """A file of the package; none beside those that the console needs."""
    return served(_assets(), name)


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
def _assets() -> Assets:
    shop = files("warmstart.web")
    own = (shop / "console" / "assets").iterdir()
    return read_assets([*own, *(shop / "assets" / name for name in _SHARED)])


@cache
def _page(language: str) -> str:
    return framed(
        tag=LANGUAGES[language],
        language=language,
        words=json.loads(_assets()[f"console-words.{language}.json"][0]),
        base="/console/assets",
        name="console",
        assets=_assets(),
    )
