"""What was wrong with data, and what was done about it: counted exactly, shown by example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

FILE: Final = "_file"
"""Helper column while a shop is read: the file a row came from."""

ROW: Final = "_row"
"""Helper column while a shop is read: the row's number in its file, from 1, the header not counted."""

EXAMPLES: Final = 1000
"""How many issues of one kind are kept per file; all of them are counted."""

KINDS: Final[dict[str, str]] = {
    "ambiguous_column": "a second column could mean the same; the first of the alias table is used",
    "bad_boolean": "neither yes nor no; the value is left empty",
    "bad_json": "a line that is not a JSON object; it is skipped",
    "bad_list": "neither JSON nor `Key:Value` pairs; the value is left empty",
    "bad_number": "not a number, or a negative price; the value is left empty",
    "bad_time": "unreadable, or for events before 1990 or more than a day ahead; the time is left empty",
    "bot": "a user with an impossible number or rate of events; their events are dropped",
    "control_characters": "invisible control characters; removed",
    "damaged_file": "a compressed file that breaks off; the rows before the break are kept",
    "damaged_text": "a word garbled by a wrong encoding (`Ã©` for `é`); mended",
    "duplicate_event": "an event written twice; one is kept",
    "duplicate_row": "a row written twice; the last is kept",
    "doubtful_price": "prices that look like cents; read as they are",
    "empty_event": "an event with neither item nor query; dropped",
    "empty_file": "a file without rows",
    "encoding": "a file that is not UTF-8; it says what it was read as",
    "html": "HTML tags or entities in text; removed or decoded",
    "loose_quote": "quotation marks that break the CSV rules; the row is read as it can be and kept",
    "missing_value": "a row without a value it needs; dropped",
    "repeated_column": "two columns of one name; the second is renamed",
    "repeated_event": "events that look alike but carry no time; all are kept",
    "unclosed_quote": "a quotation mark that never closes; the row is skipped",
    "unknown_event_type": "a word for an event that warmstart does not know; read as `interaction`",
    "unknown_item": "an id that is not in items; events keep it, and it joins the catalogue without text",
    "wrong_field_count": "more or fewer fields than the header has; the row is skipped",
}
"""Every kind of issue, what it is and what is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One thing that was not as it should be: where, what was expected, what was found, what was done.

    `row` counts data rows from 1 (the header not counted; in JSON lines, lines that are not blank); it
    is None for an issue of a whole file or table. `kind` is a key of `KINDS`.
    """

    kind: str
    expected: str
    found: str
    action: str
    file: str = ""
    row: int | None = None
    column: str | None = None


@dataclass(eq=False)
class IssueLog:
    """Collects issues: exact counts, and at most `EXAMPLES` examples of one kind in one file.

    >>> log = IssueLog()
    >>> log.add(Issue(kind="bad_json", expected="a JSON object", found="{", action="skipped", file="a"))
    >>> log.count("bad_json"), len(log.examples)
    (1, 1)
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Issue] = field(default_factory=list)
    _kept: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, issue: Issue, times: int = 1) -> None:
        """Count an issue, and keep it when there is room; `times` when one stands for several rows."""
        self.counts[issue.file, issue.kind] += times
        self._keep(issue)

    def add_rows(
        self,
        rows: pl.DataFrame,
        *,
        kind: str,
        expected: str,
        action: str,
        column: str | None = None,
        found: str | None = None,
    ) -> None:
        """Count every row of `rows`; `found` names the column whose value is shown (default: `column`)."""
        if not len(rows):
            return
        shown = found if found is not None else column
        parts = rows.partition_by(FILE, as_dict=True, maintain_order=True) if FILE in rows.columns else {}
        for file, part in (parts or {("",): rows}).items():
            name = str(file[0]) if file[0] is not None else ""
            self.counts[name, kind] += len(part)
            room = EXAMPLES - self._kept[name, kind]
            for row in part.head(room).iter_rows(named=True):
                self._keep(
                    Issue(
                        kind=kind,
                        expected=expected,
                        found=shorten(row[shown]) if shown is not None else "",
                        action=action,
                        file=name,
                        row=row.get(ROW),
                        column=column,
                    )
                )

    def extend(self, other: IssueLog) -> None:
        """Take over what another log collected."""
        self.counts.update(other.counts)
        for issue in other.examples:
            self._keep(issue)

    def count(self, kind: str) -> int:
        """How many issues of one kind there were, in all files."""
        return sum(n for (_, k), n in self.counts.items() if k == kind)

    def by_kind(self) -> dict[str, int]:
        """Exact counts of each kind, in the order of the names."""
        totals: Counter[str] = Counter()
        for (_, kind), n in self.counts.items():
            totals[kind] += n
        return dict(sorted(totals.items()))

    def _keep(self, issue: Issue) -> None:
        if self._kept[issue.file, issue.kind] < EXAMPLES:
            self._kept[issue.file, issue.kind] += 1
            self.examples.append(issue)


def shorten(value: object, length: int = 80) -> str:
    """A value as one short line for a message.

    >>> print(shorten("a b"), shorten(None), shorten("x" * 100, 5), shorten(["a"]))
    'a b' nothing 'xxx…' ['a']
    """
    if value is None:
        return "nothing"
    text = str(list(value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)
    if len(text) > length:
        text = text[: length - 2] + "…"
    return repr(text) if isinstance(value, str) else text
