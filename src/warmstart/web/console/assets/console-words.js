// What the console says, in the language that the server chose.

export const language = document.documentElement.dataset.language;
const words = await (await fetch(new URL(`console-words.${language}.json`, import.meta.url))).json();

/** A sentence with its blanks filled: t("alert.slow", {about: "…"}). A key without words stands for itself. */
export function t(key, blanks = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(blanks[name] ?? ""));
}

/** Words for a name that came from the shop, or the name itself: named("part", "lexical"). */
export function named(group, name) {
  return words[`${group}.${name}`] ?? name;
}

const locale = document.documentElement.lang;

export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function share(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }).format(value);
}

export function ms(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  return `${number(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`;
}

export function moment(seconds) {
  if (!seconds) return "–";
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(seconds * 1000));
}

export function bytes(value) {
  const mega = value / 1e6;
  return mega < 1 ? `${number(value / 1e3)} kB` : `${number(mega, mega < 10 ? 1 : 0)} MB`;
}
