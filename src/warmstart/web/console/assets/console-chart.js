// Charts drawn as SVG. Each comes with its numbers in a table below.

import { h } from "./dom.js";
import { number, t } from "./console-words.js";

const SVG = "http://www.w3.org/2000/svg";

function s(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children.filter(Boolean));
  return element;
}

/** A figure: the drawing with its name, and its numbers folded under it. */
export function figure(title, drawing, numbers) {
  return h("figure", {}, h("figcaption", {}, title), drawing,
    numbers ? h("details", {}, h("summary", {}, t("chart.numbers")), numbers) : null);
}

/** Lines over named points: series is [{name, values, css}]; values are numbers, or null for a gap. */
export function lines(title, names, series, { wide = 720 } = {}) {
  if (matchMedia("(max-width: 640px)").matches) wide = 380; // so that its letters keep their size
  const high = 220, left = 44, low = 28, top = 10;
  const most = Math.max(1e-9, ...series.flatMap((one) => one.values.map((value) => value ?? 0)));
  const x = (i) => left + ((wide - left - 12) * (names.length < 2 ? 0.5 : i / (names.length - 1)));
  const y = (value) => top + (high - top - low) * (1 - value / most);
  const grid = [0, 0.5, 1].map((part) => s("g", {},
    s("line", { x1: left, x2: wide - 12, y1: y(part * most), y2: y(part * most), class: "grid" }),
    text(left - 8, y(part * most) + 4, number(part * most, most < 5 ? 2 : 0), "end")));
  const all = names.join("  ").length * 8 < wide - left;
  const marks = all ? [...names.keys()] : [...new Set([0, Math.floor((names.length - 1) / 2), names.length - 1])].filter((i) => i >= 0);
  const below = marks.map((i) => text(x(i), high - 8, names[i], i === 0 ? "start" : i === names.length - 1 ? "end" : "middle"));
  const drawn = series.map((one) => s("g", { class: `series ${one.css}` },
    s("polyline", { points: one.values.map((value, i) => `${x(i).toFixed(1)},${y(value ?? 0).toFixed(1)}`).join(" ") }),
    ...(names.length < 40 ? one.values.map((value, i) => s("circle", { cx: x(i), cy: y(value ?? 0), r: 2.5 })) : [])));
  const svg = s("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", class: "chart" }, s("title", {}, title), ...grid, ...below, ...drawn);
  const legend = h("ul", { class: "legend" }, series.map((one) => h("li", { class: one.css }, h("span", {}, one.name))));
  return h("div", {}, svg, legend);
}

/** One bar for each row: [{name, value, shown}]. */
export function bars(rows) {
  const most = Math.max(1e-9, ...rows.map((row) => Math.abs(row.value)));
  return h("ul", { class: "bars" }, rows.map((row) => h("li", {},
    h("span", { class: "name", dir: "auto" }, row.name),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: row.value < 0 ? "bar minus" : "bar", vars: { "--share": Math.abs(row.value) / most } })),
    h("span", { class: "value" }, row.shown ?? number(row.value)))));
}

/** A candidate's gain with its interval, about zero. */
export function interval(low, value, high) {
  const most = Math.max(Math.abs(low), Math.abs(high), 1e-9) * 1.15;
  const x = (at) => 110 + (100 * at) / most;
  return s("svg", { viewBox: "0 0 220 34", class: "interval", "aria-hidden": "true" },
    s("line", { x1: 110, x2: 110, y1: 2, y2: 32, class: "zero" }),
    s("line", { x1: x(low), x2: x(high), y1: 17, y2: 17, class: "range" }),
    s("circle", { cx: x(value), cy: 17, r: 5 }));
}

function text(x, y, said, anchor) {
  return s("text", { x, y, "text-anchor": anchor }, document.createTextNode(said));
}
