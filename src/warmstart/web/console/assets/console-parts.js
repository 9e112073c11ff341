// What several views are made of.

import { h, told } from "./dom.js";
import { bars } from "./console-chart.js";
import { named, number, t } from "./console-words.js";

export function say(text) {
  document.getElementById("live").textContent = text;
}

export function section(title, about, ...children) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, title), about ? h("p", { class: "quiet" }, about) : null), ...children);
}

/** A number that one sees first: {name, value, about}. */
export function tiles(all) {
  return h("dl", { class: "tiles" }, all.map((one) => h("div", { class: one.css ?? null },
    h("dt", {}, one.name), h("dd", {}, one.value), one.about ? h("dd", { class: "quiet" }, one.about) : null)));
}

export function notice(text, css = "") {
  return h("p", { class: `notice ${css}`, role: css === "bad" ? "alert" : null }, text);
}

/** What may take a while: says so, then shows what came of it, or why nothing did. */
export async function waiting(place, work) {
  place.setAttribute("aria-busy", "true");
  if (!place.childNodes.length) place.replaceChildren(h("p", { class: "quiet waiting" }, t("waiting")));
  try {
    const found = await work();
    place.replaceChildren(...[found].flat().filter(Boolean));
  } catch (error) {
    if (error.status === undefined) console.error(error);
    if (error.status !== 401) place.replaceChildren(notice(error.status === 0 ? t("error.away") : t("error", { why: error.message }), "bad"));
  }
  place.removeAttribute("aria-busy");
}

export function reasonName(reason) {
  if (reason.id) return `${named("part", reason.part)} · ${reason.title}`;
  return named("part", reason.part);
}

/** Bars that sum to the score. */
export function reasonBars(entry) {
  const shown = entry.reasons.filter((reason) => Math.abs(reason.value) > 5e-4).slice(0, 14);
  const rest = entry.reasons.reduce((sum, reason) => sum + reason.value, 0) - shown.reduce((sum, reason) => sum + reason.value, 0);
  const rows = shown.map((reason) => ({ name: reasonName(reason), value: reason.value, shown: number(reason.value, 3) }));
  if (Math.abs(rest) > 5e-4) rows.push({ name: t("why.rest"), value: rest, shown: number(rest, 3) });
  return h("div", { class: "why" }, rows.length ? bars(rows) : h("p", { class: "quiet" }, t("why.none")),
    h("p", { class: "sum" }, t("why.sum"), " ", h("strong", {}, number(entry.score, 3))));
}

/** An item in one line. */
export function itemLine(item) {
  const facts = [item.brand, item.category].filter(Boolean).join(" · ");
  return h("div", { class: "itemline" }, told("span", item.title, { class: "title" }), facts ? told("small", facts) : null);
}

/** A window over the page. */
export function dialog(title, ...children) {
  const close = h("button", { type: "button", class: "second small", onclick: () => box.close() }, t("close"));
  const box = h("dialog", { "aria-label": title, onclose: () => box.remove(), onclick: (event) => { if (event.target === box) box.close(); } },
    h("div", { class: "inside" }, h("header", {}, told("h2", title), close), ...children));
  document.body.append(box);
  box.showModal();
  return box;
}

export function field(label, input) {
  return h("label", { class: "field" }, h("span", {}, label), input);
}
