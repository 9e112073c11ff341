// One product: what it is, what buyers say, what is like it and what goes with it.

import { get } from "./api.js";
import { doing, shelf, skeletons } from "./cards.js";
import { h, icon, picture, told } from "./dom.js";
import { notice, shown } from "./notices.js";
import { link } from "./router.js";
import { open } from "./reasons.js";
import { act, say } from "./state.js";
import { number, price, t } from "./words.js";

const LONGEST = 512;

export function item(main, params, isCurrent) {
  const id = params.get("id") ?? "";
  if (!id || id.length > LONGEST) {
    gone(main);
    return undefined;
  }
  const waiting = h("div", { class: "product" }, h("div", { class: "tile skeleton" }), h("div", {}, h("p", { class: "skeleton line" }), h("p", { class: "skeleton line short" })));
  return shown(main, [waiting, skeletons(6, "strip")], () => build(main, id, isCurrent), isCurrent);
}

async function build(main, id, isCurrent) {
  let found;
  try {
    found = await get("item", { id });
  } catch (error) {
    if (error.status !== 404) throw error;
    gone(main);
    return;
  }
  if (!isCurrent()) return;
  document.title = `${found.title} · ${t("title")}`;
  const parts = [product(found)];
  for (const [key, title] of [["complement", t("item.goes")], ["similar", t("item.similar")]]) {
    const row = shelf(key);
    row.put(title, found[key], { plain: true });
    parts.push(row.section);
  }
  if (found.said) parts.splice(1, 0, said(found.said));
  main.replaceChildren(...parts);
  act("click", id).catch(() => undefined);
}

function gone(main) {
  document.title = `${t("item.gone")} · ${t("title")}`;
  main.replaceChildren(notice(t("item.gone"), "", link("/shop", { class: "button" }, t("missing.text"))));
}

function product(found) {
  const path = found.categories.map((name, place) => {
    const query = `/shop/search?category=${encodeURIComponent(name)}`;
    return [place ? h("span", { "aria-hidden": "true" }, "›") : null, link(query, { dir: "auto" }, name)];
  });
  const facts = Object.entries(found.attributes).slice(0, 12);
  return h("div", { class: "product" },
    h("div", { class: "frame" }, picture(found)),
    h("div", { class: "about" },
      h("nav", { class: "path", "aria-label": t("filter.category") }, path.flat(2)),
      told("h1", found.title, { class: found.title.length > 90 ? "long" : null }),
      found.brand ? link(`/shop/search?brand=${encodeURIComponent(found.brand)}`, { class: "brand", dir: "auto" }, found.brand) : null,
      found.price === null ? null : h("p", { class: "price" }, price(found.price, found.currency)),
      h("div", { class: "actions" }, ...buttons(found)),
      found.description ? told("p", found.description, { class: "description" }) : null,
      facts.length
        ? h("section", {}, h("h2", {}, t("item.facts")),
            h("dl", {}, facts.map(([name, value]) => h("div", {}, told("dt", name), told("dd", value)))))
        : null));
}

function buttons(found) {
  const add = h("button", { type: "button", class: "main", disabled: !found.available }, icon("cart"), h("span", {}, t(found.available ? "item.add" : "item.sold_out")));
  add.addEventListener("click", () => doing(add, async () => {
    await act("add_to_cart", found.id);
    add.querySelector("span").textContent = t("item.added");
    say(t("said.added"), " ", link("/shop/cart", {}, t("cart")));
  }));
  const like = h("button", { type: "button", class: "second", "aria-pressed": "false" }, icon("heart"), h("span", {}, t("item.like")));
  like.addEventListener("click", () => doing(like, async () => {
    await act("like", found.id);
    like.setAttribute("aria-pressed", "true");
    like.querySelector("span").textContent = t("card.liked");
    say(t("said.changed"), " ", link("/shop", {}, t("missing.text")));
  }));
  const why = h("button", { type: "button", class: "plain why-button", onclick: () => open(found) }, icon("spark"), h("span", {}, t("card.why")));
  return [add, like, why];
}

function said(found) {
  const most = Math.max(1, ...Object.values(found.stars));
  const count = found.count === 1 ? t("item.reviews_one") : t("item.reviews_count", { n: found.count });
  const rows = Object.entries(found.stars)
    .sort((a, b) => b[0] - a[0])
    .map(([star, n]) => h("li", {}, h("span", { "aria-label": t("item.stars", { n: star }) }, `${star} ★`),
      h("span", { class: "bar", vars: { "--width": `${(100 * n) / most}%` } }), h("span", { class: "number" }, n)));
  const quotes = found.quotes.map((quote) =>
    h("blockquote", {}, quote.rating === null ? null : h("p", { class: "stars", role: "img", "aria-label": t("item.stars", { n: quote.rating }) }, "★".repeat(Math.round(quote.rating)), h("span", {}, "★".repeat(5 - Math.round(quote.rating)))), told("p", quote.text)));
  return h("section", { class: "said" },
    h("div", { class: "said-sum" }, h("h2", {}, t("item.reviews")),
      found.mean === null ? null : h("p", { class: "mean" }, h("strong", {}, number(found.mean, 1)), h("span", {}, "★")),
      h("p", { class: "quiet" }, count), found.mean === null ? null : h("ul", { class: "grades" }, rows)),
    h("div", { class: "quotes" }, quotes));
}
