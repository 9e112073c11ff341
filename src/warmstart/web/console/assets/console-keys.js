// Keys, and what administrators did.

import { h } from "./dom.js";
import { get, post } from "./console-api.js";
import { dialog, field, notice, section, waiting } from "./console-parts.js";
import { table } from "./console-table.js";
import { moment, number, t } from "./console-words.js";

export async function keys() {
  const place = h("div");
  const said = h("div", { "aria-live": "polite" });
  const name = h("input", { type: "text", maxlength: 200, placeholder: t("keys.name.example") });
  const days = h("input", { type: "number", min: 1, max: 3650, placeholder: t("keys.forever") });
  const scopes = ["read", "write", "admin"].map((scope) => h("label", { class: "check" }, h("input", { type: "checkbox", value: scope, checked: scope === "read" }), t(`scope.${scope}`)));

  async function draw() {
    const { keys: rows } = await get("keys");
    place.replaceChildren(listed(rows));
  }

  function listed(rows) {
    const end = (row) => row.key_id === "environment" ? h("span", { class: "quiet" }, t("keys.fromsettings"))
      : h("button", { type: "button", class: "second small", "aria-label": `${t("keys.revoke")}: ${row.name || row.key_id}`, onclick: () => sure(row) }, t("keys.revoke"));
    const columns = [
      { key: "name", title: t("col.name") }, { key: "key_id", title: t("col.id") },
      { key: "scopes", title: t("col.scopes"), value: (row) => row.scopes.join(", ") },
      { key: "rate", title: t("col.rate"), align: "right", show: (row) => (row.rate ? number(row.rate, 1) : "–") },
      { key: "created_at", title: t("col.made"), value: (row) => new Date(row.created_at * 1000).toISOString(), show: (row) => moment(row.created_at) },
      { key: "expires_at", title: t("col.ends"), show: (row) => (row.expires_at ? moment(row.expires_at) : t("keys.never")) },
      { key: "end", title: t("col.do"), value: () => "", show: end },
    ];
    return table({ name: "keys", title: t("view.keys"), columns, rows, empty: t("keys.none") });
  }

  function sure(row) {
    const box = dialog(t("keys.sure", { name: row.name || row.key_id }), h("p", {}, t("keys.sure.about")), h("div", { class: "line" },
      h("button", { type: "button", class: "main danger", onclick: async () => { box.close(); await waiting(said, async () => { await post("keys/revoke", { key_id: row.key_id }); await draw(); return notice(t("keys.revoked"), "good"); }); } }, t("keys.revoke")),
      h("button", { type: "button", class: "second", onclick: () => box.close() }, t("cancel"))));
  }

  async function create(event) {
    event.preventDefault();
    const chosen = scopes.map((label) => label.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
    const body = { name: name.value, scopes: chosen, ...(days.value && { expires_at: Date.now() / 1000 + 86400 * Number(days.value) }) };
    await waiting(said, async () => {
      const made = await post("keys", body);
      await draw();
      return h("div", { class: "notice good" }, h("p", {}, t("keys.once")), h("code", { class: "secret" }, made.secret));
    });
  }

  const form = h("form", { class: "inline", onsubmit: create }, field(t("keys.name"), name), field(t("keys.days"), days),
    h("fieldset", {}, h("legend", {}, t("keys.scopes")), scopes), h("button", { class: "main" }, t("keys.create")));
  await draw();
  return [section(t("keys.new"), t("keys.new.about"), form, said), section(t("keys.all"), null, place)];
}

export async function audit() {
  const { entries } = await get("audit");
  const columns = [
    { key: "number", title: t("col.number"), align: "right" },
    { key: "at", title: t("col.when"), value: (row) => new Date(row.at * 1000).toISOString(), show: (row) => moment(row.at) },
    { key: "action", title: t("col.action") }, { key: "key_id", title: t("col.key") },
    { key: "facts", title: t("col.facts"), value: (row) => Object.entries(row.facts).map(([name, value]) => `${name}: ${value}`).join(" · ") },
  ];
  return section(t("view.audit"), null, table({ name: "audit", title: t("view.audit"), columns, rows: entries, sort: { key: "number", down: true }, empty: t("audit.none") }));
}
