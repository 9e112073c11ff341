"""The part of docs/benchmarks.md about shops that taught the starting weights nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "A shop's own teacher flatters where regulars are asked, whose events it had seen. The last film of"
    " ml100k's regulars: .133 with it, .119 without, certainly less, .102 from equal weights; iALS has"
    " .095. Beauty's next product: .076 and .074, within the interval. New items among each other are"
    " ranked as well without it, ahead of all others either way. New items among everything are a matter"
    " of proportion: that question wants nothing but new items, so it pays whoever shows more of them."
    " From its own teacher the engine shows fewer new films, and without it finds twice as many (.139 for"
    " .072), from equal weights more still; in beauty it finds an eighth less (.049 for .056, content"
    " .041). New visitors of ml100k, none of whom had taught, get .43, .40, .41, .43 and .49 after 0, 1, 2,"
    " 3 and 5 films instead of .43, .42, .43, .45 and .50: about 3 % less, within the interval at every k."
)
PROTOCOLS: Final = ("warm", "new-items", "new-users", "new-both")
OURS: Final = ("engine", "engine-plain", "taste", "directed-factors", "random")
"""Those with which the engine is not compared here: forms of itself, its own parts, and chance."""


def unseen_section(report: Report, tables: Mapping[str, Report]) -> str:
    """The engine's score from three starts, beside the strongest of others in `tables`."""
    shops = dict.fromkeys(row["shop"] for row in report["rows"])
    return "\n\n".join(
        [
            "## A shop nobody has seen",
            f"`{report['command']}`",
            CONCLUSION,
            "nDCG@20 of the engine's score before room is made for new items, on the cuts and users of the"
            f" tables above; encoder {report['encoder']}. *All*: it starts from all teachers, as the engine"
            " does; *without*: from the others, never from this shop's own; *equal*: from the same weight"
            " for every part. From there it learns from the training part of the cut, as always. Small: the"
            " difference from *all*, 95 %, paired bootstrap over users and items; bold where it is certain."
            " *Of others*: the strongest of their methods in the table above, for the same questions. What"
            " *without* cannot undo: the other teachers' learning began at the mean of all, and the parts"
            " themselves were chosen on inner cuts of these two shops.",
            *(_table(report["rows"], shop, tables) for shop in shops),
            *_missing(report["rows"], list(shops)),
        ]
    )


def _missing(rows: Sequence[Report], shops: Sequence[str]) -> list[str]:
    """What the command measures and no run has written yet."""
    done = {(row["shop"], row["protocol"]) for row in rows}
    names = [f"{p} on {shop}" for p in PROTOCOLS for shop in shops if (shop, p) not in done]
    return [f"Not run yet: {', '.join(names)}."] if names else []


def _table(rows: Sequence[Report], shop: str, tables: Mapping[str, Report]) -> str:
    cells = {(*_place(row), row["start"]): row for row in rows if row["shop"] == shop}
    body = [
        [
            _name(row),
            f"{row['value']:.4f}",
            *(_cell(cells[*_place(row), start]) for start in ("without", "equal")),
            _told(strongest(row, tables)),
        ]
        for row in rows
        if (row["shop"], row["start"]) == (shop, "all")
    ]
    return table([shop, "all", f"without {shop}", "equal", "of others"], body)


def strongest(row: Report, tables: Mapping[str, Report]) -> Report | None:
    """The best of others for the same questions: those of the table, if it asked as many."""
    same = ("shots", "candidates", "cases")
    rivals = [
        other
        for other in tables.get(f"{row['shop']}-{row['protocol']}", {"rows": []})["rows"]
        if other["metric"] == "nDCG@20" and other["method"] not in OURS
        if all(other[key] == row[key] for key in same)
    ]
    return max(rivals, key=lambda other: float(other["value"]), default=None)


def _told(other: Report | None) -> str:
    return f"{other['value']:.4f} {other['method']}" if other else ""


def _place(row: Report) -> tuple[Any, ...]:
    return row["protocol"], row["candidates"], row["shots"]


def _name(row: Report) -> str:
    """Protocol, number of shots, and what is ranked where a protocol ranks several things."""
    ranked = {"cold": ", among new items", "shop": ", every later item"}.get(row["candidates"], "")
    if row["protocol"] in ("new-items", "new-both"):
        ranked = ranked or ", new items among all"
    shots = "" if row["shots"] is None else f", k={row['shots']}"
    return f"{row['protocol']}{ranked}{shots} ({row['cases']:,} cases)"


def _cell(row: Report) -> str:
    between = f"{row['difference_low']:+.4f} to {row['difference_high']:+.4f}"
    certain = row["difference_low"] > 0 or row["difference_high"] < 0
    value = f"{row['value']:.4f}"
    return f"{f'**{value}**' if certain else value} <sub>{between}</sub>"
