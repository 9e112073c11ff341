// Results, what they can be narrowed by, and what was meant.

import { get } from "./api.js";
import { card, skeletons } from "./cards.js";
import { glide, h, told } from "./dom.js";
import { learning, notice, shown } from "./notices.js";
import { go, link } from "./router.js";
import { follow } from "./state.js";
import { has, t, understood } from "./words.js";

const KEYS = ["q", "brand", "category", "lowest", "highest"];
const PAGE = 24;
const LONGEST = 300;

export function search(main, params, isCurrent) {
  const asked = Object.fromEntries(KEYS.map((key) => [key, params.getAll(key)]));
  const q = asked.q[0] ?? "";
  const title = q ? t("search.found", { q: short(q) }) : t("search.browse");
  document.title = `${title} · ${t("title")}`;
  if ([...q].length > LONGEST) {
    main.replaceChildren(notice(t("search.too_long"), t("search.too_long_hint", { n: LONGEST }), link("/shop", { class: "button" }, t("missing.text"))));
    return undefined;
  }
  return shown(main, [told("h1", title), skeletons(12)], () => build(main, asked, title, isCurrent), isCurrent);
}

/** What was typed, for a heading. */
function short(q) {
  const letters = [...q];
  return letters.length > 80 ? `${letters.slice(0, 80).join("")}…` : q;
}

async function build(main, asked, title, isCurrent) {
  const q = asked.q[0] ?? "";
  let n = PAGE;
  const count = h("p", { class: "quiet", role: "status" });
  const grid = h("div", { class: "grid" });
  const more = h("button", { type: "button", class: "second", hidden: true }, t("search.more"));
  const side = h("div", { class: "facets" });
  const narrowing = h("h2", { class: "unseen" }, t("filter"));
  const lead = h("div", { class: "lead-in" });

  async function load() {
    const found = await get("search", { ...asked, n });
    if (!isCurrent()) return;
    if (found.learning) {
      learning(main, () => search(main, new URLSearchParams(location.search), isCurrent), isCurrent);
      return;
    }
    glide(grid, () => grid.replaceChildren(...found.items.map((item) => card(item, { query: q }))));
    count.textContent = found.items.length ? t("search.count", { n: found.items.length }) : "";
    more.hidden = !found.more;
    lead.replaceChildren(...introduction(q, found));
    const open = new Set([...side.querySelectorAll("details[open]")].map((d) => d.dataset.facet));
    const focused = document.activeElement?.id;
    side.replaceChildren(...facets(asked, found.facets, open));
    if (focused) document.getElementById(focused)?.focus();
  }

  more.addEventListener("click", async () => {
    n += PAGE;
    await load();
  });
  await load();
  if (!isCurrent() || main.querySelector(".pulse")) return undefined;
  main.replaceChildren(
    h("div", { class: "results" },
      h("header", {}, told("h1", title), count, lead),
      narrowing,
      side,
      h("div", { class: "found" }, grid, more)));
  return follow((what) => what !== "begin" && load().catch(() => undefined));
}

function introduction(q, found) {
  const lines = [];
  const limits = understood(found.warnings);
  if (limits) lines.push(told("p", limits, { class: "quiet" }));
  if (found.meant) {
    lines.push(link(`/shop/search?q=${encodeURIComponent(found.meant)}`, { class: "meant", dir: "auto" }, t("search.meant", { q: found.meant })));
  }
  if (!found.items.length) {
    const looser = found.relaxed;
    lines.push(h("div", { class: "notice" }, told("p", t("search.nothing", { q: short(q) })),
      h("p", { class: "quiet" }, t(looser ? "wish.limits_leave_nothing" : "search.nothing_hint")),
      looser ? link(`/shop/search?q=${encodeURIComponent(looser)}`, { class: "button", dir: "auto" }, t("wish.relax", { q: looser })) : null));
  } else if (has(`wish.${found.footing}`)) {
    lines.push(h("p", { class: "quiet hint" }, t(`wish.${found.footing}`)));
  }
  return lines;
}

function facets(asked, found, open) {
  const narrow = matchMedia("(max-width: 860px)").matches;
  const isChosen = KEYS.slice(1).some((key) => asked[key].length);
  const parts = [
    choices("category", asked, found.category ?? [], narrow, open),
    choices("brand", asked, found.brand ?? [], narrow, open),
    prices(asked, found.price, narrow, open),
  ];
  if (isChosen) parts.push(link(address({ ...asked, brand: [], category: [], lowest: [], highest: [] }), { class: "clear" }, t("filter.clear")));
  return parts.filter(Boolean);
}

function choices(key, asked, list, narrow, open) {
  if (!list.length) return null;
  const boxes = list.map((one, place) => {
    const id = `${key}-${place}`;
    const box = h("input", { type: "checkbox", id, value: one.name, checked: one.chosen });
    box.addEventListener("change", () => {
      const now = new Set(asked[key]);
      if (box.checked) now.add(one.name);
      else now.delete(one.name);
      go(address({ ...asked, [key]: [...now] }));
    });
    return h("li", {}, box, h("label", { for: id }, told("span", one.name), h("span", { class: "number" }, one.count)));
  });
  return h("details", { "data-facet": key, open: !narrow || open.has(key) || list.some((one) => one.chosen) },
    h("summary", {}, t(`filter.${key}`)), h("ul", {}, boxes));
}

function prices(asked, bounds, narrow, open) {
  if (!bounds) return null;
  const field = (key, label, hint) =>
    h("label", {}, h("span", {}, label), h("input", { type: "number", inputmode: "decimal", min: 0, step: "any", name: key, value: asked[key][0] ?? "", placeholder: Math.round(hint) }));
  const form = h("form", { class: "prices" },
    field("lowest", t("filter.from"), bounds.lowest), field("highest", t("filter.to"), bounds.highest),
    h("button", { class: "second" }, t("filter.apply")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (key) => (form.elements[key].value ? [form.elements[key].value] : []);
    go(address({ ...asked, lowest: value("lowest"), highest: value("highest") }));
  });
  const chosen = asked.lowest.length || asked.highest.length;
  return h("details", { "data-facet": "price", open: !narrow || chosen || open.has("price") }, h("summary", {}, t("filter.price")), form);
}

function address(asked) {
  const query = new URLSearchParams();
  for (const key of KEYS) for (const value of asked[key]) query.append(key, value);
  return `/shop/search?${query}`;
}
