// A search looked into: what each leg lists, what comes of both, and why each item is where it is.

import { h, told } from "./dom.js";
import { get, post } from "./console-api.js";
import { dialog, field, itemLine, notice, reasonBars, say, section, waiting } from "./console-parts.js";
import { table } from "./console-table.js";
import { named, number, share, t } from "./console-words.js";

const LEGS = ["lexical", "dense", "fused", "final"];
const IMPORTED = "imported"; // the judgments that came with the shop: read, measured, never changed

export async function searchLab() {
  const asked = new URLSearchParams(location.search);
  const query = h("input", { type: "search", name: "q", value: asked.get("q") ?? "", required: true, dir: "auto", maxlength: 500, placeholder: t("search.example") });
  const user = h("input", { type: "text", name: "user", value: asked.get("user") ?? "", maxlength: 300, placeholder: t("search.nobody") });
  const set = h("input", { type: "text", name: "set", value: asked.get("set") ?? "default", required: true, maxlength: 100 });
  const found = h("div", { class: "found", "aria-live": "polite" });
  const saved = h("div");
  const state = { grades: {} };

  async function look() {
    const address = new URLSearchParams({ q: query.value, ...(user.value && { user: user.value }), ...(set.value !== "default" && { set: set.value }) });
    history.replaceState(null, "", `?${address}`);
    await waiting(found, async () => {
      const body = { query: query.value, set: set.value, n: 10, ...(user.value && { user_id: user.value }) };
      const { lists, grades } = await post("search", body);
      state.grades = grades;
      return side(lists);
    });
  }

  function side(lists) {
    const names = LEGS.filter((name) => lists[name]);
    const missing = LEGS.filter((name) => !lists[name]);
    const places = Object.fromEntries(names.map((name) => [name, new Map(lists[name].map((entry, i) => [entry.id, i + 1]))]));
    return [
      missing.length ? notice(t("search.missing", { legs: missing.map((name) => t(`leg.${name}`)).join(", ") }), "warn") : null,
      h("div", { class: "legs" }, names.map((name) => leg(name, lists[name], places, names))),
      h("details", {}, h("summary", {}, t("search.astable")), numbers(lists, names)),
    ];
  }

  function leg(name, entries, places, names) {
    return h("section", { class: `leg ${name}` }, h("h2", {}, t(`leg.${name}`)), h("p", { class: "quiet" }, t(`leg.${name}.about`)), name === "final" ? colours() : null,
      entries.length ? h("ol", {}, entries.map((entry) => row(name, entry, places, names))) : h("p", { class: "quiet" }, t("search.none")));
  }

  function row(name, entry, places, names) {
    const others = names.filter((one) => one !== name && places[one].has(entry.id)).map((one) => `${t(`leg.${one}`)} ${places[one].get(entry.id)}`);
    const line = h("li", { "data-id": entry.id, onmouseenter: () => mark(entry.id, true), onmouseleave: () => mark(entry.id, false) }, itemLine(entry),
      h("p", { class: "where" }, h("span", { class: "score" }, number(entry.score, 2)), others.length ? ` ${t("search.also", { where: others.join(", ") })}` : ` ${t("search.only")}`));
    if (name !== "final") return line;
    const why = h("button", { type: "button", class: "second small", onclick: () => dialog(entry.title, h("p", { class: "quiet" }, t("why.search")), reasonBars(entry), reasonTable(entry)) }, t("why"));
    line.append(h("div", { class: "acts" }, stack(entry), why, grading(entry)));
    return line;
  }

  function mark(id, on) {
    for (const other of found.querySelectorAll(`li[data-id="${CSS.escape(id)}"]`)) other.classList.toggle("marked", on);
  }

  function grading(entry) {
    const box = h("div", { class: "grades", role: "group", "aria-label": t("grade.of", { title: entry.title }) });
    const draw = () => box.replaceChildren(...[0, 1, 2, 3].map((grade) => h("button", {
      type: "button", disabled: set.value === IMPORTED, title: t(`grade.${grade}`), "aria-label": `${grade}: ${t(`grade.${grade}`)}`, "aria-pressed": String(state.grades[entry.id] === grade), onclick: () => judge(grade),
    }, String(grade))));
    async function judge(grade) {
      const now = state.grades[entry.id] === grade ? null : grade;
      try {
        const answer = await post("judge", { set: set.value, query: query.value, item_id: entry.id, grade: now });
        state.grades = answer.grades;
        draw();
        say(t("grade.noted"));
        await sets();
      } catch (error) {
        say(error.message);
      }
    }
    draw();
    return box;
  }

  async function sets() {
    const { queries, imported } = await get("sets");
    saved.replaceChildren(section(t("sets"), t("sets.about"), ...setTables(queries, imported)));
  }

  function setTables(queries, imported) {
    if (!queries.length) return [h("p", { class: "quiet" }, t("sets.none"))];
    return [...new Set(queries.map((one) => one.set))].map((name) => oneSet(name, queries.filter((one) => one.set === name), imported));
  }

  function oneSet(name, queries, imported) {
    const partly = queries.length < imported ? t("sets.sampled", { n: number(queries.length), all: number(imported) }) : "";
    const about = name === IMPORTED ? h("p", { class: "quiet" }, t("sets.imported"), partly) : null;
    const out = h("div", {}, setTable(name, queries.map((one) => ({ query: one.query, judged: Object.keys(one.grades).length }))));
    const measure = h("button", { type: "button", class: "main small", onclick: () => waiting(out, async () => {
      const value = await post("measure", { set: name });
      return [h("p", { class: "measured" }, "nDCG@10 ", h("strong", {}, number(value.mean ?? NaN, 3)), ` · ${t("sets.model", { model: value.model })}`), setTable(name, value.queries)];
    }) }, t("sets.measure"));
    return h("article", {}, h("header", { class: "line" }, told("h3", name === IMPORTED ? t("sets.came") : name), measure), about, out);
  }

  function setTable(name, rows) {
    const go = (row) => h("button", { type: "button", class: "link", dir: "auto", onclick: () => { query.value = row.query; set.value = name; look(); scrollTo({ top: 0 }); } }, row.query);
    const columns = [
      { key: "query", title: t("col.query"), show: go },
      { key: "judged", title: t("col.judged"), align: "right" },
      ...(rows[0]?.ndcg === undefined ? [] : [
        { key: "ndcg", title: "nDCG@10", align: "right", show: (row) => number(row.ndcg ?? NaN, 3) },
        { key: "judged_share", title: t("col.judged_share"), align: "right", show: (row) => share(row.judged_share) }]),
    ];
    return table({ name: `set-${name}`, title: name, columns, rows });
  }

  const form = h("form", { class: "ask panel", role: "search", onsubmit: (event) => { event.preventDefault(); look(); } },
    field(t("search.query"), query), field(t("search.user"), user), field(t("search.set"), set), h("button", { class: "main" }, t("search.go")));
  await sets();
  if (query.value) await look();
  else found.append(h("p", { class: "quiet empty" }, t("search.begin")));
  return [form, found, saved];
}

/** What a score is made of, in one narrow bar. */
function stack(entry) {
  const kinds = new Map();
  for (const reason of entry.reasons) {
    const kind = reason.id || reason.part.startsWith("taste") ? "taste" : reason.part === "lexical" || reason.part === "dense" ? reason.part : "other";
    kinds.set(kind, (kinds.get(kind) ?? 0) + reason.value);
  }
  const total = [...kinds.values()].reduce((sum, value) => sum + Math.max(value, 0), 0) || 1;
  const label = [...kinds].map(([kind, value]) => `${t(`stack.${kind}`)} ${number(value, 2)}`).join(", ");
  return h("div", { class: "stack", role: "img", "aria-label": label, title: label }, [...kinds].filter(([, value]) => value > 0)
    .map(([kind, value]) => h("span", { class: kind, vars: { "--share": value / total } })));
}

function colours() {
  return h("ul", { class: "legend" }, ["lexical", "dense", "taste"].map((kind) => h("li", { class: `of-${kind}` }, h("span", {}, t(`stack.${kind}`)))));
}

function reasonTable(entry) {
  const columns = [
    { key: "part", title: t("col.part"), value: (row) => named("part", row.part) },
    { key: "title", title: t("col.evidence") },
    { key: "value", title: t("col.adds"), align: "right", show: (row) => number(row.value, 4) },
  ];
  return h("details", {}, h("summary", {}, t("chart.numbers")), table({ name: "reasons", title: t("why"), columns, rows: entry.reasons }));
}

function numbers(lists, names) {
  const rows = new Map();
  for (const name of names) lists[name].forEach((entry, i) => rows.set(entry.id, { ...entry, ...rows.get(entry.id), [name]: i + 1, [`${name}-score`]: entry.score }));
  const columns = [
    { key: "title", title: t("col.item"), show: itemLine }, { key: "id", title: t("col.id") }, { key: "brand", title: t("col.brand") },
    ...names.flatMap((name) => [
      { key: name, title: t(`leg.${name}`), align: "right" },
      { key: `${name}-score`, title: t("col.score"), align: "right", show: (row) => number(row[`${name}-score`] ?? NaN, 3) }]),
  ];
  return table({ name: "legs", title: t("search.astable"), columns, rows: [...rows.values()], sort: { key: "final", down: false } });
}
