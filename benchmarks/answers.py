"""Five searches, five recommendations and five similar-item lists on each shared shop, to read and judge.

    python benchmarks/answers.py            the shops under $WARMSTART_DATA

Prints Markdown; docs/answers.md holds what it printed, with what we thought of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from warmstart import Engine, Event, ItemList, read_shop

DATA = Path(os.environ.get("WARMSTART_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
DEPTH, WIDTH = 5, 66

QUERIES = {
    "icecat": ["wirless mouse", "hp toner black", "laptop bag 15", "usb hub", "something to make coffee"],
    "beauty": [
        "shampoo for dry hair",
        "red lipstick",
        "opi nail polish",
        "sunscreen spf 50",
        "beard trimer",
    ],
    "ml100k": ["star wars", "toy stroy", "thriller 1997", "dracula", "children musical"],
}
ANCHORS = {
    "icecat": ["wireless mouse", "laser printer", "notebook bag", "memory card", "coffee maker"],
    "beauty": ["red lipstick", "curling iron", "sunscreen", "nail polish", "men's cologne"],
    "ml100k": ["star wars", "toy story", "scream", "pulp fiction", "casablanca"],
}


def show(engine: Engine, heading: str, answer: ItemList) -> None:
    """One list as Markdown, with the first reason of each item."""
    print(f"\n**{heading}**\n")
    for rank, entry in enumerate(answer, 1):
        item = engine.item(entry.item_id)
        title = (item.title if item else "") or entry.item_id
        why = entry.reasons[0].text if entry.reasons else entry.source
        print(f"{rank}. {title[:WIDTH]} — *{why[:WIDTH]}*")


def show_shop(name: str) -> None:
    """All fifteen lists of one shop."""
    dataset, _ = read_shop(DATA / name)
    engine = Engine().fit(dataset, encoder="catalogue")
    print(f"\n## {name}\n\n### Search")
    for query in QUERIES[name]:
        show(engine, query, engine.search(query, n=DEPTH))
    anchors = [engine.search(text, n=1).item_ids[0] for text in ANCHORS[name]]
    print("\n### Recommend")
    show(engine, "a stranger", engine.recommend(n=DEPTH))
    for count in (1, 2, 3, 4):
        clicked = anchors[:count] if count > 1 else anchors[-1:]
        events = [Event(user_id="visitor", item_id=item_id, event_type="click") for item_id in clicked]
        titles = " + ".join((item.title if (item := engine.item(i)) else i)[:40] for i in clicked)
        show(engine, f"after clicking {titles}", engine.recommend(events=events, n=DEPTH))
    print("\n### Similar")
    for anchor in anchors:
        found = engine.item(anchor)
        show(engine, f"like {(found.title if found else anchor)[:WIDTH]}", engine.similar(anchor, n=DEPTH))


if __name__ == "__main__":
    shops = [name for name in QUERIES if (DATA / name).exists()]
    if not shops:
        sys.exit(f"expected the shared shops under {DATA}; found none. Set WARMSTART_DATA.")
    for shop in shops:
        show_shop(shop)
