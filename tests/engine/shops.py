"""Two small shops with a past, in English and in Chinese."""

from __future__ import annotations

import polars as pl

from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine

_ENGLISH = [
    ("green-tea", "Green tea loose leaves", "Leaf & Co", "Tea", 9.5),
    ("black-tea", "Black tea loose leaves", "Leaf & Co", "Tea", 8.0),
    ("green-cup", "Green cup porcelain", "Potter", "Cups", 12.0),
    ("black-cup", "Black cup porcelain", "Potter", "Cups", 11.0),
    ("kettle", "Steel water kettle", "Acme", "Kettles", 30.0),
    ("teapot", "Glass teapot for tea leaves", "Acme", "Kettles", 25.0),
    ("mbs", "MBS-100 bluetooth speaker", "Acme", "Audio", 49.99),
    ("phones", "Wireless headphones with noise cancelling", "Sonic", "Audio", 89.0),
    ("wired", "Wired headphones studio", "Sonic", "Audio", 59.0),
    ("cable", "Speaker cable copper", "Acme", "Audio", 5.0),
]
_CHINESE = [
    ("绿茶", "明前绿茶 散装茶叶", "叶记", "茶叶", 95.0),
    ("红茶", "正山红茶 散装茶叶", "叶记", "茶叶", 80.0),
    ("绿杯", "青瓷绿色茶杯", "陶坊", "茶具", 42.0),
    ("红杯", "手工红色茶杯", "陶坊", "茶具", 41.0),
    ("水壶", "不锈钢烧水壶", "华美", "水壶", 130.0),
    ("玻璃壶", "玻璃泡茶壶", "华美", "水壶", 65.0),
    ("音箱", "MBS-100 蓝牙音箱", "华美", "数码", 199.0),
    ("耳机", "无线降噪耳机", "声科", "数码", 399.0),
    ("有线", "有线监听耳机", "声科", "数码", 259.0),
    ("线材", "纯铜音箱线", "华美", "数码", 25.0),
]
_VISITS = {"ann": (0, 2, 5), "bob": (6, 7, 9), "cid": (1, 3, 5), "dee": (0, 2, 4), "eve": (7, 8, 9)}


def items(rows: list[tuple[str, str, str, str, float]]) -> list[Item]:
    """The rows as items; the kettle is sold out."""
    return [
        Item(
            item_id=item_id,
            title=title,
            brand=brand,
            categories=(category,),
            price=price,
            attributes={"rank": k, "箱": k % 2 == 0},
            available=k != 4,
        )
        for k, (item_id, title, brand, category, price) in enumerate(rows)
    ]


def past(rows: list[tuple[str, str, str, str, float]]) -> list[Event]:
    """Who bought what, and one who rates on a scale of his own."""
    bought = [
        Event(user_id=user, item_id=rows[k][0], event_type="purchase", timestamp=float(k))
        for user, chosen in _VISITS.items()
        for k in chosen
    ]
    rated = [
        Event(user_id="bob", item_id=rows[k][0], event_type="rate", value=v) for k, v in ((6, 0), (7, 9))
    ]
    return [*bought, *rated]


def english() -> Dataset:
    """A shop for tea and sound."""
    shop = Dataset.from_records(items(_ENGLISH), past(_ENGLISH), name="tea and sound")
    return Dataset(
        name=shop.name,
        items=shop.items,
        events=shop.events,
        users=pl.DataFrame({"user_id": ["ann", "bob"]}),
        queries=pl.DataFrame({"query": ["bobs secret wish", "tea for two"], "user_id": ["bob", None]}),
        reviews=pl.DataFrame({"item_id": ["mbs"], "user_id": ["bob"], "text": ["loud"]}),
    )


def chinese() -> Dataset:
    """The same shop in Chinese."""
    return Dataset.from_records(items(_CHINESE), past(_CHINESE), name="茶与声")


def fitted(dataset: Dataset) -> Engine:
    """An engine with vectors of its own catalogue."""
    return Engine().fit(dataset, encoder="catalogue")


def of(*titles: str, events: tuple[Event, ...] = ()) -> Engine:
    """An engine over items a, b, c, … with these titles."""
    shop = [Item(item_id=chr(97 + k), title=title) for k, title in enumerate(titles)]
    return fitted(Dataset.from_records(shop, events))
