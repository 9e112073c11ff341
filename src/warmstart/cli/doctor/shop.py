"""How a shop was read, and what its data can carry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmstart.cli.doctor.quality import BANDS, quality
from warmstart.cli.output import heading, show_value
from warmstart.data.issues import KINDS, Issue
from warmstart.data.reader import ReadReport, read_shop
from warmstart.data.reader.report import FileReport

EXAMPLES = 3
"""How many rows of one kind of trouble are shown; `--json` has more."""


def check(path: Path) -> tuple[dict[str, Any], RenderableType]:
    """Read the shop at `path`; gives plain values and the same for people.

    Errors: `InputError` when there is no shop.
    """
    dataset, report = read_shop(path)
    found = quality(dataset)
    facts = {"kind": "shop", "read": report.to_dict(), "quality": found}
    return facts, Group(*_view(report, found))


def _view(report: ReadReport, found: dict[str, Any]) -> Iterator[RenderableType]:
    yield Text.assemble(("shop ", "dim"), (report.name, "bold"), (f"  {report.path}", "dim"))
    yield heading("Files and columns")
    for file in report.files:
        yield from _file(file)
    yield heading("Dropped, mended or doubtful")
    yield from _issues(report)
    yield heading("What is there")
    yield from _contents(found)
    yield heading("What is missing or thin, and what that costs")
    yield _gaps(found["gaps"])


def _file(file: FileReport) -> Iterator[RenderableType]:
    if not file.role:
        yield Text.assemble(f"  {file.path}  ", ("not read: ", "yellow"), file.how)
        return
    kept = f"{file.rows_kept:,}"
    rows = f"{kept} rows" if file.rows_kept == file.rows_read else f"{kept} of {file.rows_read:,} rows kept"
    details = ", ".join(part for part in (file.format, file.encoding, file.how) if part)
    yield Text.assemble(
        "  ", (file.path, "bold"), " → ", (file.role, "green"), f"  {rows}  ", (details, "dim")
    )
    uses = [use for use in file.columns if use.how != "exact"]
    if uses:
        yield Padding(_columns(uses), (0, 0, 0, 6), expand=False)


def _columns(uses: list[Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    for use in uses:
        table.add_row(
            Text(use.theirs), Text(f"→ {use.ours}" if use.ours else ""), Text(use.how, style="dim")
        )
    return table


def _issues(report: ReadReport) -> Iterator[RenderableType]:
    if report.is_clean:
        yield Text("  none", style="green")
    for kind, count in report.issue_counts.items():
        yield Text.assemble("  ", (f"{count:,} × {kind}", "yellow"), f"  {KINDS.get(kind, '')}")
        examples = report.of_kind(kind)[:EXAMPLES]
        yield Padding(Group(*map(_issue, examples)), (0, 0, 0, 6), expand=False)
        if count > len(examples):
            yield Text(f"      … and {count - len(examples):,} more", style="dim")


def _issue(issue: Issue) -> Text:
    place = f"{issue.file}, row {issue.row}" if issue.row is not None else issue.file
    column = f", {issue.column}" if issue.column else ""
    return Text.assemble(
        (f"{place}{column}: ", "dim"),
        f"expected {issue.expected}; found {issue.found}",
        (f" → {issue.action}", "dim"),
    )


def _contents(found: dict[str, Any]) -> Iterator[RenderableType]:
    rows = {name: count for name, count in found["rows"].items() if count}
    yield Text("  " + " · ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in rows.items()))
    missing = found["items_without"]
    nowhere = ", ".join(name for name, share in missing.items() if share == 1)
    partly = ", ".join(f"{name} on {_percent(share)}" for name, share in missing.items() if 0 < share < 1)
    for label, text in (("on no item: ", nowhere), ("missing: ", partly)):
        if text:
            yield Padding(Text.assemble((label, "dim"), text), (0, 0, 0, 2), expand=False)
    if found["rows"]["events"]:
        yield Padding(_evidence(found), (1, 0, 0, 2), expand=False)
        spread = " · ".join(f"{name} {show_value(int(n))}" for name, n in found["events_per_user"].items())
        yield Padding(Text.assemble(("events per user: ", "dim"), spread), (0, 0, 0, 2), expand=False)
        kinds = " · ".join(f"{name} {count:,}" for name, count in found["event_types"].items())
        yield Padding(Text.assemble(("event types: ", "dim"), kinds), (0, 0, 0, 2), expand=False)


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0.001 <= share <= 0.999 else ("under 0.1%" if share < 0.5 else "over 99.9%")


def _evidence(found: dict[str, Any]) -> Table:
    """How many users and items have how many events."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("with so many events")
    for name, *_ in BANDS:
        table.add_column(name, justify="right")
    for who in ("users", "items"):
        table.add_row(who, *(f"{found[f'{who}_by_events'][name]:,}" for name, *_ in BANDS))
    return table


def _gaps(gaps: list[dict[str, str]]) -> RenderableType:
    if not gaps:
        return Text("  nothing", style="green")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(style="yellow", no_wrap=True)
    table.add_column()
    for gap in gaps:
        table.add_row(Text(gap["signal"]), Text(gap["state"]), Text(gap["cost"]))
    return Padding(table, (0, 0, 0, 2), expand=False)
