"""The whole simulated shop."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import UnknownIdError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Item, items_frame
from warmstart.data.simulator.aftermath import follow, rate
from warmstart.data.simulator.opinions import reviews_table
from warmstart.data.simulator.products import Goods, draw_goods
from warmstart.data.simulator.searches import Need, judged_needs, judged_rows, plain_needs
from warmstart.data.simulator.sessions import plan_legs
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.shoppers import draw_shoppers, users_table
from warmstart.data.simulator.stranger import Shopper
from warmstart.data.simulator.tables import events_table, graph_table
from warmstart.data.simulator.truth import Truth
from warmstart.data.simulator.visits import play_legs
from warmstart.data.simulator.vocabulary import vocabulary
from warmstart.data.simulator.wording import write_items

_FILES: Final = ("items", "events", "users", "reviews", "queries", "judgments", "graph")


@dataclass(frozen=True, kw_only=True)
class SimulatedShop:
    """A shop with everything in it, and the truth behind it.

    `dataset` is what a shop would know; `truth` what only the simulator knows; `upcoming` are items
    that arrive after the last day, for "a brand-new item" in a demo, with their truth known too.

    >>> shop = simulate(SimulatorSettings(n_items=60, n_users=20, n_days=10))
    >>> stranger = shop.shopper("cat_owner", seed=1)
    >>> events = stranger.react(stranger.ideal_items(10), at=shop.settings.end)
    >>> events[0].user_id, events[0].event_type
    ('stranger-cat_owner-1', 'click')
    """

    settings: SimulatorSettings
    dataset: Dataset
    truth: Truth
    upcoming: tuple[Item, ...]

    @property
    def archetypes(self) -> tuple[str, ...]:
        """Keys of all archetypes."""
        return tuple(archetype.key for archetype in vocabulary().archetypes)

    def shopper(self, archetype: str, seed: int = 0) -> Shopper:
        """A stranger who mostly is of this archetype. Errors: `UnknownIdError`."""
        if archetype not in self.archetypes:
            raise UnknownIdError(
                expected="the key of an archetype",
                found=repr(archetype),
                todo=f"Known: {', '.join(self.archetypes)}.",
            )
        return Shopper(self.settings, self.truth.goods, self.archetypes.index(archetype), seed)

    def write(self, folder: str | Path) -> Path:
        """Write the shop as a folder of CSV files that `read_shop` and `warmstart fit` understand.

        The truth is not written. Events are gzipped; the same shop gives the same bytes.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            text = _flat(getattr(self.dataset, name)).write_csv()
            if name == "events":
                (path / "events.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
            else:
                (path / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        return path


def simulate(settings: SimulatorSettings | None = None) -> SimulatedShop:
    """Simulate a shop; equal settings give equal shops.

    >>> shop = simulate(SimulatorSettings(n_items=60, n_users=20, n_days=10, language="zh"))
    >>> len(shop.dataset.items), len(shop.dataset.users), shop.upcoming[1].title
    (60, 20, '北屿 峡湾 手冲壶 0.6L 1000W 奶油白 NO-K6')
    """
    settings = settings or SimulatorSettings()
    goods, shoppers = draw_goods(settings), draw_shoppers(settings)
    items = write_items(settings, goods)
    legs, searches = plan_legs(settings, goods, shoppers)
    log = follow(settings, goods, shoppers, play_legs(settings, goods, shoppers, legs, searches))
    log, ratings = rate(settings, goods, shoppers, log)
    judged = judged_needs(settings, goods)
    prices = np.array([item.price for item in items])
    user_ids = shoppers.user_ids
    dataset = Dataset(
        name=f"simulated-{settings.language}",
        items=items_frame(items[: goods.n_items]),
        events=events_table(
            settings,
            log,
            legs,
            item_ids=goods.item_ids,
            user_ids=user_ids,
            prices=prices,
            queries=searches.texts,
        ),
        users=users_table(settings, shoppers),
        reviews=reviews_table(settings, goods, user_ids, ratings),
        queries=pl.DataFrame({c.QUERY: list(judged)}, schema={c.QUERY: pl.String}),
        judgments=_judgments(settings, goods, judged),
        graph=graph_table(settings, goods),
    )
    typed = dict(zip(searches.texts, searches.needs, strict=True))
    needs = {**plain_needs(settings), **typed, **judged}
    truth = Truth(settings=settings, goods=goods, shoppers=shoppers, needs=needs)
    return SimulatedShop(settings=settings, dataset=dataset, truth=truth, upcoming=items[goods.n_items :])


def _judgments(settings: SimulatorSettings, goods: Goods, judged: Mapping[str, Need]) -> pl.DataFrame:
    texts, rows, marks = judged_rows(settings, goods, judged)
    columns = {
        c.QUERY: pl.Series(texts, dtype=pl.String),
        c.ITEM_ID: pl.Series([goods.item_ids[i] for i in rows], dtype=pl.String),
        c.GRADE: pl.Series(marks, dtype=pl.Float64),
    }
    return pl.DataFrame(columns)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The table as CSV can hold it: `A > B` for categories, JSON for tags."""
    if c.CATEGORIES not in frame.columns:
        return frame
    tags = [json.dumps(row, ensure_ascii=False) if row else None for row in frame[c.TAGS].to_list()]
    return frame.with_columns(
        pl.col(c.CATEGORIES).list.join(" > "), pl.Series(c.TAGS, tags, dtype=pl.String)
    )
