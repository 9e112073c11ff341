"""The report of an evaluation: a text table for the terminal, a page that needs no server."""

from __future__ import annotations

from warmstart.evaluate.report.changes import render_changes, render_changes_html, write_changes_html
from warmstart.evaluate.report.page import render_html, write_html
from warmstart.evaluate.report.text import render_text

__all__ = [
    "render_changes",
    "render_changes_html",
    "render_html",
    "render_text",
    "write_changes_html",
    "write_html",
]
