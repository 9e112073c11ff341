"""The doors of the console."""

from __future__ import annotations

from fastapi import APIRouter

from warmstart.web.console import catalogue, facts, lab, login, report_doors, shell

router = APIRouter(include_in_schema=False)
"""Everything below /console."""

for _routes in (shell, login, facts, catalogue, lab, report_doors):
    router.include_router(_routes.router)
