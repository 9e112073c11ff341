"""The style sheet of the report."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2329; --soft: #5c6670; --line: #e3e1dc; --chance: #9aa1a8;
  --c0: #0a5fb4; --c1: #c9700a; --c2: #0b8a63; --c3: #b4478f; --c4: #7a6a00; --c5: #b8391f;
  --c6: #6650b0; --c7: #3f93c9; --good: #0b7a56; --bad: #b8391f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1b1f23; --ink: #e8eaec; --soft: #9ba5ae; --line: #2f353b; --chance: #737c85;
    --c0: #6cb2f7; --c1: #f0a64a; --c2: #3fc795; --c3: #e48cc4; --c4: #d9c74a; --c5: #f5836a;
    --c6: #b3a2f2; --c7: #8ccdf0; --good: #3fc795; --bad: #f5836a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Noto Sans SC", sans-serif;
}
main { max-width: 940px; margin: 0 auto; padding: 48px 24px 64px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -.01em; font-weight: 650; }
h2 { margin: 40px 0 12px; font-size: 19px; font-weight: 650; }
.kicker {
  margin: 0 0 6px; color: var(--soft); font-size: 13px; letter-spacing: .06em; text-transform: uppercase;
}
.scope { margin: 8px 0 0; color: var(--soft); }
.verdict {
  margin: 28px 0 10px; padding: 14px 18px; border-left: 4px solid var(--c0); background: var(--card);
  border-radius: 0 8px 8px 0; font-size: 17px;
}
figure {
  margin: 28px 0; padding: 18px 18px 12px; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px;
}
figcaption { margin: 0 0 10px; font-weight: 600; }
.note { margin: -12px 0 28px; color: var(--soft); font-size: 14px; }
svg {
  display: block; width: 100%; height: auto; font: 13px system-ui, "Segoe UI", Roboto, sans-serif;
}
svg text { fill: var(--ink); }
svg .tick, svg .axis { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .value { font-variant-numeric: tabular-nums; }
svg .label { font-size: 13px; }
svg .focus { font-weight: 700; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .wall { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .line.focus { stroke-width: 3; }
svg .line.chance { stroke-dasharray: 4 5; }
svg .band { opacity: .11; }
svg .bar { opacity: .55; stroke-width: 2; }
svg .leader { fill: none; stroke-width: 1; opacity: .45; }
svg .marker { stroke: var(--card); stroke-width: 1.2; }
svg .whisker { fill: none; stroke: var(--ink); stroke-width: 1.3; opacity: .75; }
.scroll { overflow-x: auto; margin: 14px 0 22px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 8px; text-align: left; color: var(--soft); }
th, td { padding: 7px 10px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--soft); }
th:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 500; }
td small { display: block; color: var(--soft); font-size: 11px; white-space: nowrap; }
td.best { font-weight: 700; }
td.best small { font-weight: 400; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); padding: 4px 0; }
summary:hover { color: var(--ink); }
.comparisons {
  margin: 8px 0; padding: 0; list-style: none; font-size: 14px; font-variant-numeric: tabular-nums;
}
.comparisons li { padding: 6px 0; border-bottom: 1px solid var(--line); }
.comparisons b { display: inline-block; min-width: 58px; }
.better b { color: var(--good); } .worse b { color: var(--bad); } .tie b { color: var(--soft); }
pre {
  padding: 12px 14px; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
}
footer { color: var(--soft); font-size: 14px; }
footer h2 { color: var(--ink); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
@media print { body { background: #fff; } details { display: block; } }
""".strip()
