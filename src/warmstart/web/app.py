"""The service with its pages."""

from __future__ import annotations

from fastapi import FastAPI

from warmstart.serve.app import create_app as create_service
from warmstart.serve.run import begin_worker
from warmstart.serve.settings import ServeSettings
from warmstart.web import shell
from warmstart.web.console import routes as console
from warmstart.web.storefront import changes, questions, shoppers


def create_app(settings: ServeSettings | None = None) -> FastAPI:
    """The service as an ASGI application, with the storefront at /shop and the console at /console.

    Use it where visitors may see the shop without a key: a browser acts for its own visitor alone, and
    what needs a key still does, the console an administrator's. Without `settings`, those that
    the environment holds.
    """
    app = create_service(settings)
    for routes in (shell, questions, changes, shoppers, console):
        app.include_router(routes.router)
    app.include_router(shell.strays)
    return app


def worker() -> FastAPI:
    """The application of one worker process, which writes logs of its own and leaves with its parent."""
    begin_worker()
    return create_app()
