// A table that the service sorts, filters and exports, for what is too much for a page.

import { h, told } from "./dom.js";
import { get } from "./console-api.js";
import { notice } from "./console-parts.js";
import { number, t } from "./console-words.js";

const PAGE = 25;

/** `path` answers {rows, found} to {q, sort, down, offset, n}, and `path`.csv all of them; columns as in `table`. */
export function paged({ path, title, columns, sort, empty = t("table.none") }) {
  const state = { q: "", sort, down: true, offset: 0 };
  const body = h("tbody");
  const count = h("span", { class: "quiet", role: "status" });
  const back = h("button", { type: "button", class: "second small", onclick: () => turn(-PAGE) }, t("table.back"));
  const next = h("button", { type: "button", class: "second small", onclick: () => turn(PAGE) }, t("table.next"));
  const save = h("a", { class: "second small", download: "" }, t("table.export"));
  const heads = columns.map((column) => h("th", { scope: "col", class: column.align ?? null, "data-key": column.key },
    h("button", { type: "button", class: "sorter", onclick: () => order(column) }, column.title)));
  let timer = 0;
  let asked = 0;
  const filter = h("input", {
    type: "search", placeholder: t("table.filter"), "aria-label": `${t("table.filter")}: ${title}`, maxlength: 200,
    oninput: () => { clearTimeout(timer); timer = setTimeout(() => { state.q = filter.value; state.offset = 0; draw(); }, 200); },
  });

  function order(column) {
    state.down = state.sort === column.key ? !state.down : column.align === "right";
    state.sort = column.key;
    state.offset = 0;
    draw();
  }

  function turn(by) {
    state.offset = Math.max(0, state.offset + by);
    draw();
  }

  async function draw() {
    const mine = (asked += 1);
    let found;
    try {
      found = await get(path, { ...state, n: PAGE });
    } catch (error) {
      if (error.status !== 401) body.replaceChildren(h("tr", {}, h("td", { colspan: columns.length }, notice(error.status ? error.message : t("error.away"), "bad"))));
      return;
    }
    if (mine !== asked) return;
    for (const cell of heads) {
      if (cell.dataset.key === state.sort) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    body.replaceChildren(...found.rows.map(line));
    if (!found.rows.length) body.append(h("tr", {}, h("td", { colspan: columns.length, class: "quiet" }, empty)));
    const last = state.offset + found.rows.length;
    count.textContent = found.found ? t("table.range", { from: number(state.offset + 1), to: number(last), all: number(found.found) }) : "";
    back.disabled = state.offset === 0;
    next.disabled = last >= found.found;
    save.href = `/console/api/${path}.csv?${new URLSearchParams({ q: state.q, sort: state.sort, down: state.down })}`;
  }

  function line(row) {
    return h("tr", {}, columns.map((column) => {
      const value = column.show ? column.show(row) : row[column.key] ?? "";
      return told("td", value === "" || value === null ? "–" : String(value), { class: column.align ?? null });
    }));
  }

  const whole = h("div", { class: "tabled" }, h("div", { class: "tools" }, filter, count, save),
    h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": title },
      h("table", {}, h("caption", { class: "unseen" }, title), h("thead", {}, h("tr", {}, heads)), body)),
    h("div", { class: "line" }, back, next));
  return draw().then(() => whole);
}
