"""From columns of numbers to the tables of a `Dataset`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.schema import EVENTS
from warmstart.data.simulator.log import KINDS, PURCHASE, Log
from warmstart.data.simulator.products import Array, Goods
from warmstart.data.simulator.sessions import Legs
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.vocabulary import vocabulary
from warmstart.data.simulator.wording import brand_name

_DEVICES = ("mobile", "desktop", "tablet")
_CHANNELS = ("direct", "search", "email", "social")


def events_table(
    settings: SimulatorSettings,
    log: Log,
    legs: Legs,
    *,
    item_ids: tuple[str, ...],
    user_ids: tuple[str, ...],
    prices: Array,
    queries: tuple[str, ...],
) -> pl.DataFrame:
    """All events in the order in which they happened; a purchase carries its price as value."""
    log = log.take(np.lexsort((log.kind, log.user, log.time)))
    session = _numbered(log.session)
    value = np.where(log.kind == PURCHASE, prices[log.item], log.value)
    columns = {
        c.USER_ID: _pick(user_ids, log.user),
        c.ITEM_ID: _pick(item_ids, log.item),
        c.EVENT_TYPE: _pick(KINDS, log.kind),
        c.TIMESTAMP: pl.Series(log.time),
        c.VALUE: pl.Series(value).fill_nan(None),
        c.SESSION_ID: _pick(_session_ids(session), session),
        c.QUERY: _pick(queries, log.query),
        c.CONTEXT: _contexts(settings, log, legs),
    }
    frame = pl.DataFrame([series.alias(name) for name, series in columns.items()])
    return frame.select(
        (pl.col(name) if name in columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in EVENTS.items()
    )


def _pick(words: tuple[str, ...], rows: IntArray) -> pl.Series:
    """The word of each row; null where the row is -1."""
    places = pl.Series(rows)
    return pl.Series([*words, None], dtype=pl.String).gather(places.replace(-1, len(words)))


def _session_ids(session: IntArray) -> tuple[str, ...]:
    n = int(session.max(initial=-1)) + 1
    width = max(6, len(str(n)))
    return tuple(f"s{i + 1:0{width}d}" for i in range(n))


def _numbered(session: IntArray) -> IntArray:
    """Number sessions by first appearance; -1 stays."""
    known, first, inverse = np.unique(session, return_index=True, return_inverse=True)
    first = np.where(known < 0, -1, first)
    rank = np.empty(len(known), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(known))
    shift = int((known < 0).any())
    return np.asarray(rank[inverse] - shift, dtype=np.int64)


def _contexts(settings: SimulatorSettings, log: Log, legs: Legs) -> pl.Series:
    """Device and channel of each session, and the interest advertised by the campaign it came from."""
    rng = settings.rng("contexts")
    words, at = vocabulary(), 0 if settings.language == "en" else 1
    n = 1 + int(max(log.session.max(initial=-1), legs.session.max(initial=-1)))
    strongest = np.array([_main_interest(style.likes) for style in words.styles])
    opening = np.flatnonzero(np.diff(legs.session, prepend=-1))
    campaign = np.zeros(n, dtype=np.int64)
    from_campaign = rng.random(len(opening)) < 0.15
    campaign[legs.session[opening]] = np.where(from_campaign, 1 + strongest[legs.style[opening]], 0)
    device = rng.choice(len(_DEVICES), size=n, p=(0.62, 0.32, 0.06))
    channel = rng.choice(len(_CHANNELS), size=n, p=(0.45, 0.3, 0.1, 0.15))
    names = [None, *(interest.name[at] for interest in words.interests)]
    options = tuple(_context(*option) for option in product(_DEVICES, _CHANNELS, names))
    code = (device * len(_CHANNELS) + channel) * len(names) + campaign
    return _pick(options, np.where(log.session >= 0, np.append(code, 0)[log.session], -1))


def _context(device: str, channel: str, campaign: str | None) -> str:
    context = {"device": device, "channel": channel} | ({"campaign": campaign} if campaign else {})
    return json.dumps(context, ensure_ascii=False, sort_keys=True)


def _main_interest(likes: Mapping[str, float]) -> int:
    keys = [interest.key for interest in vocabulary().interests]
    return keys.index(max(likes, key=lambda key: likes[key]))


def graph_table(settings: SimulatorSettings, goods: Goods) -> pl.DataFrame:
    """Triples: has_brand, in_category, part_of, made_of, and most of goes_with."""
    words, at = vocabulary(), 0 if settings.language == "en" else 1
    triples: list[tuple[str, str, str]] = []
    for i in range(goods.n_items):
        product_, leaf = goods.products[i], words.leaves[goods.leaf[i]]
        item_id = goods.item_ids[i]
        triples.append(
            (item_id, "has_brand", f"brand:{brand_name(settings, words.brands[product_.brand])}")
        )
        triples.append((item_id, "in_category", f"category:{leaf.name[at]}"))
        if "material" in product_.choice:
            material = leaf.slots["material"][product_.choice["material"]][at]
            triples.append((item_id, "made_of", f"material:{material}"))
    departments = {department.key: department.name[at] for department in words.departments}
    triples += [
        (f"category:{leaf.name[at]}", "part_of", f"department:{departments[leaf.department]}")
        for leaf in words.leaves
    ]
    triples += [
        (goods.item_ids[i], "goes_with", goods.item_ids[j]) for i, j in known_partners(settings, goods)
    ]
    return pl.DataFrame(triples, schema=[c.HEAD, c.RELATION, c.TAIL], orient="row")


def known_partners(settings: SimulatorSettings, goods: Goods) -> list[tuple[int, int]]:
    """The seven of ten complementary pairs that the shop's editors have written down."""
    partners = goods.partners[: goods.n_items]
    noted = (settings.rng("graph").random(partners.shape) < 0.7) & (partners >= 0)
    rows, places = np.nonzero(noted)
    return list(zip(rows.tolist(), partners[rows, places].tolist(), strict=True))
