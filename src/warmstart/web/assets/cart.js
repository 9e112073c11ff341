// What lies in the cart, and what goes with it.

import { get, post } from "./api.js";
import { address, doing, shelf, skeletons } from "./cards.js";
import { h, icon, picture, told } from "./dom.js";
import { excuse, notice, shown } from "./notices.js";
import { link } from "./router.js";
import { act, changed, follow, say } from "./state.js";
import { price, t } from "./words.js";

export function cart(main, params, isCurrent) {
  document.title = `${t("cart")} · ${t("title")}`;
  return shown(main, [h("h1", {}, t("cart")), skeletons(4, "strip")], () => build(main, isCurrent), isCurrent);
}

async function build(main, isCurrent) {
  const inside = h("div", { class: "inside" });
  const beside = shelf("cart", { grid: true });
  async function load() {
    const found = await get("cart");
    if (!isCurrent()) return;
    inside.replaceChildren(...contents(found.items));
    beside.put(t("cart.goes"), found.complement, { mark: true, kind: "told" });
  }
  await load();
  if (!isCurrent()) return undefined;
  main.replaceChildren(h("h1", {}, t("cart")), inside, beside.section);
  return follow((what) => what !== "begin" && load().catch((error) => say(excuse(error))));
}

function contents(items) {
  if (!items.length) {
    return [notice(t("cart.empty"), t("cart.empty_hint"), link("/shop", { class: "button" }, t("missing.text")))];
  }
  const buy = h("button", { type: "button", class: "main" }, t("cart.buy"));
  buy.addEventListener("click", () => doing(buy, async () => {
    changed(await post("buy"), "purchase");
    say(t("cart.bought"));
  }));
  return [
    h("ul", { class: "lines" }, items.map(entry)),
    h("div", { class: "till" }, sums(items), buy, h("p", { class: "quiet" }, t("cart.buy_text"))),
  ];
}

function entry(item) {
  const remove = h("button", { type: "button", class: "plain", "aria-label": t("cart.remove", { title: item.title }) }, icon("close"));
  remove.addEventListener("click", () => doing(remove, () => act("remove_from_cart", item.id)));
  return h("li", { "data-id": item.id },
    h("div", { class: "small" }, picture(item)),
    h("div", {}, link(address(item), { dir: "auto" }, item.title), item.brand ? told("p", item.brand, { class: "quiet" }) : null),
    h("p", { class: "price" }, item.count > 1 ? `${item.count} × ` : "", price(item.price, item.currency)),
    remove);
}

/** One sum for each currency. */
function sums(items) {
  const totals = new Map();
  for (const item of items) {
    if (item.price !== null) totals.set(item.currency, (totals.get(item.currency) ?? 0) + item.price * item.count);
  }
  const texts = [...totals].map(([currency, total]) => price(total, currency));
  return h("p", { class: "total" }, h("span", {}, t("cart.sum")), h("strong", {}, texts.join(" + ") || "–"));
}
