"""A shop's first minute: no history, one click, a new product, forget me."""

from __future__ import annotations

from warmstart import Dataset, Engine, Event, Item, ItemList

SHOP = [
    Item(
        item_id="kettle-1",
        title="Gooseneck kettle 0.8 L",
        description="Thin spout for pour-over coffee and tea",
    ),
    Item(item_id="kettle-2", title="Rapid boil kettle 1.7 L", description="Boils a litre in two minutes"),
    Item(item_id="teapot-1", title="Glass teapot 1 L", description="With a steel sieve for loose leaf tea"),
    Item(item_id="tea-1", title="Sencha green tea 100 g", description="Loose leaf green tea from Shizuoka"),
    Item(item_id="tea-2", title="Earl Grey black tea 100 g", description="Black tea with bergamot"),
    Item(item_id="tea-3", title="龙井绿茶 100 克", description="明前采摘，散装绿茶"),
    Item(item_id="coffee-1", title="Espresso beans 250 g", description="Dark roast from Brazil"),
    Item(item_id="coffee-2", title="Filter coffee beans 250 g", description="Light roast for pour-over"),
]


def show(heading: str, answer: ItemList) -> None:
    """One list with the first reason of each item."""
    print(heading)
    for item in answer:
        print(f"  {item.item_id:10} {item.reasons[0].text if item.reasons else ''}")


def main() -> None:
    """Tell the story."""
    engine = Engine().fit(Dataset.from_records(SHOP), encoder="catalogue")
    show("A stranger sees the catalogue laid out:", engine.recommend("ann", n=3))
    show("Search works at once, in any language:", engine.search("绿茶", n=1))

    engine.observe(Event(user_id="ann", item_id="tea-1", event_type="click"))
    show("One click later:", engine.recommend("ann", n=3))

    engine.add(Item(item_id="tea-9", title="Gyokuro green tea 50 g", description="Shaded leaf tea"))
    show("A new tea is found and recommended at once:", engine.recommend("ann", n=1))

    engine.forget("ann")
    same = engine.recommend("ann").item_ids == engine.recommend("somebody else").item_ids
    print(f"Forgotten, her list is anybody's list: {same}")


if __name__ == "__main__":
    main()
