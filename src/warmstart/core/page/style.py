"""The style sheet of the report."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2329; --soft: #5c6670; --line: #e3e1dc;
  --chance: #6f7780; --rest: #a4abb1;
  --c0: #0a5fb4; --c1: #d17f00; --c2: #0a8f6c; --c3: #a3267c; --c4: #56b4e9; --c5: #5b3a1e;
  --good: #0b7a56; --bad: #b8391f; --good-wash: #e2f3ec; --bad-wash: #fbe9e4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1b1f23; --ink: #e8eaec; --soft: #9ba5ae; --line: #2f353b;
    --chance: #8f989f; --rest: #7d868e;
    --c0: #5aa9fa; --c1: #e8952f; --c2: #5fe0bd; --c3: #e48cc4; --c4: #c4ecff; --c5: #b0865a;
    --good: #3fc795; --bad: #f5836a; --good-wash: #16352b; --bad-wash: #40221b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Noto Sans SC", sans-serif;
}
main { max-width: 940px; margin: 0 auto; padding: 48px 24px 64px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -.01em; font-weight: 650; }
h2 { margin: 44px 0 12px; font-size: 20px; font-weight: 650; }
h3 { margin: 18px 0 6px; font-size: 15px; font-weight: 600; }
h4 { margin: 0 0 4px; font-size: 13px; font-weight: 600; }
h1, h2, summary, dd, li { overflow-wrap: anywhere; }
.kicker {
  margin: 0 0 6px; color: var(--soft); font-size: 13px; letter-spacing: .06em; text-transform: uppercase;
}
.scope { margin: 8px 0 0; color: var(--soft); }
.verdict {
  margin: 28px 0 10px; padding: 14px 18px; border-left: 4px solid var(--c0); background: var(--card);
  border-radius: 0 8px 8px 0; font-size: 16.5px;
}
.verdict p { margin: 0 0 8px; } .verdict p:last-child { margin: 0; }
.warnings {
  margin: 24px 0; padding: 12px 18px; border-left: 4px solid var(--bad); background: var(--bad-wash);
  border-radius: 0 8px 8px 0;
}
.warnings h2 { margin: 0 0 4px; font-size: 16px; } .warnings ul { margin: 0; padding-left: 20px; }
figure {
  margin: 24px 0; padding: 18px 18px 12px; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px;
}
figcaption { margin: 0 0 10px; font-weight: 600; }
.note, .about, .below, .small { color: var(--soft); font-size: 14px; }
.note { margin: -8px 0 24px; } .about { margin: 0 0 12px; max-width: 44em; }
.below { margin: 6px 0 2px; } .small { font-size: 12.5px; }
svg {
  display: block; width: 100%; height: auto; font: 13px system-ui, "Segoe UI", Roboto, sans-serif;
}
svg.narrow { display: none; }
svg.square { max-width: 440px; margin: 0 auto; }
svg.square .line { stroke-width: 1.5; } svg.square .line.focus { stroke-width: 2.2; }
svg.chip { display: inline-block; width: 14px; height: 14px; vertical-align: -2px; margin-right: 5px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 8px; font-size: 13px; }
.legend .mark { display: inline-block; width: 0; height: 13px; border-left: 3px solid var(--ink);
  vertical-align: -2px; margin-right: 6px; }
svg text { fill: var(--ink); }
svg .tick, svg .axis { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .value { font-variant-numeric: tabular-nums; font-size: 12px; }
svg .label { font-size: 13px; }
svg .label.rest, svg .label.chance { font-size: 12px; }
svg .focus { font-weight: 700; }
svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .wall { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4; }
svg .mark { stroke: var(--ink); stroke-width: 2.5; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .line.focus { stroke-width: 3; }
svg .line.chance { stroke-dasharray: 4 5; stroke-width: 1.5; }
svg .line.rest { stroke-width: 1; opacity: .7; }
svg .frontier { fill: none; stroke: var(--soft); stroke-width: 1; stroke-dasharray: 5 3; opacity: .8; }
svg .band { opacity: .1; } svg .band.quiet { opacity: .07; }
svg .bar { opacity: .55; stroke-width: 2; } svg .bar.quiet { opacity: .35; stroke-width: 1; }
svg .leader { fill: none; stroke-width: 1; opacity: .45; }
svg .marker { stroke: var(--card); stroke-width: 1; }
svg .whisker { fill: none; stroke: var(--ink); stroke-width: 1.3; opacity: .75; }
.scroll { overflow-x: auto; margin: 10px 0 20px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.caption { margin: 14px 0 0; color: var(--soft); font-size: 14px; } .caption + .scroll { margin-top: 4px; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--soft); vertical-align: bottom; }
th:first-child {
  text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--paper);
}
tbody th { font-weight: 500; }
td { white-space: nowrap; } td.words { white-space: normal; text-align: left; min-width: 220px; }
.settings th:last-child { text-align: left; }
td small { display: block; color: var(--soft); font-size: 11px; white-space: nowrap; }
td.best, td.strongest { font-weight: 700; }
td.best small, td.strongest small { font-weight: 400; }
.matrix th, .matrix td { padding: 3px 10px; line-height: 1.35; }
.matrix th:first-child { padding-left: 0; }
.matrix td.better { background: var(--good-wash); } .matrix td.worse { background: var(--bad-wash); }
.matrix td.better small { color: var(--good); } .matrix td.worse small { color: var(--bad); }
.verdict-word.better { color: var(--good); } .verdict-word.worse { color: var(--bad); }
.verdict-word.tie { color: var(--soft); }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); padding: 4px 0; }
summary:hover { color: var(--ink); }
.place > summary { color: var(--ink); font-weight: 600; border-bottom: 1px solid var(--line); }
.place > h3, .place > .story { margin-left: 14px; }
h3.loss { color: var(--bad); } h3.win { color: var(--good); } h3.worst { color: var(--soft); }
.story { margin-top: 0; margin-bottom: 0; font-size: 14px; }
.story > summary { border-bottom: 1px solid var(--line); color: var(--ink); }
.story .numbers { margin: 0 10px; font-variant-numeric: tabular-nums; color: var(--soft); }
.story .gist { color: var(--soft); }
.case {
  padding: 12px 14px; margin: 0 0 12px; background: var(--card); border: 1px solid var(--line);
  border-top: 0; border-radius: 0 0 8px 8px;
}
.titles { margin: 0 0 10px; }
.titles ul { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 6px; }
.titles li { padding: 1px 8px; border: 1px solid var(--line); border-radius: 10px; }
.titles li.none { border: 0; padding-left: 0; color: var(--soft); }
.lists { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }
.list { border-top: 3px solid; padding-top: 6px; min-width: 0; }
.list ol { margin: 0; padding-left: 26px; }
.list .miss, .list .unjudged, .list .none { color: var(--soft); }
.list .hit { background: var(--good-wash); font-weight: 600; border-radius: 3px; }
.list .hit span { color: var(--good); } .list small { font-weight: 400; font-style: italic; }
.comparisons {
  margin: 8px 0; padding: 0; list-style: none; font-size: 14px; font-variant-numeric: tabular-nums;
}
.comparisons li { padding: 6px 0; border-bottom: 1px solid var(--line); }
.comparisons b { display: inline-block; min-width: 58px; }
.better b { color: var(--good); } .worse b { color: var(--bad); } .tie b { color: var(--soft); }
pre {
  padding: 12px 14px; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
footer { color: var(--soft); font-size: 14px; }
footer h2 { color: var(--ink); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; color: var(--ink); }
@media (max-width: 640px) {
  main { padding: 28px 12px 48px; } h1 { font-size: 25px; }
  figure { padding: 14px 10px 8px; }
  svg.wide { display: none; } svg.narrow { display: block; }
  .lists { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
  .place > h3, .place > .story { margin-left: 0; } th, td, .matrix th, .matrix td { padding: 5px 6px; }
}
@media print { body { background: #fff; } details { display: block; } }
""".strip()
