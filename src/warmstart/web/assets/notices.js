// What is shown instead of items: learning, empty, failed.

import { h } from "./dom.js";
import { t } from "./words.js";

export function notice(title, text, ...actions) {
  return h("section", { class: "notice" }, h("h1", {}, title), text ? h("p", {}, text) : null, ...actions);
}

/** What went wrong, for people. */
export function excuse(error) {
  if (!error.status) return t("error.offline");
  if (error.status === 429) return t("error.busy");
  return error.status === 422 ? t("error.unread") : error.message;
}

export function failed(error, retry) {
  return h("section", { class: "notice", role: "alert" },
    h("h1", {}, t("error.title")), h("p", {}, excuse(error)),
    h("button", { type: "button", class: "main", onclick: retry }, t("error.retry")));
}

/** Show `load()` in `main`, what it waits with before, and a way to try again where it fails. */
export async function shown(main, waiting, load, isCurrent) {
  main.replaceChildren(...waiting);
  main.setAttribute("aria-busy", "true");
  try {
    return await load();
  } catch (error) {
    if (error.name !== "AbortError" && isCurrent()) {
      main.replaceChildren(failed(error, () => shown(main, waiting, load, isCurrent)));
    }
    return undefined;
  } finally {
    if (isCurrent()) main.removeAttribute("aria-busy");
  }
}

/** The shop is being learned: look again until it is. */
export function learning(main, again, isCurrent) {
  main.replaceChildren(notice(t("learning.title"), t("learning.text"), h("div", { class: "pulse" })));
  setTimeout(() => isCurrent() && again(), 1500);
}
