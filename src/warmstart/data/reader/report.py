"""What reading a shop found: how each file and column was understood, and what was wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from warmstart.data.issues import KINDS, Issue

_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnUse:
    """How one column was understood: their name, ours, and by what right.

    `how` is "exact", "alias", "shop.toml", "level" (one of several category levels), "attribute" or
    "context" (kept inside those JSON objects), "file name", "ignored", or a short sentence.
    """

    theirs: str
    ours: str
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FileReport:
    """How one file was read. `role` is empty for a data file that played no part."""

    path: str
    role: str
    how: str
    rows_read: int = 0
    rows_kept: int = 0
    format: str = ""
    encoding: str = ""
    columns: tuple[ColumnUse, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """All that `read_shop` has to say about what it read.

    `issues` are examples, at most a thousand of one kind per file; `issue_counts` are exact.
    """

    name: str
    path: str
    files: tuple[FileReport, ...] = ()
    issues: tuple[Issue, ...] = ()
    issue_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether there was nothing to complain about."""
        return not self.issue_counts

    def of_kind(self, kind: str) -> list[Issue]:
        """The kept examples of one kind of issue."""
        return [issue for issue in self.issues if issue.kind == kind]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "name": self.name,
            "path": self.path,
            "files": [asdict(file) for file in self.files],
            "issue_counts": dict(self.issue_counts),
            "issues": [asdict(issue) for issue in self.issues],
        }

    def render(self) -> str:
        """A short readable text: files and columns first, then each kind of issue with examples."""
        return "\n".join([f"shop '{self.name}' read from {self.path}", *self._files(), *self._issues()])

    def _files(self) -> Iterator[str]:
        for file in self.files:
            if not file.role:
                yield f"  {file.path}: not read ({file.how})"
                continue
            detail = ", ".join(part for part in (file.format, file.encoding, file.how) if part)
            yield f"  {file.path}: read as {file.role}, {_kept(file)} ({detail})"
            for use in file.columns:
                if use.how != "exact":
                    yield f"      {_use(use)}"

    def _issues(self) -> Iterator[str]:
        if self.is_clean:
            yield "  nothing to complain about"
        for kind, count in self.issue_counts.items():
            yield f"  {count:,} × {kind}: {KINDS.get(kind, '')}"
            examples = self.of_kind(kind)
            for issue in examples[:_SHOWN]:
                story = f"expected {issue.expected}; found {issue.found} -> {issue.action}"
                yield f"      {_where(issue)}{story}"
            if count > _SHOWN:
                yield f"      … and {count - min(_SHOWN, len(examples)):,} more"


def _kept(file: FileReport) -> str:
    if file.rows_kept == file.rows_read:
        return f"{file.rows_read:,} rows"
    return f"{file.rows_kept:,} of {file.rows_read:,} rows kept"


def _use(use: ColumnUse) -> str:
    if use.how == "ignored":
        return f"{use.theirs} ignored"
    return f"{use.theirs} -> {use.ours} ({use.how})" if use.theirs else f"{use.ours} ({use.how})"


def _where(issue: Issue) -> str:
    places = [
        issue.file,
        f"row {issue.row}" if issue.row is not None else "",
        f"column {issue.column}" if issue.column else "",
    ]
    text = ", ".join(place for place in places if place)
    return f"{text}: " if text else ""
