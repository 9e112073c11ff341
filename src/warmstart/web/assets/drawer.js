// What the shop knows about this visitor: it moves with each click, and each piece can be taken away.

import { get, post } from "./api.js";
import { address, doing, forgetLikes } from "./cards.js";
import { glide, h, icon, told } from "./dom.js";
import { excuse } from "./notices.js";
import { link } from "./router.js";
import { changed, follow, me, say } from "./state.js";
import { has, t } from "./words.js";

let drawer = null;
let opener = null;

export function isOpen() {
  return drawer !== null;
}

export function toggle(button) {
  return drawer ? shut() : unfold(button);
}

function shut() {
  drawer.unfollow();
  drawer.element.remove();
  drawer = null;
  document.documentElement.classList.remove("knows");
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
}

async function unfold(button) {
  opener = button;
  const close = h("button", { type: "button", class: "plain", "aria-label": t("know.close"), onclick: shut }, icon("close"));
  const parts = sections();
  const heading = h("h2", { id: "know-title", tabindex: "-1" }, t("know.title"));
  const element = h("aside", { class: "drawer", id: "drawer", "aria-labelledby": "know-title" },
    h("header", {}, heading, close), parts.element);
  const leave = (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && shut();
  document.addEventListener("keydown", leave);
  document.body.append(element);
  document.documentElement.classList.add("knows");
  button.setAttribute("aria-expanded", "true");
  let waiting = null;
  const load = async () => {
    waiting?.abort();
    waiting = new AbortController();
    try {
      parts.put(await get("taste", {}, waiting.signal));
    } catch (error) {
      if (error.name !== "AbortError") say(t("error.offline"));
    }
  };
  const unfollow = follow(load);
  drawer = {
    element,
    unfollow: () => {
      unfollow();
      document.removeEventListener("keydown", leave);
    },
  };
  heading.focus();
  await load();
}

function sections() {
  const who = h("div", { class: "who" });
  const nothing = h("p", { class: "quiet nothing" }, t("know.nothing"));
  const brands = bars("know.brands");
  const categories = bars("know.categories");
  const weights = bars("know.weights", "know.weights_text");
  const list = h("ul", { class: "events" });
  const events = h("section", {}, h("h3", {}, t("know.events")), h("p", { class: "quiet" }, t("know.events_text")), list);
  const end = h("div", { class: "forget" });
  const element = h("div", { class: "drawer-body" }, who, nothing, categories.section, brands.section, weights.section, events, end,
    h("p", { class: "quiet" }, t("know.privacy")));

  function put(found) {
    who.replaceChildren(...visitors());
    nothing.hidden = found.events.length > 0;
    events.hidden = !found.events.length;
    brands.put(found.brands);
    categories.put(found.categories);
    weights.put(found.weights.map((one) => ({ name: one.title, weight: one.weight, key: one.id })), true);
    glide(list, () => list.replaceChildren(...found.events.map(event)));
    end.replaceChildren(...(found.events.length ? [forgetButton(end)] : []));
  }
  return { element, put };
}

function visitors() {
  const one = (place) => h("button", { type: "button", class: "chip", "aria-pressed": String(place === me.now), onclick: (e) => become(e.currentTarget, place) }, t("know.visitor", { n: place + 1 }));
  const all = Array.from({ length: me.visitors }, (_, place) => one(place));
  const stranger = h("button", { type: "button", class: "chip", onclick: (e) => become(e.currentTarget, null) }, icon("plus"), t("know.stranger"));
  return [h("p", { class: "quiet" }, t("know.you")), h("div", { class: "chips" }, all, stranger), me.may_add ? shoppers() : null].filter(Boolean);
}

/** On one's own machine: what the shop is like for somebody it knows. */
function shoppers() {
  const list = h("ul", { class: "shoppers" });
  const whole = h("details", { class: "known" }, h("summary", {}, t("know.shopper")), h("p", { class: "quiet" }, t("know.shopper_text")), list);
  const one = (found) => {
    const button = h("button", { type: "button", class: "chip" }, told("span", found.id), h("span", { class: "quiet", dir: "auto" }, t("know.shopper_is", { n: found.events, kind: found.kind })));
    button.addEventListener("click", () => doing(button, async () => {
      await post("shopper", { user_id: found.id });
      await arrived("visitor");
    }));
    return h("li", {}, button);
  };
  whole.addEventListener("toggle", async () => {
    if (!whole.open || list.childNodes.length) return;
    try {
      const { shoppers: found } = await get("shoppers");
      list.replaceChildren(...(found.length ? found.map(one) : [h("li", { class: "quiet" }, t("know.shopper_none"))]));
    } catch (error) {
      list.replaceChildren(h("li", { class: "quiet" }, excuse(error)));
    }
  });
  return whole;
}

/** Somebody else is here now. */
async function arrived(what) {
  forgetLikes();
  changed(await get("me"), what);
}

function become(button, place) {
  return doing(button, async () => {
    await post("visitor", { place });
    await arrived("visitor");
  });
}

/** A section of bars that keep their place in the page, so that they grow and shrink. */
function bars(title, text) {
  const list = h("ul", { class: "leanings" });
  const section = h("section", { hidden: true }, h("h3", {}, t(title)), text ? h("p", { class: "quiet" }, t(text)) : null, list);
  const rows = new Map();

  function put(found, isShare = false) {
    section.hidden = !found.length;
    const now = found.map((one) => {
      const key = one.key ?? one.name;
      const row = rows.get(key) ?? fresh(key, one.name);
      rows.set(key, row);
      row.value.textContent = isShare ? `${Math.round(100 * one.weight)} %` : "";
      requestAnimationFrame(() => row.bar.style.setProperty("--width", `${100 * one.weight}%`));
      return row.element;
    });
    const kept = new Set(found.map((one) => one.key ?? one.name));
    for (const key of [...rows.keys()]) if (!kept.has(key)) rows.delete(key);
    glide(list, () => list.replaceChildren(...now));
  }

  function fresh(key, name) {
    const bar = h("span", { class: "bar", vars: { "--width": "0%" } });
    const value = h("span", { class: "number" });
    return { bar, value, element: h("li", { "data-id": key }, told("span", name, { class: "bar-text" }), value, bar) };
  }
  return { section, put };
}

function event(one) {
  const title = one.title || one.query || "";
  const remove = one.number === null ? null : h("button", { type: "button", class: "plain", "aria-label": t("know.remove", { title }) }, icon("close"));
  remove?.addEventListener("click", () => doing(remove, async () => {
    if (one.act === "like") forgetLikes();
    changed(await post("forget", { number: one.number }), "take_back");
  }));
  const what = one.id ? link(address(one), { dir: "auto" }, title) : told("span", `“${title}”`);
  return h("li", { "data-id": `event-${one.number}-${one.id ?? one.query}` }, h("span", { class: "act" }, t(has(`act.${one.act}`) ? `act.${one.act}` : "act.other")), what, remove);
}

function forgetButton(end) {
  const ask = h("button", { type: "button", class: "second" }, t("know.forget"));
  ask.addEventListener("click", () => {
    const yes = h("button", { type: "button", class: "main danger" }, t("know.sure"));
    const no = h("button", { type: "button", class: "plain" }, t("know.keep"));
    no.addEventListener("click", () => end.replaceChildren(forgetButton(end)));
    yes.addEventListener("click", () => doing(yes, async () => {
      const standing = await post("forget", {});
      forgetLikes();
      changed({ events: standing.events, cart: standing.cart }, "forgotten");
      say(t("know.forgotten"));
    }));
    end.replaceChildren(yes, no);
    yes.focus();
  });
  return ask;
}
