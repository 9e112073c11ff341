// The first page: what the shop would show this visitor, and what moves when they do something.

import { get } from "./api.js";
import { card, shelf, skeletons } from "./cards.js";
import { h, icon, told } from "./dom.js";
import { excuse, learning, notice, shown } from "./notices.js";
import { link } from "./router.js";
import { begin, follow, me, say } from "./state.js";
import { has, t, understood } from "./words.js";

export function home(main, params, isCurrent) {
  document.title = t("title");
  return shown(main, [skeletons(12)], () => build(main, isCurrent), isCurrent);
}

async function build(main, isCurrent) {
  const [first] = await Promise.all([get("home"), begin()]);
  if (!isCurrent()) return undefined;
  if (first.learning) {
    learning(main, () => home(main, null, isCurrent), isCurrent);
    return undefined;
  }
  if (!first.rows.length) {
    main.replaceChildren(notice(t("empty.title"), t("empty.text")));
    setTimeout(() => isCurrent() && home(main, null, isCurrent), 5000);
    return undefined;
  }
  const shelves = new Map();
  const rows = h("div", { class: "rows" });
  const greeting = hero();
  main.replaceChildren(greeting.element, rows);
  put(rows, shelves, first.rows, false);
  let waiting = null;
  const unfollow = follow(async (what) => {
    greeting.greet();
    if (what === "begin") return;
    waiting?.abort();
    waiting = new AbortController();
    try {
      const now = await get("home", {}, waiting.signal);
      if (!isCurrent()) return;
      const fresh = put(rows, shelves, now.rows, true);
      if (fresh && (what === "like" || what === "take_back")) say(t("said.changed"));
    } catch (error) {
      if (error.name !== "AbortError") say(t("error.offline"));
    }
  });
  return () => {
    waiting?.abort();
    unfollow();
  };
}

function put(rows, shelves, answered, mark) {
  let fresh = 0;
  const order = [];
  for (const row of answered) {
    if (!shelves.has(row.key)) shelves.set(row.key, shelf(row.key, { grid: row.key === "for_you" }));
    const one = shelves.get(row.key);
    fresh += one.put(heading(row), row.items, {
      mark: mark && row.key === "for_you", plain: row.key === "because", kind: row.key === "trending" ? "whole" : "",
    });
    order.push(one.section);
  }
  rows.replaceChildren(...order);
  return fresh;
}

function heading(row) {
  if (row.key === "for_you") return t(me.events ? "row.for_you" : "row.for_stranger");
  return t(`row.${row.key}`, row.about ?? {});
}

function hero() {
  const title = h("h1", {});
  const text = h("p", { class: "lead" });
  function greet() {
    const who = me.events ? "known" : "stranger";
    title.textContent = t(`home.${who}`);
    text.textContent = t(`home.${who}_text`);
  }
  greet();
  const answered = h("div", { class: "answered" });
  const element = h("section", { class: "hero" },
    h("div", { class: "hero-text" }, title, text),
    h("div", { class: "hero-doors" }, wish(answered),
      link("/shop/welcome", { class: "door" }, icon("person"),
        h("span", {}, h("strong", {}, t("home.welcome")), h("small", {}, t("home.welcome_text"))))),
    answered);
  return { element, greet };
}

function wish(answered) {
  const box = h("input", { type: "text", id: "wish", maxlength: 300, placeholder: t("home.wish_hint"), autocomplete: "off" });
  const form = h("form", { class: "wish", role: "search" },
    h("label", { for: "wish" }, t("home.wish")),
    h("div", { class: "field" }, box, h("button", { class: "main" }, t("home.wish_go"))));

  async function ask(q) {
    box.value = q;
    answered.replaceChildren(skeletons(6, "strip"));
    try {
      const found = await get("wish", { q });
      const close = h("button", { type: "button", class: "plain", "aria-label": t("home.wish_close"), onclick: () => answered.replaceChildren() }, icon("close"));
      answered.replaceChildren(h("section", { class: "row", "data-row": "wish" },
        h("header", {}, told("h2", t("home.wish_row", { q })), close),
        told("p", understood(found.warnings), { class: "quiet understood" }),
        found.items.length ? hint(found) : nothing(found, ask),
        found.items.length ? h("div", { class: "strip" }, found.items.map((item) => card(item, { query: q, kind: "wish" }))) : null));
    } catch (error) {
      answered.replaceChildren();
      say(excuse(error));
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const q = box.value.trim();
    if (q) ask(q);
  });
  return form;
}

/** Says so where no word of a sentence was found, so that what follows is a guess. */
function hint(found) {
  return has(`wish.${found.footing}`) ? h("p", { class: "quiet hint" }, t(`wish.${found.footing}`)) : null;
}

/** What to do where nothing fits a sentence: the same without its limits, if it has any. */
function nothing(found, ask) {
  const q = found.relaxed;
  return h("div", { class: "notice", role: "status" },
    h("p", {}, t(q || understood(found.warnings) ? "wish.limits_leave_nothing" : "wish.empty")),
    q ? h("button", { type: "button", class: "second", onclick: () => ask(q) }, told("span", t("wish.relax", { q }))) : null);
}
