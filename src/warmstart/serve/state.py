"""What the requests of one worker share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from warmstart.core.errors import ConfigError
from warmstart.roles.store import Store
from warmstart.serve.metrics import Metrics
from warmstart.serve.security.audit import Audit
from warmstart.serve.security.guard import Guard
from warmstart.serve.settings import SYSTEM, ServeSettings
from warmstart.serve.shop import LiveShop


@dataclass
class Service:
    """The shops of a worker, opened when first asked for, and who may ask."""

    settings: ServeSettings
    store: Store
    guard: Guard
    metrics: Metrics
    clock: float = field(default_factory=time.time)
    is_stopping: bool = False

    def __post_init__(self) -> None:
        self._shops: dict[str, LiveShop] = {}
        self._opening = asyncio.Lock()

    @property
    def shops(self) -> Mapping[str, LiveShop]:
        """The shops that are open."""
        return self._shops

    async def shop(self, tenant: str) -> LiveShop:
        """The shop of a tenant. Errors: `ConfigError` for the tenant that keeps the keys."""
        found = self._shops.get(tenant)
        if found is not None and found.is_ready:
            return found
        if tenant == SYSTEM:
            raise ConfigError(
                expected="the name of a shop", found=repr(tenant), todo="Choose another tenant."
            )
        async with self._opening:
            if tenant not in self._shops:
                shop = LiveShop(self.store.tenant(tenant), self.settings)
                await shop.start()
                self._shops[tenant] = shop
        return self._shops[tenant]

    def audit(self, tenant: str) -> Audit:
        """Where the acts of administrators of a tenant are kept."""
        return Audit(self.store.tenant(tenant))

    @property
    def is_ready(self) -> bool:
        """Whether requests are answered: not before the first shop is open, and not on the way out."""
        return not self.is_stopping and bool(self._shops) and all(s.is_ready for s in self._shops.values())

    @property
    def is_learning(self) -> bool:
        """Whether one of the shops is learned for the first time, so that its lists are empty."""
        return any(shop.is_learning for shop in self._shops.values())

    async def pulse(self) -> None:
        """Tell the metrics how this worker stands, every second: any of them may be asked for all."""
        while True:
            self.tell()
            await asyncio.sleep(1.0)

    def tell(self) -> None:
        """Tell the metrics how this worker stands."""
        waiting = sum(len(shop.writer) for shop in self._shops.values())
        self.metrics.state(waiting=waiting, ready=self.is_ready)

    async def close(self) -> None:
        """Write what waits, and let go of everything."""
        self.is_stopping = True
        for shop in self._shops.values():
            await shop.close()
        self.store.close()
