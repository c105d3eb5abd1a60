// Search: a combobox with a list of results, by keyboard or pointer.

import { search } from "./api.js";
import { el, find, swatch } from "./dom.js";
import { areaLine, number } from "./format.js";
import { say, sayOther, word } from "./language.js";
import { announce } from "./panel.js";

const PAUSE_MS = 180;

/** `choose(result)` is called with the result that the reader takes. */
export function listenToSearch(layers, choose) {
  const input = find("search");
  const list = find("results");
  const known = new globalThis.Map(layers.map((layer) => [layer.id, layer]));
  let results = [];
  let active = -1;
  let waiting = 0;
  let asked = null;

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const open = () => {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const activate = (index) => {
    active = (index + results.length) % results.length;
    [...list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === active)));
    input.setAttribute("aria-activedescendant", `result-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  };
  const take = (result) => {
    input.value = say(result.name) || input.value;
    close();
    choose(result);
  };
  const draw = (found) => {
    results = found.results;
    const rows = results.map((result, index) => row(result, index, known, () => take(result)));
    if (!rows.length) rows.push(el("li", { class: "none" }, word("nothingFound", found.query)));
    list.replaceChildren(...rows);
    open();
    active = -1;
    const more = found.total > results.length;
    announce(more ? word("moreFound", number(results.length), number(found.total)) : word("found", number(found.total)), { quiet: true });
  };
  const ask = async () => {
    asked?.abort();
    const query = input.value.trim();
    if (!query) return close();
    asked = new AbortController();
    try {
      draw(await search(query, { signal: asked.signal }));
    } catch (error) {
      if (error.name !== "AbortError") announce(word("failed"));
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("focus", () => results.length && input.value && open());
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    const keys = {
      ArrowDown: () => results.length && (open(), activate(active + 1)),
      ArrowUp: () => results.length && (open(), activate(active < 0 ? results.length - 1 : active - 1)),
      Enter: () => results.length && !list.hidden && take(results[Math.max(active, 0)]),
      Escape: () => (list.hidden ? ((input.value = ""), (results = [])) : close()),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input[type=text], textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.select();
    input.focus();
  });
}

function row(result, index, layers, take) {
  const layer = layers.get(result.layer);
  const area = ["district", "subdistrict"].includes(layer.role) ? "" : areaLine(result);
  const small = [say(layer.title), area].filter(Boolean).join(" · ");
  const name = el("strong", {}, say(result.name) || word("noName"), " ", el("small", {}, sayOther(result.name)));
  const text = el("span", {}, name, el("small", {}, small));
  return el("li", { role: "option", id: `result-${index}`, "aria-selected": "false", mousedown: (event) => { event.preventDefault(); take(); } }, swatch(layer), text);
}
