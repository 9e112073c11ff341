// What the page says, in the language that the server chose.

export const language = document.documentElement.dataset.language;
const words = await (await fetch(new URL(`words.${language}.json`, import.meta.url))).json();

/** A sentence with its blanks filled: t("row.because", {title: "…"}). */
export function t(key, blanks = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(blanks[name] ?? ""));
}

export function has(key) {
  return key in words;
}

/** A price as people here write it; nothing where there is none. */
export function price(value, currency) {
  if (value === null || value === undefined) return "";
  const plain = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    if (currency) {
      const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
      return new Intl.NumberFormat(document.documentElement.lang, style).format(value);
    }
  } catch {
    // a currency that nobody registered is written as it came
  }
  const number = new Intl.NumberFormat(document.documentElement.lang, plain).format(value);
  return currency ? `${number} ${currency}` : number;
}

export function number(value, digits = 2) {
  return new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** What was understood of a sentence, from the warnings of an answer; empty where it set no limits. */
export function understood(warnings) {
  const parts = (warnings ?? []).filter((text) => text.startsWith("understood:")).map((text) => text.slice(11));
  const said = parts.map((part) => {
    if (part.startsWith("without ")) return t("understood.without", { x: part.slice(8) });
    if (!part.startsWith("price ")) return part;
    const x = part.slice(6).replace(/at least|at most|above|below/g, (bound) => t(`understood.${bound}`));
    return t("understood.price", { x });
  });
  return said.length ? t("understood", { what: said.join(" · ") }) : "";
}
