// The bar at the top: search with suggestions, the drawer, the cart, language and theme.

import { get, post } from "./api.js";
import { toggle } from "./drawer.js";
import { h, icon } from "./dom.js";
import { excuse } from "./notices.js";
import { go, link } from "./router.js";
import { changed, follow, me } from "./state.js";
import { language, t } from "./words.js";

export function head() {
  const known = h("span", { class: "count" });
  const inCart = h("span", { class: "count" });
  const know = h("button", { type: "button", class: "pill know", "aria-expanded": "false", "aria-controls": "drawer" }, icon("person"), h("span", { class: "label" }, t("know")), known);
  know.addEventListener("click", () => toggle(know));
  const cart = link("/shop/cart", { class: "pill" }, icon("cart"), inCart);
  const show = () => {
    known.textContent = me.events || "";
    inCart.textContent = me.cart || "";
    know.setAttribute("aria-label", t("know.count", { n: me.events }));
    cart.setAttribute("aria-label", t("cart.items", { n: me.cart }));
  };
  follow(show);
  show();
  document.getElementById("top").replaceChildren(
    link("/shop", { class: "logo" }, h("img", { src: new URL("icon.svg", import.meta.url), alt: "", width: 28, height: 28 }), h("span", {}, t("title"))),
    searchBox(),
    h("nav", { class: "doors", "aria-label": t("title") }, know, cart, languageLink(), themeButton()));
  document.getElementById("foot").replaceChildren(h("p", {}, t("foot")), addForm());
}

function languageLink() {
  const other = language === "en" ? "zh" : "en";
  const anchor = h("a", { class: "plain", href: `/shop?lang=${other}`, "data-full": true, "aria-label": t("language.label"), lang: other }, t("language"));
  anchor.addEventListener("click", () => {
    const query = new URLSearchParams(location.search);
    query.set("lang", other);
    anchor.setAttribute("href", `${location.pathname}?${query}`);
  });
  return anchor;
}

function themeButton() {
  const button = h("button", { type: "button", class: "plain", "aria-label": t("theme") }, icon("moon"));
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("warmstart-theme", root.dataset.theme);
  });
  return button;
}

function searchBox() {
  const list = h("ul", { id: "suggestions", role: "listbox", "aria-label": t("search.suggestions"), hidden: true });
  const box = h("input", {
    type: "text", id: "search", maxlength: 300, placeholder: t("search.hint"), "aria-label": t("search.hint"), autocomplete: "off", role: "combobox",
    "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false", enterkeyhint: "search",
  });
  const form = h("form", { class: "search", role: "search" }, icon("search"), box, list);
  let at = -1;
  let waiting = null;

  function show(texts) {
    at = -1;
    list.replaceChildren(...texts.map((text, place) => h("li", { role: "option", id: `suggestion-${place}`, dir: "auto", "aria-selected": "false", onmousedown: (e) => { e.preventDefault(); send(text); } }, text)));
    list.hidden = !texts.length;
    box.setAttribute("aria-expanded", String(texts.length > 0));
    box.removeAttribute("aria-activedescendant");
  }

  function move(by) {
    const options = [...list.children];
    if (!options.length) return;
    at = (at + by + options.length + 1) % (options.length + 1);
    if (by < 0 && at === options.length) at = options.length - 1;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    if (options[at]) box.setAttribute("aria-activedescendant", options[at].id);
    else box.removeAttribute("aria-activedescendant");
  }

  async function send(text) {
    waiting?.abort();
    show([]);
    box.value = text;
    if (!text.trim()) return;
    const query = text.trim();
    await go(`/shop/search?q=${encodeURIComponent(query)}`);
    post("searched", { query }).then((standing) => changed(standing, "begin")).catch(() => undefined);
  }

  box.addEventListener("input", async () => {
    waiting?.abort();
    waiting = new AbortController();
    const typed = box.value;
    if (!typed.trim()) return show([]);
    try {
      const found = await get("suggest", { q: typed }, waiting.signal);
      if (box.value === typed && document.activeElement === box) show(found.suggestions);
    } catch {
      show([]);
    }
    return undefined;
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") show([]);
  });
  box.addEventListener("blur", () => show([]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(list.children[at]?.textContent ?? box.value);
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) {
      event.preventDefault();
      box.focus();
    }
  });
  return form;
}

/** A form for a new product, where whoever looks may put one on the shelf. */
function addForm() {
  const fields = ["title", "brand", "category", "price", "description"];
  const form = h("form", { class: "adding" },
    fields.map((name) => h("label", {}, h("span", {}, t(`add.${name}`)),
      h("input", { name, type: name === "price" ? "number" : "text", min: 0, step: "any", required: name === "title", maxlength: 300 }))),
    h("button", { class: "main" }, t("add.go")));
  const problem = h("p", { role: "alert" });
  const whole = h("details", { class: "add-item", hidden: true }, h("summary", {}, t("add")), h("p", { class: "quiet" }, t("add.text")), form, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(form));
    try {
      const made = await post("items", { ...said, price: said.price === "" ? null : Number(said.price) });
      form.reset();
      whole.open = false;
      problem.textContent = "";
      await go(`/shop/item?id=${encodeURIComponent(made.id)}`);
    } catch (error) {
      problem.textContent = excuse(error);
    }
  });
  follow(() => { whole.hidden = !me.may_add; });
  return whole;
}
