"""A stranger says something: a wish in one sentence, then answers to the few questions that teach most."""

from __future__ import annotations

from warmstart import Dataset, Engine, Event, Item, ItemList
from warmstart.tasks.onboarding.onboarding import Onboarding
from warmstart.tasks.onboarding.tastes import Answer

SHOP = [
    Item(item_id="rod", title="Carbon fishing rod", price=45.0),
    Item(item_id="rod-2", title="Plastic fishing rod for beginners", price=15.0),
    Item(item_id="reel", title="Steel fishing reel", price=80.0),
    Item(item_id="book", title="The fishing book: a gift for fathers", price=20.0),
    Item(item_id="钓具", title="钓鱼礼物套装 竹制", price=39.0),
    Item(item_id="钓箱", title="塑料钓鱼箱", price=25.0),
    Item(item_id="mug", title="Coffee mug", price=8.0),
    Item(item_id="beans", title="Espresso coffee beans", price=12.0),
    Item(item_id="grinder", title="Coffee grinder", price=35.0),
]
BOUGHT = {
    "a": "rod reel",
    "b": "mug beans",
    "c": "rod book",
    "d": "beans grinder",
    "e": "book reel 钓具",
    "f": "grinder mug",
}


def show(heading: str, answer: ItemList) -> None:
    """One list, and what was understood."""
    print(heading)
    print("  ", ", ".join(answer.item_ids), "|", "; ".join(answer.warnings))


def main() -> None:
    """Tell the story."""
    past = [
        Event(user_id=u, item_id=i, event_type="purchase") for u, own in BOUGHT.items() for i in own.split()
    ]
    shop = Dataset.from_records(SHOP, past)
    first_day = Engine().fit(Dataset.from_records(SHOP), encoder="catalogue")
    for wish in (
        "gift for a father who fishes, under 50, no plastic",
        "送给爸爸的钓鱼礼物，50元以下，不要塑料",
    ):
        show(wish, first_day.recommend(text=wish, n=3))

    likes = {"mug", "beans", "grinder"}  # what this visitor would say "interesting" to
    asking = Onboarding(most=3).fit(shop)
    answers: list[Answer] = []
    while (item_id := asking.next(answers)) is not None:
        answers.append(Answer(item_id=item_id, value=float(item_id in likes)))
        print(f"Is {item_id} interesting? {'yes' if item_id in likes else 'no'}")
    engine = Engine().fit(shop, encoder="catalogue")
    show("After these answers:", engine.recommend(events=asking.events(answers), n=3))


if __name__ == "__main__":
    main()
