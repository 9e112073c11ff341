// Addresses and views: links change the view without loading the page anew.

import { h } from "./dom.js";

const views = new Map();
let leave = null;
let number = 0;

export function view(path, show) {
  views.set(path, show);
}

/** A link within the shop. */
export function link(href, props, ...children) {
  return h("a", { href, ...props }, ...children);
}

export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({ ours: true }, "", href);
  return render();
}

/** Show the view of the address. A view gives back how to leave it, or nothing. */
export async function render({ top = true } = {}) {
  const show = views.get(location.pathname.replace(/\/$/, "") || "/shop") ?? views.get("missing");
  const mine = ++number;
  if (leave) leave();
  leave = null;
  const main = document.getElementById("main");
  const params = new URLSearchParams(location.search);
  if (top) scrollTo(0, 0);
  const done = await show(main, params, () => mine === number);
  if (mine === number) leave = done ?? null;
  else if (done) done();
}

export function start() {
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[href^='/shop']");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!anchor || !plain || anchor.hasAttribute("data-full")) return;
    event.preventDefault();
    go(anchor.getAttribute("href"));
  });
  addEventListener("popstate", () => render());
  return render();
}
