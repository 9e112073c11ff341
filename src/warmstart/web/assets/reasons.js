// Why an item is where it is: in one line, and in full.

import { get } from "./api.js";
import { h, icon, told } from "./dom.js";
import { excuse } from "./notices.js";
import { has, number, t } from "./words.js";

/** One line for a card: the strongest reason that comes from the visitor, else the strongest. */
export function line(reasons, query = "") {
  const ranked = [...(reasons ?? [])].filter((r) => r.value > 0 || r.source === "exposure");
  const best = (query ? null : ranked.find((r) => r.id && r.act)) ?? ranked[0] ?? reasons?.[0];
  if (!best) return "";
  if (best.id) return t(has(`because.${best.act}`) ? `because.${best.act}` : "because.other", best);
  return prior(best);
}

function prior(reason) {
  if (reason.source === "popularity" && reason.value < 0) return t("because.popularity_low");
  return has(`because.${reason.source}`) ? t(`because.${reason.source}`) : reason.text || reason.part;
}

function full(reason) {
  if (!reason.id) return prior(reason);
  return has(`why.${reason.source}`) ? t(`why.${reason.source}`, reason) : reason.text;
}

/** The evidence behind an item's place in a list, as a dialog with bars. By `kind` of list: "told" by its strongest reasons
 *  and "whole" by all, both as they stand on the card; "wish" of a sentence, or "" of a search or one's own: by all that
 *  the service tells, which sums to the score. */
export async function open(item, { query = "", kind = "" } = {}) {
  const body = h("div", { class: "why-body" }, h("p", { class: "skeleton line" }), h("p", { class: "skeleton line" }));
  const close = h("button", { type: "button", class: "plain", "aria-label": t("why.close") }, icon("close"));
  const dialog = h(
    "dialog",
    { class: "why", "aria-labelledby": "why-title" },
    h("header", {}, h("div", {}, h("h2", { id: "why-title" }, t("why.title")), told("p", item.title, { class: "quiet" })), close),
    body,
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    body.replaceChildren(...bars(await evidence(item, query, kind), kind));
    if (item.reasons?.some((reason) => reason.source === "exposure")) body.append(h("p", { class: "quiet" }, t("why.exposure")));
  } catch (error) {
    body.replaceChildren(h("p", { class: "notice" }, excuse(error)));
  }
}

function evidence(item, query, kind) {
  const score = (item.reasons ?? []).reduce((sum, reason) => sum + reason.value, 0);
  if (kind === "told" || kind === "whole") return { score, reasons: item.reasons ?? [] };
  return get("why", { id: item.id, q: query, wish: kind === "wish" ? true : null });
}

const SHOWN = 7;

/** Evidence that says the same thing is told once: what all parts drew from one item. */
function joined(reasons) {
  const found = new Map();
  for (const reason of reasons) {
    const key = `${reason.source}|${reason.id}|${reason.id ? "" : reason.part}`;
    const old = found.get(key);
    found.set(key, old ? { ...old, value: old.value + reason.value } : { ...reason });
  }
  return [...found.values()].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

function bars(answer, kind) {
  const all = joined(answer.reasons);
  if (!all.length) return [h("p", { class: "quiet" }, t("why.none"))];
  const shown = all.slice(0, SHOWN);
  const rest = all.slice(SHOWN);
  const most = Math.max(...all.map((r) => Math.abs(r.value)), 1e-9);
  const rows = shown.map((r) => bar(full(r), r.value, most));
  if (rest.length) {
    rows.push(bar(t("why.more", { n: rest.length }), rest.reduce((sum, r) => sum + r.value, 0), most));
  }
  if (kind === "told") return [h("p", { class: "quiet" }, t("why.some")), h("ul", { class: "bars" }, rows)];
  return [
    h("p", { class: "quiet" }, t("why.text")),
    h("ul", { class: "bars" }, rows),
    h("p", { class: "sum" }, h("span", {}, t("why.sum")), h("strong", { class: "score" }, number(answer.score))),
  ];
}

function bar(text, value, most) {
  const width = Math.max(2, (100 * Math.abs(value)) / most);
  const sign = value < 0 ? "less" : "more";
  return h(
    "li",
    { class: sign },
    told("span", text, { class: "bar-text" }),
    h("span", { class: "bar-value" }, `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`),
    h("span", { class: "bar", vars: { "--width": `${Math.min(width, 100)}%` } }),
  );
}
