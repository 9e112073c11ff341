// How the shop does, and what somebody should look at.

import { h } from "./dom.js";
import { get } from "./console-api.js";
import { bars, figure, lines } from "./console-chart.js";
import { notice, section, tiles } from "./console-parts.js";
import { table } from "./console-table.js";
import { ms, named, number, share, t } from "./console-words.js";

export async function overview() {
  const found = await get("overview");
  return [alerts(found), numbers(found), scenarios(found), days(found), h("div", { class: "pair" }, taken(found), drift(found)), routes(found), health(found)];
}

function alerts(found) {
  if (!found.alerts.length) return notice(t("alert.none"), "good");
  return h("ul", { class: "alerts" }, found.alerts.map((alert) => {
    const value = alert.key === "slow" ? ms(alert.value) : alert.key === "drift" ? number(alert.value, 2) : share(alert.value);
    return h("li", {}, notice(t(`alert.${alert.key}`, { about: about(alert), value }), alert.key === "errors" ? "bad" : "warn"));
  }));
}

function about(alert) {
  if (alert.key === "drift") return named("drift.of", alert.about);
  return named("scenario", alert.about);
}

function numbers({ scenarios: rows, latency, model, shown }) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  const answers = sum("answers");
  const ratio = (part, whole) => (whole ? part / whole : null);
  const { slowest } = latency;
  const slow = slowest ? t("tile.p95.about", { n: number(latency.questions), route: slowest.route, slowest: ms(slowest.p95) }) : t("tile.p95.none");
  return tiles([
    { name: t("tile.answers"), value: number(answers), about: t("tile.since") },
    { name: t("tile.ctr"), value: share(ratio(sum("click"), sum("impression"))), about: t("tile.ctr.about", { n: number(sum("impression")) }) },
    { name: t("tile.conversion"), value: share(ratio(sum("purchase"), sum("click"))), about: t("tile.conversion.about", { n: number(sum("click")) }) },
    { name: t("tile.cold"), value: share(ratio(sum("cold"), answers)), about: t("tile.cold.about") },
    { name: t("tile.empty"), value: share(ratio(sum("empty"), answers)), about: t("tile.empty.about") },
    { name: t("tile.p95"), value: ms(latency.p95), about: slow },
    { name: t("tile.coverage"), value: share(model.items ? shown / model.items : null), about: t("tile.coverage.about", { n: number(shown), all: number(model.items) }) },
    { name: t("tile.items"), value: number(model.items ?? 0), about: t("tile.items.about", { users: number(model.users), events: number(model.events) }) },
  ]);
}

function scenarios({ scenarios: rows }) {
  const right = "right";
  const columns = [
    { key: "scenario", title: t("col.scenario"), show: (row) => named("scenario", row.scenario) },
    ...["answers", "cold_share", "empty_share", "impression", "click", "add_to_cart", "purchase", "ctr", "conversion"].map((key) => ({
      key, title: t(`col.${key}`), align: right,
      show: (row) => (key.endsWith("share") || key === "ctr" || key === "conversion" ? share(row[key]) : number(row[key])),
    })),
  ];
  return section(t("scenarios"), t("scenarios.about"), table({ name: "scenarios", title: t("scenarios"), columns, rows, empty: t("scenarios.none") }));
}

function days({ days: { rows, earlier, until } }) {
  if (!rows.length) return section(t("days"), t("days.none"));
  const before = earlier ? ` ${t("days.earlier", { n: number(earlier), until })}` : "";
  const about = `${t("days.about", { n: number(rows.length), from: rows[0].day, to: rows.at(-1).day })}${before}`;
  const acts = ["all", "view", "click", "add_to_cart", "purchase"].filter((act) => act === "all" || rows.some((row) => row[act]));
  const series = acts.map((act, i) => ({ name: named("act", act), css: `line${i}`, values: rows.map((row) => row[act]) }));
  const columns = [{ key: "day", title: t("col.day") }, ...acts.map((act) => ({ key: act, title: named("act", act), align: "right", show: (row) => number(row[act]) }))];
  const numbers = table({ name: "days", title: t("days"), columns, rows, sort: { key: "day", down: true } });
  if (rows.length < 2) return section(t("days"), about, numbers);
  return section(t("days"), about, figure(t("days"), lines(t("days"), rows.map((row) => row.day), series, { wide: 1200 }), numbers));
}

function taken({ events }) {
  const rows = events.map((row) => ({ name: named("act", row.name), value: row.value }));
  const columns = [{ key: "name", title: t("col.event") }, { key: "value", title: t("col.count"), align: "right", show: (row) => number(row.value) }];
  const drawn = rows.length ? figure(t("taken"), bars(rows.slice(0, 8)), table({ name: "events", title: t("taken"), columns, rows })) : h("p", { class: "quiet" }, t("taken.none"));
  return section(t("taken"), t("tile.since"), drawn);
}

function drift({ drift: rows }) {
  const columns = [
    { key: "name", title: t("col.of"), value: (row) => named("drift.of", row.name) },
    { key: "value", title: t("col.drift"), align: "right", show: (row) => number(row.value, 3) },
    { key: "means", title: t("col.means"), value: (row) => t(row.value > 0.25 ? "drift.much" : row.value > 0.1 ? "drift.some" : "drift.none") },
  ];
  return section(t("drift"), t("drift.about"), table({ name: "drift", title: t("drift"), columns, rows, empty: t("drift.few") }));
}

function routes({ routes: rows }) {
  const columns = [
    { key: "route", title: t("col.route") },
    { key: "requests", title: t("col.requests"), align: "right", show: (row) => number(row.requests) },
    { key: "errors", title: t("col.errors"), align: "right", show: (row) => number(row.errors) },
    { key: "p50", title: t("col.p50"), align: "right", show: (row) => ms(row.p50) },
    { key: "p95", title: t("col.p95"), align: "right", show: (row) => ms(row.p95) },
  ];
  return section(t("routes"), t("routes.about"), table({ name: "routes", title: t("routes"), columns, rows, most: 12 }));
}

function health({ health: now, store, model }) {
  const rows = [
    [t("health.ready"), now.ready ? t("yes") : t("no")], [t("health.waiting"), number(now.waiting)],
    [t("health.model"), model.version || t("health.nomodel")], [t("health.encoder"), model.encoder?.name ?? "–"],
    [t("health.since"), number(model.events_since_fit)],
    ...Object.entries(store.records).map(([kind, n]) => [t("health.records", { kind }), number(n)]),
    ...Object.entries(store.logs).map(([log, n]) => [t("health.log", { log }), number(n)]),
  ].map(([name, value]) => ({ name, value }));
  const columns = [{ key: "name", title: t("col.fact") }, { key: "value", title: t("col.value"), align: "right" }];
  return section(t("health"), null, table({ name: "health", title: t("health"), columns, rows }));
}
