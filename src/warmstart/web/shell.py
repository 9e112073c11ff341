"""The HTML of the storefront, and the files that it asks for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from warmstart.web.languages import LANGUAGE_COOKIE, LANGUAGES, language_of, words_of
from warmstart.web.page import HEADERS, Assets, Name, framed
from warmstart.web.visitors import keep, visitors_of

router = APIRouter(include_in_schema=False)
strays = APIRouter(include_in_schema=False)
"""What takes in every address below the shop that nothing else knows: to be included last."""

_VIEWS: Final = ("", "/search", "/item", "/cart", "/welcome")


@router.get("/")
async def front() -> Response:
    """To the shop."""
    return RedirectResponse("/shop", headers=HEADERS)


@router.get("/shop/assets/{version}/{name}")
async def asset(request: Request, version: Name, name: Name) -> Response:
    """A file of the package; none beside those that stand in its folder."""
    return _assets().served(request, version, name)


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


@strays.get("/shop/{rest:path}")
async def stray(request: Request, rest: str) -> Response:
    """The page that says that there is no such page; what scripts ask for gets a problem, as elsewhere."""
    known = f"/{rest.strip('/')}".rstrip("/")
    if known in _VIEWS:
        return RedirectResponse(f"/shop{known}?{request.url.query}".rstrip("?"), headers=HEADERS)
    if rest.startswith(("api/", "assets/")):
        raise HTTPException(404, "There is no such page.")
    page = await shell(request)
    page.status_code = 404
    return page


@cache
def _assets() -> Assets:
    return Assets.of((files("warmstart.web") / "assets").iterdir())


@cache
def _page(language: str) -> str:
    return framed(
        tag=LANGUAGES[language],
        language=language,
        words=words_of(language),
        base="/shop/assets",
        name="storefront",
        said=f"words.{language}.json",
        assets=_assets(),
    )
