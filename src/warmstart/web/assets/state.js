// Who is here, and telling everybody when that changes.

import { get, post } from "./api.js";

export const me = { events: 0, cart: 0, visitors: 1, now: 0, may_add: false, learning: false, name: "", items: 0 };
const listeners = new Set();

/** Call `listener` after each change, until the returned function is called. */
export function follow(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Take in how things stand now, and tell. */
export function changed(standing, what = "") {
  Object.assign(me, standing);
  for (const listener of [...listeners]) listener(what);
}

let begun = null;

/** Ask once who is here; the first page asks for its rows meanwhile. */
export function begin() {
  begun ??= get("me").then((standing) => changed(standing, "begin")).catch(() => undefined);
  return begun;
}

const lists = new Map();

/** Remember from which list an item was taken: what is done to it from now on is that list's success. */
export function taken(item) {
  if (item.request_id) lists.set(item.id, { request_id: item.request_id, isClicked: false });
}

/** The list that an act counts for. Of coming back to a page by the browser's arrows none is a click. */
function listOf(kind, item_id) {
  const list = lists.get(item_id);
  if (!list || (kind === "click" && list.isClicked)) return null;
  list.isClicked ||= kind === "click";
  return list.request_id;
}

/** Do something to an item; it counts in the next answer. */
export async function act(kind, item_id) {
  const standing = await post("act", { act: kind, item_id, request_id: listOf(kind, item_id) });
  await begin(); // what was asked before must not come after it
  changed(standing, kind);
}

/** Say something to those who look, and to those who listen. */
export function say(text, ...extra) {
  const live = document.getElementById("live");
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.append(text, ...extra);
  live.replaceChildren(toast);
  setTimeout(() => toast.remove(), 6000);
}
