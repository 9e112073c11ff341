"""The application: what stands around every request."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from warmstart.core.errors import ConfigError
from warmstart.serve.description import describe
from warmstart.serve.door import Door
from warmstart.serve.leaving import drain_on_term
from warmstart.serve.metrics import Metrics
from warmstart.serve.problems import handle_problems
from warmstart.serve.routes import admin, facts, health, lists, people
from warmstart.serve.security.guard import Guard
from warmstart.serve.security.keys import KeyRing
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.security.tokens import TokenReader
from warmstart.serve.settings import ADMIN_KEY_VARIABLE, SYSTEM, TOKEN_SECRET_VARIABLE, ServeSettings
from warmstart.serve.state import Service
from warmstart.serve.tracing import Tracing, is_asked_for, send_traces
from warmstart.store.opening import open_store

log = logging.getLogger(__name__)

DEFAULT_TENANT = "default"
_ABOUT = """Search and recommendations for a shop from its first minute.

Send `Authorization: Bearer KEY` or `X-API-Key: KEY`. Errors are problems (RFC 9457).
"""


def create_app(settings: ServeSettings | None = None) -> FastAPI:
    """The service as an ASGI application. Without `settings`, those that the environment holds."""
    chosen = settings or ServeSettings.from_environment()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = open_service(chosen)
        app.state.service = service
        try:
            await service.shop(DEFAULT_TENANT)
            drain_on_term(service, chosen.drain_seconds)
            pulse = asyncio.create_task(service.pulse())
            yield
            pulse.cancel()
        finally:
            await service.close()

    app = FastAPI(
        title="warmstart",
        description=_ABOUT,
        version=version("warmstart"),
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    for routes in (health, facts, lists, people, admin):
        app.include_router(routes.router)
    handle_problems(app)
    describe(app)
    if chosen.origins:
        from starlette.middleware.cors import CORSMiddleware

        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(chosen.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "Idempotency-Key"],
        )
    app.add_middleware(Door, body_bytes=chosen.body_bytes)
    if is_asked_for():
        send_traces()
        app.add_middleware(Tracing)
    return app


def open_service(settings: ServeSettings) -> Service:
    """The store, and who may come in. Errors: `StoreError`, `ConfigError`."""
    if settings.store_url.startswith("memory:"):
        raise ConfigError(
            expected="a store that other processes can open",
            found="memory://",
            todo="Leave --store out for a file in the home folder.",
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.store_url)
    keys = KeyRing(store.tenant(SYSTEM))
    if secret := os.environ.get(ADMIN_KEY_VARIABLE):
        keys.import_secret(secret, tenant=DEFAULT_TENANT, scopes=["admin"], name=ADMIN_KEY_VARIABLE)
    tokens = TokenReader(os.environ.get(TOKEN_SECRET_VARIABLE), audience=None)
    limiter = RateLimiter(settings.rate, settings.burst)
    guard = Guard(keys, tokens, limiter, open=settings.open_to_all)
    return Service(settings=settings, store=store, guard=guard, metrics=Metrics())
