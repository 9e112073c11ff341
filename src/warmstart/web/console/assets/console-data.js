// What the catalogue lacks, and where its events lie.

import { h, told } from "./dom.js";
import { get } from "./console-api.js";
import { bars, figure } from "./console-chart.js";
import { dialog, notice, section, tiles } from "./console-parts.js";
import { paged } from "./console-paged.js";
import { table } from "./console-table.js";
import { moment, named, number, share, t } from "./console-words.js";

export async function data() {
  const found = await get("quality");
  if (!found.items) return notice(t("data.none"), "warn");
  const { events } = found;
  return [
    tiles([
      { name: t("data.items"), value: number(found.items), about: t("data.available", { n: number(found.available) }) },
      { name: t("data.events"), value: number(events.total) },
      { name: t("data.cold"), value: share(events.cold / found.items), about: t("data.cold.about", { n: number(events.cold) }) },
      { name: t("data.gini"), value: number(events.gini ?? NaN, 2), about: t("data.gini.about") },
      { name: t("data.twins"), value: number(found.twins.items), about: t("data.twins.about") },
    ]),
    missing(found), await catalogue(), h("div", { class: "pair" }, tail(events), twins(found)), cold(found),
  ];
}

async function catalogue() {
  const columns = [
    { key: "title", title: t("col.item") }, { key: "brand", title: t("col.brand") }, { key: "category", title: t("col.category") },
    { key: "price", title: t("col.price"), align: "right", show: (row) => number(row.price, 2) },
    { key: "events", title: t("col.events"), align: "right", show: (row) => number(row.events) },
    { key: "created_at", title: t("col.made"), align: "right", show: (row) => moment(row.created_at) },
    { key: "item_id", title: t("col.id") },
  ];
  return section(t("data.catalogue"), t("data.catalogue.about"), await paged({ path: "catalogue", title: t("data.catalogue"), columns, sort: "events" }));
}

const ITEM = () => [{ key: "title", title: t("col.item") }, { key: "brand", title: t("col.brand") }, { key: "id", title: t("col.id") }];

function missing({ missing: rows }) {
  const look = (row) => h("button", { type: "button", class: "link", disabled: !row.items, onclick: () => dialog(named("field", row.field), h("p", { class: "quiet" }, t("data.examples", { n: row.examples.length, all: number(row.items) })), table({ name: `without-${row.field}`, title: row.field, columns: ITEM(), rows: row.examples })) }, named("field", row.field));
  const columns = [
    { key: "field", title: t("col.field"), value: (row) => named("field", row.field), show: look },
    { key: "items", title: t("col.lacking"), align: "right", show: (row) => number(row.items) },
    { key: "share", title: t("col.share"), align: "right", show: (row) => share(row.share) },
  ];
  const drawn = bars(rows.map((row) => ({ name: named("field", row.field), value: row.share, shown: share(row.share) })));
  return section(t("data.missing"), t("data.missing.about"), h("div", { class: "pair" }, figure(t("data.missing"), drawn), table({ name: "missing", title: t("data.missing"), columns, rows })));
}

function tail({ shares }) {
  if (!shares.length) return section(t("data.tail"), t("data.noevents"));
  const rows = shares.map((row) => ({ name: t("data.top", { share: share(row.top, 0) }), value: row.share, shown: share(row.share) }));
  const columns = [{ key: "name", title: t("col.items") }, { key: "value", title: t("col.eventshare"), align: "right", show: (row) => row.shown }];
  return section(t("data.tail"), t("data.tail.about"), figure(t("data.tail"), bars(rows), table({ name: "tail", title: t("data.tail"), columns, rows })));
}

function twins({ twins: same }) {
  const rows = same.examples;
  const about = `${t("data.twins.why")} ${same.titles > rows.length ? t("data.twins.some", { n: number(rows.length), all: number(same.titles) }) : ""}`;
  const columns = [
    { key: "title", title: t("col.title"), show: (row) => told("span", row.title) },
    { key: "items", title: t("col.items"), align: "right" },
    { key: "ids", title: t("col.ids") },
  ];
  return section(t("data.twins"), about, table({ name: "duplicates", title: t("data.twins"), columns, rows, most: 10, empty: t("data.twins.none") }));
}

function cold({ cold: rows, events }) {
  return section(t("data.coldlist"), t("data.coldlist.about", { n: rows.length, all: number(events.cold) }), table({ name: "cold", title: t("data.coldlist"), columns: ITEM(), rows, most: 10 }));
}
