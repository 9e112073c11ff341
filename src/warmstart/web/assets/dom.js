// Small tools for building pages. Text always becomes a text node, so nothing in a product can run.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm5 12 4.5 4.5",
  heart: "M12 20s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7.4 4.2 4.2 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z",
  cart: "M3 4h2.4l2.1 11h10l2-8H6.3M9 19.5h.01M16.5 19.5h.01",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
  spark: "M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2.5 2.5M15.5 15.5 18 18M18 6l-2.5 2.5M8.5 15.5 6 18",
  back: "M14 6l-6 6 6 6",
  check: "M5 12.5 10 17.5 19.5 7.5",
};

/** An element: h("a", {class: "x", href: "/", onclick: f}, "text", child, null). */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawn sign; it says nothing to a screen reader, so whatever holds it needs a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Text of a shop, in whatever direction it is written. */
export function told(tag, text, props = {}) {
  return h(tag, { dir: "auto", ...props }, text);
}

/** A number from a text, the same everywhere. */
export function hash(text) {
  let found = 2166136261;
  for (const letter of text) found = Math.imul(found ^ letter.codePointAt(0), 16777619);
  found = Math.imul(found ^ (found >>> 15), 2246822519);
  return (found ^ (found >>> 13)) >>> 0;
}

/** A picture of an item: its own, or a calm tile drawn from category and brand. */
export function picture(item) {
  if (item.image) return h("img", { class: "tile", src: item.image, alt: "", loading: "lazy" });
  const kind = item.categories.at(-1) ?? "";
  const seed = hash(item.id);
  const vars = {
    "--hue": hash(kind || item.brand || item.id) % 360,
    "--x": `${15 + (seed % 70)}%`,
    "--y": `${20 + ((seed >>> 7) % 60)}%`,
    "--size": `${55 + ((seed >>> 13) % 45)}%`,
    "--turn": `${(seed >>> 5) % 180}deg`,
  };
  const shape = ["round", "arch", "leaf"][(seed >>> 3) % 3];
  return h(
    "div",
    { class: `tile drawn ${shape}`, "aria-hidden": "true", vars },
    h("span", { class: "initials" }, initials(item.brand || kind || item.title)),
    kind ? told("span", kind, { class: "kind" }) : null,
  );
}

/** One or two letters that stand for a name. */
export function initials(name) {
  const words = name.trim().split(/[\s·&'’-]+/u).filter(Boolean);
  if (!words.length) return "·";
  if (/\p{Script=Han}/u.test(words[0])) return [...words[0]].slice(0, 2).join("");
  if (words.length === 1 && [...words[0]].length <= 3) return words[0].toLocaleUpperCase();
  return words.slice(0, 2).map((word) => [...word][0].toLocaleUpperCase()).join("");
}

/** Whether movement is unwelcome. */
export function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Replace what `parent` holds by `change`, and keep the keyboard where it was: at the same control of the same element,
 *  else of the one that took its place. */
export function keepFocus(parent, change) {
  const at = document.activeElement;
  const whole = at && parent.contains(at) ? at.closest("[data-id]") : null;
  const place = whole ? [...parent.querySelectorAll("[data-id]")].indexOf(whole) : -1;
  const kind = whole ? `${at.tagName.toLowerCase()}${[...at.classList].map((name) => `.${CSS.escape(name)}`).join("")}` : "";
  change();
  if (!whole || parent.contains(document.activeElement)) return;
  const now = [...parent.querySelectorAll("[data-id]")];
  const next = now.find((element) => element.dataset.id === whole.dataset.id) ?? now[Math.min(place, now.length - 1)];
  const control = next?.querySelector(kind) ?? next?.querySelector("a:not([tabindex]), button");
  if (control) control.focus({ preventScroll: true });
  else {
    const heading = parent.closest("section, aside")?.querySelector("h1, h2, h3");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }
}

/** Let elements that keep their `data-id` glide from where they stood to where they stand after `change`. */
export function glide(parent, change) {
  const before = new Map();
  for (const element of parent.querySelectorAll("[data-id]")) before.set(element.dataset.id, element.getBoundingClientRect());
  keepFocus(parent, change);
  if (isCalm()) return;
  for (const element of parent.querySelectorAll("[data-id]")) {
    const then = before.get(element.dataset.id);
    const now = element.getBoundingClientRect();
    if (!then) {
      if (before.size) element.animate([{ opacity: 0, transform: "scale(.94)" }, { opacity: 1, transform: "none" }], { duration: 320, easing: "ease-out" });
    } else if (then.left !== now.left || then.top !== now.top) {
      const move = `translate(${then.left - now.left}px, ${then.top - now.top}px)`;
      element.animate([{ transform: move }, { transform: "none" }], { duration: 420, easing: "cubic-bezier(.2,.8,.2,1)" });
    }
  }
}
