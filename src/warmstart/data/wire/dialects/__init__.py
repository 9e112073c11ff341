"""Payloads of other systems, read as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from warmstart.core.errors import InputError
from warmstart.data.wire.dialects.algolia import ALGOLIA
from warmstart.data.wire.dialects.base import Collector, Dialect, Facts
from warmstart.data.wire.dialects.ga4 import GA4
from warmstart.data.wire.dialects.google_retail import GOOGLE_RETAIL
from warmstart.data.wire.dialects.gorse import GORSE
from warmstart.data.wire.dialects.metarank import METARANK
from warmstart.data.wire.dialects.own import WARMSTART
from warmstart.data.wire.dialects.recombee import RECOMBEE
from warmstart.data.wire.dialects.segment import SEGMENT
from warmstart.data.wire.dialects.ubi import UBI
from warmstart.data.wire.parsing import MOST_RECORDS, payload_values
from warmstart.data.wire.problems import Problem

__all__ = ["DIALECTS", "Dialect", "Facts", "read"]

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (WARMSTART, GA4, SEGMENT, GOOGLE_RETAIL, UBI, ALGOLIA, GORSE, RECOMBEE, METARANK)
}
"""The dialects by name."""


def read(name: str, payload: Any, *, most: int = MOST_RECORDS) -> Facts:
    """What a payload of the dialect `name` says, in our words; what cannot be used is in `skipped`.

    `payload` is what `json.loads` gives, or bytes or text: JSON, or NDJSON. Nothing is dropped in
    silence, and one bad record does not keep the others out.

    Errors: `InputError` for an unknown dialect, text that is not JSON, and more than `most` records.

    >>> click = {"eventType": "click", "userToken": "v", "objectIDs": ["茶壶"]}
    >>> facts = read("algolia", {"events": [click]})
    >>> facts.events[0].event_type, facts.events[0].items[0].item_id, facts.skipped
    ('click', '茶壶', ())
    """
    if name not in DIALECTS:
        raise InputError(
            expected=f"a dialect among {', '.join(DIALECTS)}",
            found=f"{name!r:.60}",
            todo="Choose one of them, or send our own records.",
        )
    dialect = DIALECTS[name]
    collector = Collector(dialect)
    for (index, line), value in payload_values(payload, most):
        place = f"line {line}" if line is not None else f"record {(index or 0) + 1}"
        if not isinstance(value, Problem):
            dialect.read_value(collector, value, place)
        elif line is None:
            raise value.error()
        else:
            collector.skip(place, str(value.error()))
    facts = collector.facts()
    if len(facts.events) + len(facts.items) + len(facts.users) > most:
        raise InputError(
            expected=f"at most {most:,} records in a call", found="more", todo="Send them in several calls."
        )
    return facts
