// A table that sorts, filters and exports.

import { h, told } from "./dom.js";
import { number, t } from "./console-words.js";

let made = 0;

/**
 * A table of `rows`. A column is {key, title, value(row), show(row), align}: `value` is what is sorted, filtered
 * and exported (by default row[key]), `show` what stands in the cell (by default the value as text).
 */
export function table({ name, title, columns, rows, sort = null, most = 100, empty = t("table.none") }) {
  const id = `table-${(made += 1)}`;
  const state = { key: sort?.key ?? null, down: sort?.down ?? false, words: "", most };
  const valueOf = (column, row) => (column.value ? column.value(row) : row[column.key]);
  const body = h("tbody");
  const count = h("span", { class: "quiet", role: "status" });
  const more = h("button", { type: "button", class: "second small", onclick: () => { state.most *= 4; draw(); } }, t("table.more"));
  const heads = columns.map((column) => head(column));
  const filter = h("input", {
    type: "search", id: `${id}-filter`, placeholder: t("table.filter"), "aria-label": `${t("table.filter")}: ${title}`,
    oninput: (event) => { state.words = event.target.value.toLowerCase(); draw(); },
  });

  function head(column) {
    const button = h("button", { type: "button", class: "sorter", onclick: () => turn(column) }, column.title);
    return h("th", { scope: "col", class: column.align === "right" ? "right" : null, "data-key": column.key }, button);
  }

  function turn(column) {
    state.down = state.key === column.key ? !state.down : column.align === "right";
    state.key = column.key;
    draw();
  }

  function chosen() {
    const words = state.words.split(/\s+/).filter(Boolean);
    const text = (row) => columns.map((column) => plain(valueOf(column, row))).join(" ").toLowerCase();
    const kept = words.length ? rows.filter((row) => words.every((word) => text(row).includes(word))) : [...rows];
    const column = columns.find((one) => one.key === state.key);
    if (!column) return kept;
    const sign = state.down ? -1 : 1;
    return kept.sort((a, b) => sign * compare(valueOf(column, a), valueOf(column, b)));
  }

  function draw() {
    const kept = chosen();
    for (const cell of heads) {
      const own = cell.dataset.key === state.key;
      if (own) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    body.replaceChildren(...kept.slice(0, state.most).map((row) => line(row)));
    if (!kept.length) body.append(h("tr", {}, h("td", { colspan: columns.length, class: "quiet" }, empty)));
    more.hidden = kept.length <= state.most;
    count.textContent = kept.length === rows.length ? t("table.count", { n: number(rows.length) }) : t("table.of", { n: number(kept.length), all: number(rows.length) });
  }

  function line(row) {
    return h("tr", {}, columns.map((column) => {
      const shown = column.show ? column.show(row) : plain(valueOf(column, row));
      const props = { class: column.align === "right" ? "right" : null, "data-title": column.title };
      return shown instanceof Node ? h("td", props, shown) : told("td", shown === "" ? "–" : String(shown), props);
    }));
  }

  const save = h("button", { type: "button", class: "second small", onclick: () => download(`${name}.csv`, csv(columns, chosen(), valueOf)) }, t("table.export"));
  draw();
  return h("div", { class: "tabled", id },
    h("div", { class: "tools" }, filter, count, save),
    h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": title },
      h("table", {}, h("caption", { class: "unseen" }, title), h("thead", {}, h("tr", {}, heads)), body)),
    more);
}

function plain(value) {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(" · ") : String(value);
}

function compare(a, b) {
  const lacks = (value) => value === null || value === undefined || value === "";
  if (lacks(a) || lacks(b)) return lacks(a) - lacks(b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return plain(a).localeCompare(plain(b), document.documentElement.lang, { numeric: true });
}

/** Text that spreadsheets read as it is: a cell that begins like a formula gets an apostrophe (OWASP). */
function csv(columns, rows, valueOf) {
  const cell = (value) => {
    const text = plain(value);
    const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  const lines = [columns.map((column) => cell(column.title)), ...rows.map((row) => columns.map((column) => cell(valueOf(column, row))))];
  return `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
