"""What is known when an answer is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warmstart.data.records import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A question to the shop; every part may be missing.

    Text alone is a search, a user or session events alone a recommendation, both together a
    personalised search, anchors a request for similar or complementary items.

    `events` is the evidence at hand, oldest first. The engine fills it with what it knows of
    `user_id`; a session without a user just passes it.
    """

    text: str = ""
    user_id: str | None = None
    events: tuple[Event, ...] = ()
    anchors: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()
    context: Mapping[str, Any] = field(default_factory=dict)
