// For whom it works, and for whom not: what users did since the model was learned.

import { h } from "./dom.js";
import { post } from "./console-api.js";
import { figure, lines } from "./console-chart.js";
import { notice, section, tiles } from "./console-parts.js";
import { table } from "./console-table.js";
import { number, share, t } from "./console-words.js";

export async function whom() {
  const found = await post("served");
  if (!found.cases) return notice(t("whom.none"), "warn");
  const mean = (key) => found.users.reduce((sum, row) => sum + row[key] * row.cases, 0) / found.cases;
  return [
    found.cases < 100 ? notice(t("whom.few", { n: found.cases }), "warn") : null,
    tiles([
      { name: t("whom.cases"), value: number(found.cases), about: t("whom.cases.about") },
      { name: t("whom.share"), value: share(mean("share")), about: t("whom.share.about", { n: found.n }) },
      { name: t("whom.stranger"), value: share(mean("stranger")), about: t("whom.stranger.about") },
      { name: t("col.ndcg"), value: number(mean("ndcg"), 3) },
    ]),
    h("div", { class: "pair wide" }, curve("users", found.users), curve("items", found.items)),
  ];
}

function known(row) {
  if (row.to === null) return `${row.from}+`;
  return row.from === row.to ? String(row.from) : `${row.from}–${row.to}`;
}

function curve(name, rows) {
  const series = [
    { name: t("whom.own"), css: "line0", values: rows.map((row) => row.share) },
    { name: t("whom.everybody"), css: "line3", values: rows.map((row) => row.stranger) },
  ];
  const columns = [
    { key: "known", title: t("col.known"), value: (row) => row.from, show: known },
    { key: "cases", title: t("col.cases"), align: "right" },
    { key: "share", title: t("col.share20"), align: "right", show: (row) => share(row.share) },
    { key: "low", title: t("col.range"), align: "right", value: (row) => `${row.low} … ${row.high}`, show: (row) => `${share(row.low)} … ${share(row.high)}` },
    { key: "stranger", title: t("col.stranger"), align: "right", show: (row) => share(row.stranger) },
    { key: "ndcg", title: t("col.ndcg"), align: "right", show: (row) => number(row.ndcg, 3) },
  ];
  const drawing = lines(t(`whom.${name}`), rows.map(known), series);
  return section(t(`whom.${name}`), t(`whom.${name}.about`), figure(t(`whom.${name}`), drawing), table({ name: `served-${name}`, title: t(`whom.${name}`), columns, rows }));
}
