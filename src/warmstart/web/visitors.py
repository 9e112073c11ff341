"""Whom a browser acts for, and what keeps others from acting through it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response

from warmstart.core.errors import InputError
from warmstart.serve.app import DEFAULT_TENANT
from warmstart.serve.routes.common import Serving
from warmstart.serve.run import LOOPBACK
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.shop import LiveShop

COOKIE: Final = "warmstart_visitors"
VISITOR: Final = "visitor"
"""Who a visitor is to logs and audit, where the key of others is named."""
MOST: Final = 5
"""Visitors that one browser remembers."""
_YEAR: Final = 31_536_000
_NAME: Final = re.compile(r"web-[A-Za-z0-9_-]{22}", re.ASCII)
_RATE, _BURST = 20.0, 80.0
limiter: Final = RateLimiter(_RATE, _BURST)
"""Requests a second for each visitor of this worker."""
newcomers: Final = RateLimiter(5.0, 50.0)
"""Visitors without a cookie that one address may send."""


@dataclass(frozen=True, kw_only=True)
class Visitors:
    """The visitors of one browser; the one at `now` is here. Their names are secrets of that browser."""

    names: tuple[str, ...]
    now: int = 0
    is_new: bool = False

    @property
    def name(self) -> str:
        """Who is here."""
        return self.names[self.now]

    def another(self) -> Visitors:
        """A stranger, who is remembered beside those before; the oldest make room."""
        kept = (*self.names, new_name())[-MOST:]
        return replace(self, names=kept, now=len(kept) - 1)

    def switched(self, place: int) -> Visitors:
        """One of those before. Errors: `InputError` where there is no such place."""
        if not 0 <= place < len(self.names):
            raise InputError(
                expected=f"a place below {len(self.names)}",
                found=str(place),
                todo="Choose another.",
            )
        return replace(self, now=place)

    def renewed(self) -> Visitors:
        """Whoever is here under a new name, which nothing ties to the old one."""
        names = list(self.names)
        names[self.now] = new_name()
        return replace(self, names=tuple(names))


def new_name() -> str:
    """A name that nobody guesses."""
    return f"web-{secrets.token_urlsafe(16)}"


def visitors_of(request: Request) -> Visitors:
    """Those that the cookie names; a stranger where it names none."""
    place, _, rest = request.cookies.get(COOKIE, "").partition(":")
    names = tuple(name for name in rest.split(".") if _NAME.fullmatch(name))[:MOST]
    if not names:
        return Visitors(names=(new_name(),), is_new=True)
    return Visitors(names=names, now=int(place) if place in map(str, range(len(names))) else 0)


def keep(response: Response, request: Request, visitors: Visitors) -> None:
    """Tell the browser whom it acts for; no script can read it, and no other site can send it."""
    response.set_cookie(
        COOKIE,
        f"{visitors.now}:{'.'.join(visitors.names)}",
        max_age=_YEAR,
        path="/shop",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


async def _here(request: Request, service: Serving) -> Visitors:
    """Who asks. Errors: 421 under a foreign name, 429 for too many requests."""
    if service.guard.open and request.url.hostname not in LOOPBACK and request.url.hostname != "testserver":
        raise HTTPException(421, "This shop is open to this machine alone.")
    visitors = visitors_of(request)
    request.state.tenant, request.state.key_id = DEFAULT_TENANT, VISITOR
    address = request.client.host if request.client else ""
    wait = newcomers.take(address) if visitors.is_new else limiter.take(visitors.name)
    if wait > 0:
        raise HTTPException(
            429, f"Too many requests; try again in {wait:.1f} s.", {"Retry-After": str(int(wait) + 1)}
        )
    return visitors


async def _acting(request: Request, visitors: Annotated[Visitors, Depends(_here)]) -> Visitors:
    """Who acts. Errors: 403 where another site sends the request, 415 where a form does."""
    if not is_from_here(request):
        raise HTTPException(403, "Only the pages of this shop may do this.")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "A body needs 'Content-Type: application/json'.")
    return visitors


def is_from_here(request: Request) -> bool:
    """Whether a page of this very site sends it, as far as browsers tell; other clients have no cookies."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _shop(service: Serving) -> LiveShop:
    return await service.shop(DEFAULT_TENANT)


Here = Annotated[Visitors, Depends(_here)]
Acting = Annotated[Visitors, Depends(_acting)]
Shop = Annotated[LiveShop, Depends(_shop)]
