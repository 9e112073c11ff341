// Items as cards, and shelves of them.

import { glide, h, icon, picture, told } from "./dom.js";
import { excuse } from "./notices.js";
import { line, open } from "./reasons.js";
import { link } from "./router.js";
import { act, say, taken } from "./state.js";
import { price, t } from "./words.js";

const liked = new Set();
const busy = new WeakSet();

export function forgetLikes() {
  liked.clear();
}

export function address(item) {
  return `/shop/item?id=${encodeURIComponent(item.id)}`;
}

/** A card with the item's picture, name and price, what one can do with it, and why it is there: `query` are the words
 *  that its list answers, `kind` is how the list explains itself (reasons.js). */
export function card(item, { query = "", kind = "", isNew = false, plain = false } = {}) {
  const why = plain ? "" : line(item.reasons, query);
  const take = () => taken(item);
  const cost = item.available ? price(item.price, item.currency) : t("item.sold_out");
  return h(
    "article",
    { class: `card${isNew ? " arrived" : ""}`, "data-id": item.id },
    h("div", { class: "frame" },
      link(address(item), { class: "cover", tabindex: "-1", "aria-hidden": "true", onclick: take }, picture(item)),
      isNew ? h("span", { class: "badge" }, t("card.new")) : null,
      h("div", { class: "tools" }, likeButton(item), addButton(item)),
    ),
    item.brand ? told("p", item.brand, { class: "brand" }) : null,
    h("h3", {}, link(address(item), { dir: "auto", title: item.title, onclick: take }, item.title)),
    cost ? h("p", { class: "price" }, cost) : null,
    why
      ? h("button", { type: "button", class: "because", onclick: () => open(item, { query, kind }), title: t("card.why") },
          icon("spark"), told("span", why))
      : null,
  );
}

function likeButton(item) {
  const button = h(
    "button",
    { type: "button", class: "tool like", "aria-label": t("card.like", { title: item.title }), "aria-pressed": String(liked.has(item.id)) },
    icon("heart"),
  );
  button.addEventListener("click", () => doing(button, async () => {
    liked.add(item.id);
    button.setAttribute("aria-pressed", "true");
    taken(item);
    await act("like", item.id);
  }));
  return button;
}

function addButton(item) {
  const button = h("button", { type: "button", class: "tool add", "aria-label": t("card.add", { title: item.title }) }, icon("plus"));
  button.addEventListener("click", () => doing(button, async () => {
    taken(item);
    await act("add_to_cart", item.id);
    say(t("said.added"));
  }));
  return button;
}

/** Do something once at a time, and say when it did not work. */
export async function doing(button, work) {
  if (busy.has(button)) return;
  busy.add(button); // not disabled: that would take the keyboard away from it
  try {
    await work();
  } catch (error) {
    say(error.status === 429 || !error.status ? excuse(error) : `${t("error.title")} ${excuse(error)}`);
  } finally {
    busy.delete(button);
  }
}

/** A shelf: a heading and its cards. Put again with other items, the cards glide to their new places. */
export function shelf(key, { grid = false } = {}) {
  const heading = told("h2", "", { id: `row-${key}` });
  const note = h("p", { class: "moved", "aria-live": "polite" });
  const holder = h("div", { class: grid ? "grid" : "strip", role: "group", "aria-labelledby": `row-${key}` });
  const section = h("section", { class: "row", "data-row": key }, h("header", {}, heading, note), holder);
  let known = null;

  function put(title, items, { query = "", kind = "", mark = false, plain = false } = {}) {
    if (heading.textContent !== title) heading.textContent = title;
    const fresh = new Set(items.filter((item) => mark && known && !known.has(item.id)).map((item) => item.id));
    glide(holder, () => holder.replaceChildren(...items.map((item) => card(item, { query, kind, isNew: fresh.has(item.id), plain }))));
    note.textContent = fresh.size ? t("row.moved", { n: fresh.size }) : "";
    if (known && fresh.size && !grid) holder.scrollTo({ left: 0 });
    known = new Set(items.map((item) => item.id));
    section.hidden = !items.length;
    return fresh.size;
  }

  return { section, put };
}

/** What stands where cards will be. */
export function skeletons(n = 6, className = "grid") {
  const one = () => h("div", { class: "card" }, h("div", { class: "tile skeleton" }), h("p", { class: "skeleton line" }), h("p", { class: "skeleton line short" }));
  return h("div", { class: className, "aria-hidden": "true" }, Array.from({ length: n }, one));
}
