"""Search and recommendations for a shop from its first minute.

A pretrained language model is the prior, every event is evidence, and one posterior answers every
question. Start with `read_shop` (or `Dataset.from_records`) and `Engine`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmstart.data.dataset import Dataset
    from warmstart.data.item_list import ItemList
    from warmstart.data.query import Query
    from warmstart.data.reader import read_shop
    from warmstart.data.records import Event, Item
    from warmstart.engine.engine import Engine

    __version__: str


_HOMES = {
    "Dataset": "warmstart.data.dataset",
    "Engine": "warmstart.engine.engine",
    "Event": "warmstart.data.records",
    "Item": "warmstart.data.records",
    "ItemList": "warmstart.data.item_list",
    "Query": "warmstart.data.query",
    "read_shop": "warmstart.data.reader",
}

__all__ = ["Dataset", "Engine", "Event", "Item", "ItemList", "Query", "__version__", "read_shop"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import warmstart` costs next to nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("warmstart")
    if name not in _HOMES:
        raise AttributeError(f"module 'warmstart' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
