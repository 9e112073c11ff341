// Evaluation reports: k-shot curves with their numbers, comparisons and costs; and a run to begin.

import { h, told } from "./dom.js";
import { get, post } from "./console-api.js";
import { bars, figure, lines } from "./console-chart.js";
import { field, notice, section, waiting } from "./console-parts.js";
import { table } from "./console-table.js";
import { moment, named, number, share, t } from "./console-words.js";

const DRAWN = 5;
const LOOK = 3000;

export async function reports() {
  const asked = new URLSearchParams(location.search);
  const listed = h("div");
  const told_ = h("div", { "aria-live": "polite" });
  const opened = h("div", { class: "view" });
  const protocol = h("select", {}, ["new-users", "new-items"].map((name) => h("option", { value: name }, named("protocol", name))));
  const sample = h("input", { type: "number", min: 20, max: 2000, value: 200, required: true });
  const begin = h("button", { class: "main" }, t("reports.go"));
  let chosen = asked.get("report") ?? "";
  let running = false;

  async function draw() {
    const found = await get("reports");
    const ended = running && !found.running;
    running = found.running;
    begin.disabled = running;
    if (running) told_.replaceChildren(h("p", { class: "quiet waiting" }, t("reports.running")));
    else if (found.trouble) told_.replaceChildren(notice(t("reports.trouble", { why: found.trouble }), "bad"));
    else told_.replaceChildren();
    listed.replaceChildren(list(found));
    const newest = found.reports.find((row) => !row.trouble)?.name ?? "";
    if (newest && (ended || !chosen)) await open(newest);
    if (running) setTimeout(() => listed.isConnected && draw().catch(() => undefined), LOOK);
  }

  function list(found) {
    const look = (row) => row.trouble ? told("span", row.name)
      : h("button", { type: "button", class: "link", dir: "auto", "aria-pressed": String(row.name === chosen), onclick: () => open(row.name) }, row.name);
    const columns = [
      { key: "name", title: t("col.report"), show: look },
      { key: "at", title: t("col.when"), value: (row) => new Date(row.at * 1000).toISOString(), show: (row) => moment(row.at) },
      { key: "protocol", title: t("col.protocol"), value: (row) => row.protocol ?? "" }, { key: "dataset", title: t("col.dataset"), value: (row) => row.dataset ?? "" },
      { key: "methods", title: t("col.methods"), align: "right" }, { key: "seeds", title: t("col.seeds"), align: "right" }, { key: "cases", title: t("col.cases"), align: "right", show: (row) => number(row.cases) },
      { key: "trouble", title: t("col.trouble"), value: (row) => row.trouble ?? "" },
    ].filter((column) => column.key !== "trouble" || found.reports.some((row) => row.trouble));
    return section(t("reports.all"), t("reports.all.about", { folder: found.folder }),
      table({ name: "reports", title: t("reports.all"), columns, rows: found.reports, most: 10, empty: t("reports.none") }));
  }

  async function open(name) {
    chosen = name;
    history.replaceState(null, "", `?report=${encodeURIComponent(name)}`);
    for (const button of listed.querySelectorAll("button.link")) button.setAttribute("aria-pressed", String(button.textContent === name));
    await waiting(opened, async () => one(name, await get("report", { name })));
  }

  const form = h("form", { class: "inline", onsubmit: (event) => {
    event.preventDefault();
    waiting(told_, async () => {
      await post("examine", { protocol: protocol.value, sample: Number(sample.value) });
      await draw();
      return [...told_.childNodes];
    });
  } }, field(t("reports.protocol"), protocol), field(t("reports.sample"), sample), begin);
  await draw();
  if (chosen && !opened.childNodes.length) await open(chosen);
  return [section(t("reports.run"), t("reports.run.about"), form, told_), listed, opened];
}

function one(name, found) {
  const metric = h("select", {}, found.metrics.map((value) => h("option", { value }, value)));
  const candidates = h("select", {}, found.candidates.map((value) => h("option", { value }, named("candidates", value))));
  const drawn = h("div");
  const draw = () => drawn.replaceChildren(curve(found.rows.filter((row) => row.metric === metric.value && row.candidates === candidates.value), metric.value));
  metric.addEventListener("change", draw);
  candidates.addEventListener("change", draw);
  draw();
  const save = h("a", { class: "second small", href: `/console/api/report.html?name=${encodeURIComponent(name)}`, download: `${name}.html` }, t("reports.save"));
  return [
    section(`${found.protocol} · ${found.dataset}`, found.scope, ...found.warnings.map((text) => notice(text, "warn")),
      h("ul", { class: "concluded" }, found.conclusion.map((text) => told("li", text))),
      h("div", { class: "inline" }, field(t("reports.metric"), metric), found.candidates.length > 1 ? field(t("reports.candidates"), candidates) : null, save),
      drawn, found.command ? h("p", { class: "quiet" }, h("code", {}, found.command)) : null),
    compared(found.comparisons), costs(found.cost), whole(found.rows),
  ].filter(Boolean);
}

/** A curve over what was revealed, or a bar for each method where nothing is; the best few are drawn, all are in the table. */
function curve(rows, metric) {
  const shots = [...new Set(rows.map((row) => row.shots))].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  const value = (method, k) => rows.find((row) => row.method === method && row.shots === k) ?? null;
  const last = shots.findLast((k) => k !== null && k <= 5) ?? shots.at(-1);
  const methods = [...new Set(rows.map((row) => row.method))].sort((a, b) => (value(b, last)?.value ?? 0) - (value(a, last)?.value ?? 0));
  const some = methods.slice(0, DRAWN);
  const numbers = pivot(methods, shots, value, metric);
  if (shots.length < 2) {
    const drawing = bars(methods.map((method) => ({ name: method, value: value(method, shots[0])?.value ?? 0, shown: number(value(method, shots[0])?.value, 4) })));
    return figure(metric, drawing, numbers);
  }
  const series = some.map((method, i) => ({ name: method, css: `line${i}`, values: shots.map((k) => value(method, k)?.value ?? null) }));
  return h("div", {}, figure(metric, lines(`${metric} · ${t("reports.shots")}`, shots.map(known), series), numbers),
    told("p", t("reports.cases", { cases: shots.map((k) => `${known(k)}: ${number(value(methods[0], k)?.cases)}`).join(" · ") }), { class: "quiet" }),
    methods.length > some.length ? h("p", { class: "quiet" }, t("reports.best", { n: some.length, all: methods.length })) : null);
}

function known(k) {
  return k === null ? t("reports.everything") : `k = ${k}`;
}

function pivot(methods, shots, value, metric) {
  const columns = [
    { key: "method", title: t("col.method"), value: (row) => row },
    ...shots.map((k) => ({
      key: `k${k}`, title: shots.length < 2 ? metric : known(k), align: "right", value: (row) => value(row, k)?.value ?? null,
      show: (row) => { const cell = value(row, k); return !cell ? "–" : h("span", { title: cell.low === null ? "" : `95 %: ${number(cell.low, 4)} … ${number(cell.high, 4)}` }, number(cell.value, 4)); },
    })),
  ];
  return table({ name: `curve-${metric}`, title: metric, columns, rows: methods, empty: t("reports.notmeasured") });
}

function compared(rows) {
  if (!rows.length) return null;
  const columns = [
    { key: "metric", title: t("col.metric") }, { key: "candidates", title: t("col.candidates"), value: (row) => named("candidates", row.candidates) },
    { key: "shots", title: "k", align: "right", value: (row) => row.shots, show: (row) => (row.shots === null ? "–" : String(row.shots)) },
    { key: "method", title: t("col.method") }, { key: "against", title: t("col.against") },
    { key: "difference", title: t("col.gain"), align: "right", show: (row) => number(row.difference, 4) },
    { key: "relative", title: "%", align: "right", show: (row) => share(row.relative) },
    { key: "low", title: t("col.range"), value: (row) => `${row.low} … ${row.high}`, show: (row) => `${number(row.low, 4)} … ${number(row.high, 4)}` },
    { key: "p_holm", title: t("col.p"), align: "right", show: (row) => number(row.p_holm, 3) },
    { key: "verdict", title: t("col.verdict"), value: (row) => named("verdict", row.verdict) },
  ];
  return section(t("reports.compared"), t("reports.compared.about"), table({ name: "comparisons", title: t("reports.compared"), columns, rows }));
}

function costs(rows) {
  if (!rows.length) return null;
  const columns = [
    { key: "method", title: t("col.method") },
    { key: "fit_s", title: t("col.fit"), align: "right", show: (row) => number(row.fit_s, 1) },
    { key: "query_ms_p50", title: "p50 ms", align: "right", show: (row) => number(row.query_ms_p50, 2) },
    { key: "query_ms_p99", title: "p99 ms", align: "right", show: (row) => number(row.query_ms_p99, 2) },
    { key: "peak_rss_mb", title: t("col.memory"), align: "right", show: (row) => number(row.peak_rss_mb) },
  ];
  return section(t("reports.costs"), t("reports.costs.about"), table({ name: "costs", title: t("reports.costs"), columns, rows }));
}

function whole(rows) {
  const columns = [
    { key: "method", title: t("col.method") }, { key: "candidates", title: t("col.candidates"), value: (row) => named("candidates", row.candidates) },
    { key: "shots", title: "k", align: "right", show: (row) => (row.shots === null ? "–" : String(row.shots)) },
    { key: "metric", title: t("col.metric") }, { key: "value", title: t("col.value"), align: "right", show: (row) => number(row.value, 4) },
    { key: "low", title: t("col.range"), value: (row) => (row.low === null ? "" : `${row.low} … ${row.high}`), show: (row) => (row.low === null ? "–" : `${number(row.low, 4)} … ${number(row.high, 4)}`) },
    { key: "cases", title: t("col.cases"), align: "right", show: (row) => number(row.cases) },
  ];
  return section(t("reports.numbers"), null, table({ name: "numbers", title: t("reports.numbers"), columns, rows, most: 12 }));
}
