// The card of one feature: what it is called, what is known of it, where, and who says so.

import { getPlace } from "./api.js";
import { el, icon, swatch } from "./dom.js";
import { areaLine, dateOf, number, shown } from "./format.js";
import { otherLanguage, say, sayOther, word } from "./language.js";
import { announce, openPanel } from "./panel.js";
import { mark, remember, show, uncover } from "./selection.js";
import { WORDS } from "./words.js";

const PIN = ["M10 18s6-5.2 6-10A6 6 0 0 0 4 8c0 4.8 6 10 6 10z", "M10 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z"];
const AREA = ["M3 6l5-2.5 4 2 5-2.5v11l-5 2.5-4-2-5 2.5z"];
const TARGET = ["M10 3v3M10 14v3M3 10h3M14 10h3", "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"];
const LINK = ["M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-.8.8", "M11.5 8.5a3 3 0 0 0-4.2 0l-2.6 2.6a3 3 0 0 0 4.2 4.2l.8-.8"];

/** Opens cards of features on the map; `unplacedAt(code)` opens the list of an area. */
export class Cards {
  constructor(map, layers, unplaced, unplacedAt) {
    this.map = map;
    this.layers = new globalThis.Map(layers.map((layer) => [layer.id, layer]));
    this.unplaced = unplaced;
    this.unplacedAt = unplacedAt;
    this.open = null;
    this.asked = null;
  }

  /** Fetches a feature and shows its card; `travel` brings it into view. */
  async show(layerId, id, { travel = false } = {}) {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const place = await getPlace(layerId, id, { signal: this.asked.signal });
      this.draw(place);
      const spot = place.geometry ?? this.anchor(place);
      mark(this.map, place.geometry);
      if (travel && spot) show(this.map, spot);
      else uncover(this.map, place.geometry);
      remember(layerId, id);
    } catch (error) {
      if (error.name !== "AbortError") announce(word(error.status === 404 ? "gone" : "failed"));
    }
  }

  /** Draws the open card again, in another language. */
  redraw() {
    if (this.open) this.draw(this.open);
  }

  draw(place) {
    this.open = place;
    const layer = this.layers.get(place.layer.id);
    openPanel(
      {
        kind: [layer ? swatch(layer) : null, say(place.layer.title)].filter(Boolean),
        title: say(place.name) || word("noName"),
        other: sayOther(place.name),
        body: [where(place), values(place), this.unplacedHere(place), origin(place.source), this.actions(place)].filter(Boolean),
      },
      () => this.closed(),
    );
  }

  closed() {
    this.open = null;
    mark(this.map, null);
    remember(null);
  }

  /** For an area: the way to the places that it holds. */
  unplacedHere(place) {
    const code = { district: place.district?.code, subdistrict: place.subdistrict?.code }[place.layer.role];
    if (!code) return null;
    const count = this.unplaced.places.filter((unplaced) => unplaced.area.startsWith(code)).length;
    if (!count) return null;
    return el("p", { class: "acts" }, el("button", { type: "button", class: "act", click: () => this.unplacedAt(code) }, icon(...AREA), word("unplacedAll", number(count))));
  }

  anchor(place) {
    const code = place.subdistrict?.code ?? place.district?.code;
    const area = this.unplaced.areas.find((unplaced) => unplaced.code === code);
    return area ? { type: "Point", coordinates: area.label } : null;
  }

  actions(place) {
    const spot = place.geometry ?? this.anchor(place);
    const zoom = spot ? el("button", { type: "button", class: "act first", click: () => show(this.map, spot) }, icon(...TARGET), word("zoomTo")) : null;
    const copy = async () => {
      await navigator.clipboard.writeText(location.href);
      announce(word("copied"));
    };
    const link = navigator.clipboard ? el("button", { type: "button", class: "act", click: copy }, icon(...LINK), word("copyLink")) : null;
    return el("div", { class: "acts" }, zoom, link);
  }
}

/** How well the place is known, in both languages: a map must not look surer than it is. */
function where(place) {
  const exact = place.location_precision === "exact";
  const isArea = ["district", "subdistrict", "area"].includes(place.layer.role);
  const key = !exact ? { subdistrict: "unplacedSubdistrict", district: "unplacedDistrict" }[place.location_precision] : isArea ? "outline" : "exact";
  return el(
    "div",
    { class: exact ? "where" : "where unplaced" },
    icon(...(exact && !isArea ? PIN : AREA)),
    el("p", {}, el("strong", {}, areaLine(place)), word(key), el("small", { lang: otherLanguage() }, WORDS[key][otherLanguage()])),
  );
}

function values(place) {
  const rows = place.values.map((column) => [column, shown(column)]).filter(([, value]) => value);
  return el(
    "dl",
    { class: "values" },
    ...rows.map(([column, value]) =>
      el("div", {}, el("dt", {}, say(column.title)), el("dd", {}, value.text, value.note ? el("small", {}, value.note) : null)),
    ),
  );
}

function origin(source) {
  return el(
    "div",
    { class: "origin" },
    el("strong", {}, say(source.agency)),
    el("p", {}, [say(source.title), dateOf(source)].filter(Boolean).join(" · ")),
    source.licence ? el("p", {}, word("licence", say(source.licence))) : null,
  );
}
