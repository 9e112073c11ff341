"""How a service runs."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from warmstart.core.errors import ConfigError

SETTINGS_VARIABLE: Final = "WARMSTART_SERVE"
"""Holds the settings as JSON for the worker processes of one service; nothing secret is among them."""
ADMIN_KEY_VARIABLE: Final = "WARMSTART_ADMIN_KEY"
TOKEN_SECRET_VARIABLE: Final = "WARMSTART_JWT_SECRET"  # noqa: S105  # the name, not the secret
SYSTEM: Final = "warmstart-system"
"""The tenant that keeps keys; no key opens it."""


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where a service keeps things, whom it lets in, and when it learns anew.

    `home` holds the models and, without `store`, the store. With `open_to_all` no key is asked for. `rate`
    and `burst` are requests a second and at once for each key; `body_bytes` is the most one request may
    send. A shop is learned anew when `refit_share` more events, or items, have come than it was fitted on,
    at most every `refit_minutes` (0: only when asked). What was counted over all users is counted again
    without those who were forgotten at once, or `relearn_minutes` after it was last learned (0: always at
    once). Events are deleted after `keep_days` (0: never).
    `follow_seconds` is how often a worker looks for what others wrote while nobody asks.
    """

    home: Path = Path("warmstart-home")
    store: str = ""
    encoder: str = "auto"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    open_to_all: bool = False
    rate: float = 200.0
    burst: float = 400.0
    body_bytes: int = 16_000_000
    origins: tuple[str, ...] = ()
    refit_share: float = 0.2
    refit_minutes: float = 10.0
    relearn_minutes: float = 10.0
    keep_days: float = 0.0
    follow_seconds: float = 1.0
    drain_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rate", "burst", "body_bytes", "workers", "refit_share", "follow_seconds"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    expected=f"{name} above 0", found=str(getattr(self, name)), todo="Choose another value."
                )

    @property
    def store_url(self) -> str:
        """The store by URL: the one named, else a file in the home folder."""
        return self.store or f"sqlite:///{self.home.resolve() / 'store.db'}"

    @property
    def is_shared(self) -> bool:
        """Whether others may write to the store, so that an engine must look before it answers."""
        return self.workers > 1 or self.store.startswith("postgres")

    def models_of(self, tenant: str) -> Path:
        """The folder of a tenant's model."""
        return self.home / "models" / tenant

    def to_environment(self) -> None:
        """Hand the settings to processes that are started from here."""
        values = {**asdict(self), "home": str(self.home.resolve())}
        os.environ[SETTINGS_VARIABLE] = json.dumps(values)

    @classmethod
    def from_environment(cls) -> Self:
        """What `to_environment` left; the defaults where there is nothing."""
        said: dict[str, Any] = json.loads(os.environ.get(SETTINGS_VARIABLE, "{}"))
        known = {field.name for field in fields(cls)}
        settings = cls(**{name: value for name, value in said.items() if name in known})
        return replace(settings, home=Path(settings.home), origins=tuple(settings.origins))
