// The console: who is logged in, which view is open.

import { h } from "./dom.js";
import { get, post } from "./console-api.js";
import { field, notice, waiting } from "./console-parts.js";
import { language, t } from "./console-words.js";
import { overview } from "./console-overview.js";
import { searchLab } from "./console-search.js";
import { userLab } from "./console-users.js";
import { whom } from "./console-whom.js";
import { data } from "./console-data.js";
import { models } from "./console-models.js";
import { reports } from "./console-reports.js";
import { audit, keys } from "./console-keys.js";

const VIEWS = { "": overview, search: searchLab, users: userLab, whom, reports, data, models, keys, audit };
const ASKING = new Set(["search", "users", "whom"]); // of a model
const top = document.getElementById("top");
const main = document.getElementById("main");

function view() {
  return location.pathname.replace(/^\/console\/?/, "").replace(/\/$/, "");
}

function head(me) {
  const links = Object.keys(VIEWS).map((name) => h("a", { href: `/console${name ? `/${name}` : ""}`, "aria-current": name === view() ? "page" : null }, t(`view.${name || "overview"}`)));
  const theme = h("button", { type: "button", class: "plain", onclick: turn }, t("theme"));
  const other = language === "zh" ? "en" : "zh";
  const speak = h("a", { class: "plain", href: `?lang=${other}`, lang: other }, t("language"));
  const out = me && !me.open ? h("button", { type: "button", class: "plain", onclick: leave }, t("logout")) : null;
  top.replaceChildren(
    h("a", { class: "logo", href: "/console" }, h("img", { src: new URL("icon.svg", import.meta.url), alt: "", width: 28, height: 28 }), t("name")),
    me ? h("nav", { "aria-label": t("views") }, links) : h("span", { class: "gap" }),
    h("div", { class: "doors" }, me ? h("span", { class: "quiet tenant" }, me.tenant) : null, theme, speak, out));
}

/** On a phone the views are wider than the page: the one that is open is to be seen. */
function reveal() {
  top.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
}

function turn() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("warmstart-theme", document.documentElement.dataset.theme);
}

async function leave() {
  await post("logout");
  start();
}

function login() {
  head(null);
  const said = h("div", { "aria-live": "assertive" });
  const input = h("input", { type: "password", name: "key", autocomplete: "current-password", required: true, autofocus: true });
  const form = h("form", {
    class: "login panel",
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        await post("login", { key: input.value });
        start();
      } catch (error) {
        const key = { 401: "login.wrong", 403: "login.notadmin", 429: "login.often" }[error.status];
        said.replaceChildren(notice(key ? t(key) : t("error", { why: error.message }), "bad"));
        input.select();
      }
    },
  }, h("h1", {}, t("login.title")), h("p", { class: "quiet" }, t("login.about")), field(t("login.key"), input), said, h("button", { class: "main" }, t("login.enter")));
  main.replaceChildren(form);
  input.focus();
  document.documentElement.dataset.ready = "";
}

function missing(me) {
  head(me);
  document.title = `${t("missing")} · ${t("title")}`;
  main.replaceChildren(h("h1", {}, t("missing")), h("p", { class: "lead" }, t("missing.about", { path: location.pathname })), h("p", {}, h("a", { class: "second small", href: "/console" }, t("missing.back"))));
  document.documentElement.dataset.ready = "";
}

async function open(me) {
  const name = view();
  if (!Object.hasOwn(VIEWS, name)) return missing(me);
  head(me);
  reveal();
  delete document.documentElement.dataset.ready;
  document.title = `${t(`view.${name || "overview"}`)} · ${t("title")}`;
  const place = h("div", { class: "view" });
  main.replaceChildren(h("h1", {}, t(`view.${name || "overview"}`)), h("p", { class: "lead" }, t(`about.${name || "overview"}`)), place);
  await waiting(place, () => (me.learned || !ASKING.has(name) ? VIEWS[name]() : notice(t("alert.no_model"), "warn")));
  document.documentElement.dataset.ready = "";
  return undefined;
}

async function start() {
  let me;
  try {
    ({ me } = await get("session"));
  } catch (error) {
    head(null);
    main.replaceChildren(notice(error.status === 0 ? t("error.away") : t("error", { why: error.message }), "bad"));
    return undefined;
  }
  return me ? open(me) : login();
}

addEventListener("console-ended", () => { if (main.querySelector(".view")) login(); });
start();
