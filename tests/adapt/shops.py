"""A small shop in English and Chinese, whose descriptions say in other words what the titles say."""

from typing import Any

from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.encoders.scratch import ScratchNetwork

THINGS = [
    ("running shoes", "sport footwear to jog in", "Shoes"),
    ("garden hose", "waters plants and lawns", "Garden"),
    ("降噪 耳机", "听音乐 安静 通勤", "音频"),
    ("保温 水杯", "热水 保暖 不锈钢", "厨房"),
]
COLOURS = ["red", "blue", "green", "black", "white", "yellow", "grey", "pink", "brown", "gold"]

SMALL: dict[str, Any] = {"vocabulary": 150, "layers": 1, "dim": 32, "heads": 2, "max_length": 32}


def small_shop() -> Dataset:
    items = [
        Item(
            item_id=f"{thing}-{colour}",
            title=f"{colour} {title}",
            description=f"{description} in {colour}",
            brand="acme",
            categories=(category, colour),
            attributes={"colour": colour, "use": description.split()[0]},
        )
        for thing, (title, description, category) in enumerate(THINGS)
        for colour in COLOURS
    ]
    events = [
        Event(user_id="u", item_id=f"{thing}-red", event_type="click", query=query)
        for thing, query in enumerate(["jogging", "watering", "耳机", "杯"])
    ]
    return Dataset.from_records(items, events)


def small_network(kind="masked"):
    return ScratchNetwork(**SMALL).build(small_shop().item_texts, kind)
