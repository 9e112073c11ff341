"""Small pieces of the page; every text that comes from a shop is escaped here or by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def _class(css: str) -> str:
    return f" class='{css}'" if css else ""


def section(title: str, *content: str) -> str:
    """A part of the page; nothing at all when it has no content."""
    inner = "".join(content)
    return f"<section><h2>{escape(title)}</h2>{inner}</section>" if inner else ""


def figure(caption: str, drawing: str, note: str = "") -> str:
    """A drawing in a card."""
    below = f"<p class='below'>{escape(note)}</p>" if note else ""
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}{below}</figure>"


def details(summary: str, content: str, *, opened: bool = False) -> str:
    """A part that is folded until somebody opens it."""
    return f"<details{' open' if opened else ''}><summary>{escape(summary)}</summary>{content}</details>"


def paragraph(text: str, css: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{_class(css)}>{escape(text)}</p>"


def grid(
    caption: str, head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], css: str = ""
) -> str:
    """A table; cells are ready HTML, head and row names are not."""
    titles = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr><th scope='row'>{escape(name)}</th>{''.join(cells)}</tr>" for name, cells in rows)
    above = paragraph(caption, "caption") if caption else ""  # a true caption would scroll with the table
    label = f' aria-label="{escape(caption)}"' if caption else ""
    return (
        f"{above}<div class='scroll'><table{_class(css)}{label}>"
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(value: str, css: str = "") -> str:
    """A table cell of plain text."""
    return f"<td{_class(css)}>{escape(value)}</td>"


def whole(title: str, body: Sequence[str], style: str, *, language: str = "en") -> str:
    """The page around its parts."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )
