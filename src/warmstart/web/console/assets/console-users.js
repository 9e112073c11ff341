// Somebody's events played again, one by one: what was shown after each, what changed, and why.

import { glide, h, told } from "./dom.js";
import { get, post } from "./console-api.js";
import { figure, lines } from "./console-chart.js";
import { dialog, field, itemLine, reasonBars, reasonName, section, waiting } from "./console-parts.js";
import { table } from "./console-table.js";
import { moment, named, number, share, t } from "./console-words.js";

const ACTS = ["view", "click", "add_to_cart", "purchase", "like", "dislike"];

export async function userLab() {
  const asked = new URLSearchParams(location.search);
  const state = { user: asked.get("user") ?? "", acts: [], found: null, at: 0, left: [] };
  const search = h("input", { type: "search", placeholder: t("users.filter"), maxlength: 200, oninput: () => later(people) });
  const chosen = h("div", { class: "people" });
  const items = h("input", { type: "search", dir: "auto", placeholder: t("users.item"), maxlength: 200, oninput: () => later(offers) });
  const act = h("select", {}, ACTS.map((name) => h("option", { value: name, selected: name === "click" }, named("act", name))));
  const offered = h("ul", { class: "offered" });
  const invented = h("ol", { class: "invented" });
  const played = h("div", { class: "played" });
  let timer = 0;

  function later(work) {
    clearTimeout(timer);
    timer = setTimeout(work, 200);
  }

  async function people() {
    await waiting(chosen, async () => {
      const { users } = await get("users", { q: search.value });
      const columns = [
        { key: "id", title: t("col.user"), show: (row) => h("button", { type: "button", class: "link", "aria-pressed": String(row.id === state.user), onclick: () => pick(row.id) }, row.id) },
        { key: "events", title: t("col.events"), align: "right", show: (row) => number(row.events) },
      ];
      return users.length ? table({ name: "users", title: t("users.pick"), columns, rows: users, most: 8 }) : h("p", { class: "quiet" }, t("users.none"));
    });
  }

  async function offers() {
    await waiting(offered, async () => (await get("items", { q: items.value })).items.slice(0, 6).map((item) => h("li", {}, itemLine(item),
      h("button", { type: "button", class: "second small", "aria-label": `${t("users.add")}: ${item.title}`, onclick: () => add(item) }, t("users.add")))));
  }

  function pick(id) {
    state.user = id;
    state.acts = [];
    play(true);
  }

  function add(item) {
    state.acts.push({ act: act.value, item_id: item.id, title: item.title });
    play(true);
  }

  function person() {
    return { ...(state.user && { user_id: state.user }), acts: state.acts.map(({ act: did, item_id }) => ({ act: did, item_id })) };
  }

  function invention() {
    invented.replaceChildren(...state.acts.map((one, i) => h("li", {}, told("span", `${named("act", one.act)} · ${one.title}`),
      h("button", { type: "button", class: "second small", "aria-label": `${t("users.remove")}: ${one.title}`, onclick: () => { state.acts.splice(i, 1); play(true); } }, t("users.remove")))));
  }

  async function play(toEnd) {
    invention();
    history.replaceState(null, "", state.user ? `?user=${encodeURIComponent(state.user)}` : location.pathname);
    await waiting(played, async () => {
      state.found = await post("replay", { ...person(), n: 10 });
      state.at = toEnd ? state.found.steps.length - 1 : Math.min(state.at, state.found.steps.length - 1);
      state.left = [];
      return stage();
    });
    doubt(state.found); // not waited for
  }

  /** How sure one can be comes later: where nobody asked yet, it has to be learned first. */
  async function doubt(found) {
    if (!found || found.steps.length < 2) return;
    try {
      const { left } = await post("doubt", person());
      if (found !== state.found || !left.length) return;
      state.left = left;
      played.querySelector(".stage")?.dispatchEvent(new CustomEvent("sure"));
      played.querySelector(".course")?.replaceWith(course(found.steps, found.before));
    } catch {
      // the replay stands without it
    }
  }

  function stage() {
    const { steps, before } = state.found;
    const list = h("ol", { class: "stepped" });
    const told_ = h("div", { class: "told", "aria-live": "polite" });
    const slider = h("input", { type: "range", min: 0, max: steps.length - 1, value: state.at, "aria-label": t("users.step"), oninput: () => show(Number(slider.value)) });
    const move = (by) => h("button", { type: "button", class: "second small", onclick: () => show(Math.max(0, Math.min(steps.length - 1, state.at + by))) }, t(by < 0 ? "users.back" : "users.next"));

    function show(at) {
      state.at = at;
      slider.value = at;
      slider.setAttribute("aria-valuetext", t("users.after", { n: before + at }));
      tell();
      glide(list, () => list.replaceChildren(...steps[at].items.map((entry, i) => line(entry, i, at))));
    }

    function tell() {
      told_.replaceChildren(...sentence(steps[state.at], before + state.at, before, state.left[state.at]));
    }

    function line(entry, i, at) {
      const moved = at === 0 ? null : entry.moved === null ? t("users.new") : entry.moved > 0 ? `▲ ${entry.moved}` : entry.moved < 0 ? `▼ ${-entry.moved}` : "";
      const best = entry.reasons[0];
      return h("li", { "data-id": entry.id, class: at && entry.moved === null ? "fresh" : null }, h("span", { class: "place" }, i + 1), h("div", {}, itemLine(entry),
        best ? told("small", t("users.because", { why: reasonName(best) })) : null),
      moved ? h("span", { class: "moved" }, moved) : null,
      h("button", { type: "button", class: "second small", "aria-label": `${t("why")}: ${entry.title}`, onclick: () => why(entry, before + at) }, t("why")));
    }

    const frame = section(state.user || t(state.acts.length ? "users.somebody" : "users.stranger"), t("users.nothing"),
      steps.length > 1 ? h("div", { class: "stepper" }, move(-1), slider, move(1)) : null, told_, list);
    frame.classList.add("stage");
    frame.addEventListener("sure", tell);
    show(state.at);
    return steps.length > 1 ? [frame, course(steps, before)] : [frame];
  }

  function sentence(step, n, before, left) {
    const first = n === before;
    const did = step.event ? h("p", { class: "did" }, h("strong", {}, named("act", step.event.act)), " ", told("span", step.event.title || step.event.query), step.event.at ? h("small", {}, ` ${moment(step.event.at)}`) : null)
      : h("p", { class: "did" }, t(before ? "users.earlier" : "users.before", { n: before }));
    const changed = first ? null : h("p", { class: "quiet" }, t("users.changed", { n: step.new, share: share(step.evidence, 0) }),
      step.gone.length ? ` ${t("users.gone", { titles: step.gone.slice(0, 3).map((item) => item.title).join(" · ") })}` : "");
    const open = left === undefined ? null : h("p", { class: "quiet open" }, t("users.open", { share: share(left, 0) }));
    return [h("p", { class: "quiet" }, t("users.after", { n })), did, changed, open].filter(Boolean);
  }

  async function why(entry, done) {
    const inside = h("div");
    dialog(entry.title, inside);
    await waiting(inside, async () => reasonBars(await post("why", { ...person(), item_id: entry.id, steps: done })));
  }

  function course(steps, before) {
    const rows = steps.map((step, i) => ({ step: before + i, act: step.event ? named("act", step.event.act) : "", title: step.event?.title ?? "", new: step.new, evidence: step.evidence, left: state.left[i] ?? null }));
    const series = [{ name: t("users.evidence"), css: "line0", values: rows.map((row) => row.evidence) }, { name: t("users.renewed"), css: "line3", values: rows.map((row) => row.new / 10) }];
    const known = state.left.length > 0;
    if (known) series.push({ name: t("users.left"), css: "line2", values: rows.map((row) => row.left) });
    const columns = [
      { key: "step", title: t("col.step"), align: "right" }, { key: "act", title: t("col.event") }, { key: "title", title: t("col.item") },
      { key: "new", title: t("col.new"), align: "right" }, { key: "evidence", title: t("users.evidence"), align: "right", show: (row) => share(row.evidence) },
      ...(known ? [{ key: "left", title: t("users.left"), align: "right", show: (row) => share(row.left) }] : []),
    ];
    const whole = section(t("users.course"), `${t("users.course.about")} ${known ? t("users.left.about") : ""}`, figure(t("users.course"), lines(t("users.course"), rows.map((row) => String(row.step)), series), table({ name: "replay", title: t("users.course"), columns, rows })));
    whole.classList.add("course");
    return whole;
  }

  const who = section(t("users.pick"), null, field(t("users.search"), search), chosen);
  const make = section(t("users.invent"), t("users.invent.about"), h("div", { class: "inline" }, field(t("users.act"), act), field(t("users.what"), items)), offered, invented,
    h("button", { type: "button", class: "second small", onclick: () => pick("") }, t("users.anew")));
  await Promise.all([people(), offers(), play(true)]);
  return h("div", { class: "lab" }, h("div", { class: "side" }, who, make), played);
}
