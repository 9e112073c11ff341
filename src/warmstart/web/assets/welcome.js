// A few questions, each the most telling one, with what they already change.

import { post } from "./api.js";
import { doing, shelf, skeletons } from "./cards.js";
import { h, picture, told } from "./dom.js";
import { shown } from "./notices.js";
import { go, link } from "./router.js";
import { changed } from "./state.js";
import { price, t } from "./words.js";

export function welcome(main, params, isCurrent) {
  document.title = `${t("welcome.title")} · ${t("title")}`;
  return shown(main, [h("h1", {}, t("welcome.title")), skeletons(3)], () => build(main, isCurrent), isCurrent);
}

async function build(main, isCurrent) {
  const answers = [];
  const ask = h("div", { class: "ask" });
  const now = shelf("now", { grid: true });
  const step = h("p", { class: "quiet", role: "status" });

  async function load() {
    const found = await post("welcome", { answers });
    if (!isCurrent()) return;
    step.textContent = found.ask ? t("welcome.step", { n: found.done + 1, of: found.of }) : t("welcome.done");
    ask.replaceChildren(...(found.ask ? question(found.ask) : [keep()]));
    now.put(t("welcome.now"), found.items, { mark: true, kind: "told" });
  }

  function question(item) {
    const button = (key, value, className) => {
      const one = h("button", { type: "button", class: className }, t(`welcome.${key}`));
      one.addEventListener("click", () => doing(one, async () => {
        answers.push({ item_id: item.id, value });
        await load();
        ask.querySelector("button")?.focus();
      }));
      return one;
    };
    return [
      h("div", { class: "ask-picture" }, picture(item)),
      h("div", { class: "ask-text" },
        h("p", { class: "quiet" }, t("welcome.ask")),
        told("h2", item.title),
        told("p", [item.brand, item.categories.at(-1), price(item.price, item.currency)].filter(Boolean).join(" · "), { class: "quiet" }),
        h("div", { class: "actions" }, button("yes", 1, "main"), button("no", 0, "second"), button("skip", null, "plain")),
        answers.length ? keep("second") : null),
    ];
  }

  function keep(className = "main") {
    const one = h("button", { type: "button", class: className }, t("welcome.keep"));
    one.addEventListener("click", () => doing(one, async () => {
      changed(await post("welcome", { answers, keep: true }), "welcome");
      await go("/shop");
    }));
    return one;
  }

  await load();
  if (!isCurrent()) return;
  main.replaceChildren(
    h("header", { class: "welcome" }, h("h1", {}, t("welcome.title")), h("p", { class: "lead" }, t("welcome.text")), step),
    ask, now.section);
}

export function missing(main) {
  document.title = `${t("missing.title")} · ${t("title")}`;
  main.replaceChildren(h("section", { class: "notice" }, h("h1", {}, t("missing.title")), link("/shop", { class: "button" }, t("missing.text"))));
}
