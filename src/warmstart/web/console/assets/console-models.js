// The models on the disk: candidate against running, promote, roll back.

import { h } from "./dom.js";
import { get, post } from "./console-api.js";
import { interval } from "./console-chart.js";
import { dialog, notice, section, tiles, waiting } from "./console-parts.js";
import { table } from "./console-table.js";
import { bytes, moment, named, number, t } from "./console-words.js";

export async function models() {
  const place = h("div", { class: "view" });
  const said = h("div", { "aria-live": "polite" });
  const draw = async () => place.replaceChildren(...shown(await get("models")));

  async function act(path, body, told) {
    await waiting(said, async () => {
      said.replaceChildren(h("p", { class: "quiet waiting" }, t("models.working")));
      const found = await post(path, body);
      await draw();
      return notice(told(found), "good");
    });
  }

  const refit = (force) => act("refit", { force }, (found) => t(found.promoted ? "models.promoted" : "models.kept", { version: found.version ?? "", why: fate(found.why) }));
  const back = () => act("rollback", {}, (found) => t("models.back", { version: found.version }));

  function sure(question, work) {
    const box = dialog(question, h("div", { class: "line" }, h("button", { type: "button", class: "main danger", onclick: () => { box.close(); work(); } }, t("sure")), h("button", { type: "button", class: "second", onclick: () => box.close() }, t("cancel"))));
  }

  function shown({ versions, model, last_refit: last }) {
    const older = versions.some((one) => !one.running && one.version < (versions.find((other) => other.running)?.version ?? ""));
    return [
      tiles([
        { name: t("models.running"), value: model.version || t("health.nomodel"), about: model.encoder?.name ?? "" },
        { name: t("models.items"), value: number(model.items) },
        { name: t("models.events"), value: number(model.events) },
        { name: t("models.since"), value: number(model.events_since_fit), about: t("models.since.about") },
      ]),
      h("div", { class: "line" }, h("button", { type: "button", class: "main", onclick: () => refit(false) }, t("models.refit")),
        h("button", { type: "button", class: "second", onclick: () => sure(t("models.force.sure"), () => refit(true)) }, t("models.force")),
        h("button", { type: "button", class: "second", disabled: !older, onclick: () => sure(t("models.rollback.sure"), back) }, t("models.rollback"))),
      last?.why ? candidate(last) : null,
      section(t("models.versions"), t("models.versions.about"), versionTable(versions)),
    ].filter(Boolean);
  }

  await draw();
  return [said, place];
}

/** Why it went so, in words where they are known. */
function fate(why) {
  return named("fate", why ?? "");
}

/** How the last candidate did, also where it did not take over. */
function candidate(last) {
  if (last.gain === null || last.gain === undefined) return notice(t("models.last", { why: fate(last.why) }));
  const facts = [
    { name: t("col.running"), value: number(last.running, 4) }, { name: t("col.candidate"), value: number(last.candidate, 4) },
    { name: t("col.gain"), value: number(last.gain, 4), about: `${t("col.range")}: ${number(last.low, 4)} … ${number(last.high, 4)}` },
    { name: t("col.cases"), value: number(last.cases), about: "nDCG@20" },
  ];
  const came = t(last.promoted ? "models.promoted" : "models.kept", { version: last.version ?? "", why: fate(last.why) });
  return section(t("models.candidate"), came, tiles(facts), h("div", { class: "big" }, interval(last.low, last.gain, last.high)));
}

function versionTable(rows) {
  const of = (name) => (row) => row.verdict?.[name] ?? null;
  const digits = (name) => ({ key: name, title: t(`col.${name}`), align: "right", value: of(name), show: (row) => number(of(name)(row) ?? NaN, 4) });
  const columns = [
    { key: "version", title: t("col.version"), show: (row) => h("span", {}, row.version, row.running ? h("span", { class: "badge" }, t("models.inforce")) : null) },
    { key: "saved_at", title: t("col.saved"), value: (row) => new Date(row.saved_at * 1000).toISOString(), show: (row) => moment(row.saved_at) },
    { key: "bytes", title: t("col.size"), align: "right", show: (row) => bytes(row.bytes) },
    { key: "cases", title: t("col.cases"), align: "right", value: of("cases"), show: (row) => number(of("cases")(row) ?? NaN) },
    digits("running"), digits("candidate"), digits("gain"),
    { key: "range", title: t("col.range"), value: (row) => (of("low")(row) === null ? "" : `${of("low")(row)} … ${of("high")(row)}`), show: range },
    { key: "why", title: t("col.why"), value: (row) => fate(of("why")(row)) },
  ];
  return table({ name: "models", title: t("models.versions"), columns, rows, empty: t("models.none") });
}

function range(row) {
  const verdict = row.verdict;
  if (!verdict || verdict.low === null || verdict.low === undefined) return "–";
  return h("span", { class: "ranged" }, interval(verdict.low, verdict.gain, verdict.high), `${number(verdict.low, 4)} … ${number(verdict.high, 4)}`);
}
