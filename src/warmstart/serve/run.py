"""Start a service and keep it running."""

from __future__ import annotations

import logging
import os
import tempfile
from typing import TYPE_CHECKING, Any

from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_extra
from warmstart.data.dataset import Dataset
from warmstart.roles.store import EVENTS, ITEMS, Store
from warmstart.serve.changes import CHANGES
from warmstart.serve.facts import Seen, import_shop, is_half_imported, last_number
from warmstart.serve.settings import ADMIN_KEY_VARIABLE, SYSTEM, ServeSettings
from warmstart.store.opening import open_store

if TYPE_CHECKING:
    from fastapi import FastAPI

    from warmstart.engine.engine import Engine

FACTORY = "warmstart.serve.run:worker"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_exposed(settings: ServeSettings) -> None:
    """Errors: `ConfigError` for a service without keys that others than this machine could reach."""
    if settings.open_to_all and settings.host not in LOOPBACK:
        raise ConfigError(
            expected="keys, or an address that only this machine reaches",
            found=f"no keys on {settings.host}",
            todo="Leave --open out, or listen on 127.0.0.1 behind something that asks who comes.",
        )


def check_whole(settings: ServeSettings, tenant: str = "default") -> None:
    """Errors: `ConfigError` for a store in which only half a shop has arrived."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_store(settings.store_url, tenant=tenant) as store:
        if is_half_imported(store):
            raise ConfigError(
                expected="a store with a whole shop",
                found="one whose import was interrupted",
                todo="Name the shop again, as in 'warmstart serve my-shop': it goes on where it was.",
            )


def first_key(settings: ServeSettings) -> str | None:
    """The secret of a new admin key, where a service has none yet and asks for one; None otherwise."""
    from warmstart.serve.security.keys import KeyRing

    if settings.open_to_all or os.environ.get(ADMIN_KEY_VARIABLE):
        return None
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_store(settings.store_url, tenant=SYSTEM) as store:
        ring = KeyRing(store)
        if ring.list():
            return None
        return ring.create(tenant="default", scopes=["admin"], name="first")[0]


def take_shop(settings: ServeSettings, shop: Dataset, tenant: str = "default") -> bool:
    """Import a shop into a store that has no items yet, or only half a shop; whether that was done."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_store(settings.store_url, tenant=tenant) as store:
        if _has_items(store) and not is_half_imported(store):
            return False
        import_shop(store, shop)
        return True


def take_model(settings: ServeSettings, engine: Engine, tenant: str = "default") -> bool:
    """Import a fitted shop with its model, where the store has no items yet; whether that was done."""
    if not take_shop(settings, engine.dataset, tenant):
        return False
    with open_store(settings.store_url, tenant=tenant) as store:
        seen = Seen(events=last_number(store, EVENTS), changes=last_number(store, CHANGES))
    engine.save(settings.models_of(tenant), notes=seen.as_dict())
    return True


def fit_model(settings: ServeSettings, tenant: str = "default") -> bool:
    """Fit what the store holds where there is no model yet; whether that was done."""
    from warmstart.serve.refitting import Task, run

    folder = settings.models_of(tenant)
    if (folder / "current.json").is_file():
        return False
    task = Task(
        kind="refit",
        store=settings.store_url,
        tenant=tenant,
        folder=str(folder),
        encoder=settings.encoder,
    )
    return bool(run(task)["promoted"])


def _has_items(store: Store) -> bool:
    return next(iter(store.scan(ITEMS, n=1)), None) is not None


def run_service(settings: ServeSettings, *, factory: str = FACTORY, **more: Any) -> None:
    """Answer requests until told to stop; `more` goes to uvicorn (TLS files, for one).

    `factory` names what makes the application of a worker, such as one with pages.

    On SIGTERM the service first says at /readyz that it is leaving, for `drain_seconds`, so that nobody
    sends more; then it finishes what it has begun.
    """
    uvicorn = load_extra("uvicorn", what="the service", extra="serve")
    check_exposed(settings)
    settings.to_environment()
    configure_logs()
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "factory": True,
        "access_log": False,
        "server_header": False,
        "log_config": None,
        "timeout_graceful_shutdown": 30,
        **more,
    }
    if settings.workers == 1:
        uvicorn.run(factory, **options)
        return
    with tempfile.TemporaryDirectory(prefix="warmstart-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        uvicorn.run(factory, workers=settings.workers, **options)


def worker() -> FastAPI:
    """The application of one worker process, which writes logs of its own and leaves with its parent."""
    from warmstart.serve.app import create_app

    begin_worker()
    return create_app()


def begin_worker() -> None:
    """What every process that answers does first."""
    from warmstart.serve.leaving import leave_with_parent

    configure_logs()
    leave_with_parent()


def configure_logs() -> None:
    """Log to stderr, with secrets taken out."""
    from warmstart.serve.security.redaction import RedactionFilter

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"))
    handler.addFilter(RedactionFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
