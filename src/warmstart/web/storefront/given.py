"""Lists that a visitor was given, and from which of them they took what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from warmstart.core import columns as c
from warmstart.data.item_list import ItemList
from warmstart.search.sentence import read_sentence
from warmstart.serve.answering import new_request_id
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service

_SCENARIOS: Final = ("recommend", "search", "similar", "complement", "cart", "trending", "rank", "onboard")
_ASKED_FOR: Final = ("recommend", "search")
RequestId = Annotated[str, Field(pattern=f"^(?:{'|'.join(_SCENARIOS)})-[0-9a-f]{{32}}$")]
"""The id of a list. Others are refused: what strangers send must not become names of counters."""


class Given:
    """Lists that a visitor got, to be counted among the answers of the service, and as shown.

    That they were shown is counted and not written down: looking at a page is no evidence.
    """

    def __init__(self) -> None:
        self._lists: list[tuple[str, ItemList]] = []

    def add(self, scenario: str, items: ItemList) -> str:
        """Keep one, and give it an id; also while the engine is at work, in whatever thread."""
        self._lists.append((scenario, items))
        return new_request_id(scenario)

    def count(self, service: Service) -> None:
        """Count all of them, but no row that is left out for want of items: nobody asked for it."""
        for scenario, items in self._lists:
            if not len(items) and scenario not in _ASKED_FOR:
                continue
            service.metrics.answer(scenario, items)
            service.metrics.showed(scenario, len(items))


async def taken_from(shop: LiveShop, visitor: str) -> Mapping[str, str]:
    """For each item the list from which the visitor took it last."""
    kept: list[dict[str, Any]] = (await shop.export(visitor))["events"]
    return {event[c.ITEM_ID]: event["request_id"] for event in kept if _came_from_a_list(event)}


def _came_from_a_list(event: Mapping[str, Any]) -> bool:
    return c.ITEM_ID in event and "request_id" in event


def footing(words: str, found: ItemList) -> str:
    """What a list for some words stands on: "words" that items hold, or their "meaning" alone.

    Else "limits" where no more than these was said, or "nothing": nobody knows what is wanted.
    """
    kinds = {reason.kind for entry in found for reason in entry.reasons}
    if "lexical" in kinds:
        return "words"
    if not read_sentence(words).text:
        return "limits"
    return "meaning" if "dense" in kinds else "nothing"


def relaxed(words: str, found: ItemList) -> str:
    """What to ask instead where the limits of a sentence leave nothing: the same without them."""
    has_limits = any(warning.startswith("understood:") for warning in found.warnings)
    return read_sentence(words).text if has_limits and not len(found) else ""
