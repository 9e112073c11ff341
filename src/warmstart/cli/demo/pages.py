"""The demo in a browser."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from warmstart.cli.output import console
from warmstart.cli.serve import PAGES
from warmstart.core.extras import load_extra

if TYPE_CHECKING:
    from warmstart.engine.engine import Engine

HOST = "127.0.0.1"


def serve_pages(engine: Engine, port: int) -> None:
    """Open the shop to browsers of this machine until told to stop; nothing of it is kept."""
    load_extra("fastapi", what="the storefront", extra="serve")
    from warmstart.serve.run import run_service, take_model
    from warmstart.serve.settings import ServeSettings

    with TemporaryDirectory(prefix="warmstart-demo-", ignore_cleanup_errors=True) as folder:
        settings = ServeSettings(
            home=Path(folder), port=port or free_port(), open_to_all=True, refit_minutes=0.0
        )
        take_model(settings, engine)
        console().print(f"Open http://{HOST}:{settings.port}/shop in a browser. Ctrl-C ends it.")
        logging.getLogger("warmstart.access").setLevel(logging.WARNING)
        run_service(settings, factory=PAGES, log_level="warning")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
