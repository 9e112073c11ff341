"""The doors of the console."""

from __future__ import annotations

from fastapi import APIRouter

from warmstart.web.console import facts, lab, login, shell

router = APIRouter(include_in_schema=False)
"""Everything below /console."""

for _routes in (shell, login, facts, lab):
    router.include_router(_routes.router)
