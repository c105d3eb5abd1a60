// The list of places that an area holds, by layer.

import { getUnplacedAt } from "./api.js";
import { el, swatch } from "./dom.js";
import { areaName, number } from "./format.js";
import { say, sayOther, word } from "./language.js";
import { announce, openPanel } from "./panel.js";
import { mark } from "./selection.js";

/** Opens lists of unplaced places; `choose(layer, id)` opens a place's card. */
export class UnplacedLists {
  constructor(map, layers, choose) {
    this.map = map;
    this.layers = new globalThis.Map(layers.map((layer) => [layer.id, layer]));
    this.choose = choose;
    this.open = null;
  }

  async show(code) {
    try {
      this.draw(await getUnplacedAt(code));
    } catch {
      announce(word("failed"));
    }
  }

  redraw() {
    if (this.open) this.draw(this.open);
  }

  draw(unplaced) {
    this.open = unplaced;
    mark(this.map, null);
    const title = word("unplacedHere", areaName(unplaced.area));
    openPanel(
      { kind: [word("unplacedTotal", number(unplaced.total))], title, other: null, body: [el("div", { class: "places" }, ...unplaced.layers.flatMap((layer) => this.group(layer)))] },
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
