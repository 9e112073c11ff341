"""What a terminal showed, as an SVG picture that asks nobody for fonts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme

WIDTH = 104
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


def recorder() -> Console:
    """A console that shows nothing and remembers everything."""
    import io

    return Console(
        record=True,
        file=io.StringIO(),
        width=WIDTH,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
    )


def save_picture(recorded: Console, path: Path, title: str) -> None:
    """Write what was recorded as an SVG file."""
    svg = recorded.export_svg(title=title, theme=THEME, code_format=FORMAT, unique_id="warmstart")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEXT.sub(_true_length, svg), encoding="utf-8")


def _true_length(found: re.Match[str]) -> str:
    """Count cells, not characters: a Chinese character is two cells wide."""
    before, after, text, end = found.groups()
    return f"{before}{cell_len(unescape(text)) * _CELL:g}{after}{text}{end}"
