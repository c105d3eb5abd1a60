// The list of places that an area holds, by layer.

import { getHeldAt } from "./api.js";
import { el, swatch } from "./dom.js";
import { areaName, number } from "./format.js";
import { say, sayOther, word } from "./language.js";
import { announce, openPanel } from "./panel.js";
import { mark } from "./selection.js";

/** Opens lists of held places; `choose(layer, id)` opens a place's card. */
export class HeldLists {
  constructor(map, layers, choose) {
    this.map = map;
    this.layers = new globalThis.Map(layers.map((layer) => [layer.id, layer]));
    this.choose = choose;
    this.open = null;
  }

  async show(code) {
    try {
      this.draw(await getHeldAt(code));
    } catch {
      announce(word("failed"));
    }
  }

  redraw() {
    if (this.open) this.draw(this.open);
  }

  draw(held) {
    this.open = held;
    mark(this.map, null);
    const title = word("heldHere", areaName(held.area));
    openPanel(
      { kind: [word("heldTotal", number(held.total))], title, other: null, body: [el("div", { class: "places" }, ...held.layers.flatMap((layer) => this.group(layer)))] },
      () => (this.open = null),
    );
  }

  group(layer) {
    const known = this.layers.get(layer.id);
    const head = el("h3", {}, known ? swatch(known) : null, say(layer.title), el("span", { class: "count" }, number(layer.places.length)));
    return [head, el("ul", {}, ...layer.places.map((place) => this.row(layer.id, place)))];
  }

  row(layer, place) {
    const choose = () => {
      this.open = null;
      this.choose(layer, place.feature_id);
    };
    const elsewhere = place.area.code === this.open.area.code ? "" : areaName(place.area);
    const small = [sayOther(place.name), elsewhere].filter(Boolean).join(" · ");
    return el("li", {}, el("button", { type: "button", click: choose }, say(place.name) || word("noName"), small ? el("small", {}, small) : null));
  }
}
