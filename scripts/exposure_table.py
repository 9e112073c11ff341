"""The part of docs/benchmarks.md about room for new and thin items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

ABOUT: Final[Mapping[str, str]] = {
    "new users": "New users in a shop a fifth of whose items is new (the cut of `new-both`)",
    "old users": "Old users in such a shop: the last event of each",
    "thin items": "New users, with the places for items of 1 to 5 events alone (the cut of `new-users`)",
}

CONCLUSION: Final = (
    "A share that is asked for is shown, at every k and for old users alike, to the place. On beauty a "
    "fifth of the places multiplies what new users find among new products by 6.6 and costs 2 % of the "
    "whole shop's nDCG; a tenth brings 3.7 times and the default 2.7 times as much, for nothing that can "
    "be told from zero. On ml100k every place is a likely hit for a famous film: a tenth costs new users "
    "2.9 %, the default 1.8 %, and where no new film was shown some are found. Old users are shown new "
    "items at about the share of the catalogue without any policy (.18 and .19), so that a share below "
    "takes some away; ask for a fifth, or leave it to the default, which takes none. Thin items (1 to 5 "
    "events) are the dearest: with a fifth of the places they are found more often than by text "
    "similarity (Recall@20 .030, content .025), but that costs 6.3 %; the default finds .021 for 1.6 %, "
    "and without room it is .015."
)


def exposure_section(report: Report) -> str:
    """What is shown, what it costs and what it brings, for each share asked for."""
    head = [
        "## Room for new items: what it costs and brings",
        f"`{report['command']}`",
        CONCLUSION,
        "One fit per shop, cut and seed, every share asked of the same scores; encoder"
        f" {report['encoder']}. *Asked* is the share of places, *shown* that of"
        " the first 20; *whole* is nDCG@20 with every later item as a target,"
        " *own* nDCG@20 with only the new (thin) ones; changes are against no policy (0). `content` is text"
        " similarity alone. Intervals are 95 %, by bootstrap over users and items; those of changes are"
        " paired.",
    ]
    places = dict.fromkeys((row["shop"], row["cut"]) for row in report["rows"])
    return "\n\n".join([*head, *(part for place in places for part in _tables(report["rows"], place))])


def _tables(rows: Sequence[Report], place: tuple[str, str]) -> list[str]:
    """The tables of one cut of one shop: shown at each k, and cost and gain over all."""
    shop, cut = place
    here = [row for row in rows if (row["shop"], row["cut"]) == place]
    asked = list(dict.fromkeys(row["asked"] for row in here))
    shots = list(dict.fromkeys(row["shots"] for row in here))
    cell = {(row["shots"], row["metric"], row["asked"]): row for row in here}
    by_k = [k for k in shots if k != "all"]
    pooled = shots[-1]
    head = [
        "asked",
        *(f"shown, {_name(k)}" for k in by_k),
        "whole",
        "change",
        "own",
        "change",
        "own Recall@20",
    ]
    body = [
        [
            name,
            *(f"{cell[k, 'shown', name]['value']:.3f}" for k in by_k),
            _value(cell[pooled, "whole", name]),
            _change(cell[pooled, "whole", name]),
            _value(cell[pooled, "own", name]),
            _times(cell[pooled, "own", name]),
            _value(cell[pooled, "own recall", name]),
        ]
        for name in asked
    ]
    seeds = ", ".join(map(str, here[0]["seeds"]))
    asking = f"at most {here[0]['users']} users for each seed ({seeds})"
    return [f"**{shop}**. {ABOUT[cut]}; {asking}. The last columns are over all k:", table(head, body)]


def _name(shots: int | None) -> str:
    return "all k" if shots is None else f"k={shots}"


def _value(row: Report) -> str:
    return f"{row['value']:.4f} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"


def _change(row: Report) -> str:
    if row["asked"] in ("0", "content") or "change" not in row:
        return ""
    return f"{row['change']:+.1%} <sub>{row['change_low']:+.1%} to {row['change_high']:+.1%}</sub>"


def _times(row: Report) -> str:
    if row["asked"] in ("0", "content"):
        return ""
    return f"× {1 + row['change']:.1f}" if "change" in row else "from none"
