"""What a terminal showed, as an SVG picture that asks nobody for fonts."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from warmstart.cli.demo.show import show_scene, show_title
from warmstart.cli.demo.story import Scene

WIDTH, LINES = 104, 5
LEFT_OUT = {"search", "next"}
_CELL = 20 * 0.61
_TEXT = re.compile(r'(<text [^>]*textLength=")[^"]*("[^>]*>)([^<]*)(</text>)')

THEME = TerminalTheme(
    (22, 24, 35),
    (214, 219, 233),
    [
        (40, 44, 60),
        (242, 114, 126),
        (126, 211, 154),
        (238, 198, 120),
        (122, 162, 247),
        (199, 146, 234),
        (105, 203, 219),
        (214, 219, 233),
    ],
    [
        (106, 113, 138),
        (255, 140, 150),
        (150, 230, 175),
        (250, 214, 145),
        (150, 185, 255),
        (215, 170, 250),
        (135, 222, 235),
        (240, 243, 250),
    ],
)

FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
            "Noto Sans Mono CJK SC", "PingFang SC", "Microsoft YaHei", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{
        font-size: 17px;
        font-weight: bold;
        font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
    }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""Rich's own frame without its web fonts, so that opening the picture calls nobody."""


def save_picture(scenes: Sequence[Scene], path: Path, language: str) -> None:
    """Write the heart of a story as an SVG file: what a page has room for, in shorter lists."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=WIDTH,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
    )
    show_title(console, language)
    heart = [scene for scene in scenes if scene.key not in LEFT_OUT]
    for number, scene in enumerate(heart, start=1):
        show_scene(console, replace(scene, lines=scene.lines[:LINES]), number, language)
    asked = "" if language == "en" else f" --language {language}"
    svg = console.export_svg(
        title=f"$ warmstart demo{asked}", theme=THEME, code_format=FORMAT, unique_id="warmstart"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEXT.sub(_true_length, svg), encoding="utf-8")


def _true_length(found: re.Match[str]) -> str:
    """Count cells, not characters: a Chinese character is two cells wide."""
    before, after, text, end = found.groups()
    return f"{before}{cell_len(unescape(text)) * _CELL:g}{after}{text}{end}"
