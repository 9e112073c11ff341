"""The questions to strangers of a shop that runs."""

from __future__ import annotations

from collections.abc import Callable

from warmstart.data.dataset import Dataset
from warmstart.engine.engine import Engine
from warmstart.recommend.features import ItemFeatures
from warmstart.serve.shop import LiveShop
from warmstart.tasks.onboarding.onboarding import Onboarding

MOST = 50
"""Questions that may be asked of anybody."""


async def onboarding_of(shop: LiveShop) -> Onboarding:
    """What to ask strangers. Errors: `ArtifactError` while the shop has no model."""
    return await shop.derived("onboarding", _known, _learned)


def may_ask_in(engine: Engine) -> Callable[[str], bool]:
    """Whether an item is still there and not sold out: the questions may be older than that."""

    def may_ask(item_id: str) -> bool:
        item = engine.item(item_id)
        return item is not None and item.available

    return may_ask


def _known(engine: Engine) -> tuple[Dataset, ItemFeatures]:
    return engine.dataset, engine.item_features


def _learned(known: tuple[Dataset, ItemFeatures]) -> Onboarding:
    return Onboarding(most=MOST).fit_on(*known)
