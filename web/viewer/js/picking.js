// Choosing on the map, by pointer or by keyboard.

import { el, swatch } from "./dom.js";
import { say, word } from "./language.js";
import { BADGES } from "./unplaced.js";
import { announce, openPanel } from "./panel.js";

const REACH = { mouse: 5, keyboard: 14, touch: 14 };
const SMALLEST_FIRST = { place: 0, area: 1, subdistrict: 2, district: 3 };

/** Listens to the map; `cards` and `lists` show what is chosen. */
export function listen(map, layers, cards, lists) {
  const pick = (point, reach) => {
    const badge = at(map, point, reach, BADGES)[0];
    if (badge) return lists.show(badge.properties.code);
    const places = at(map, point, reach, drawn(layers, "place"));
    if (places.length > 1) return several(places, layers, cards);
    const areas = ["area", "subdistrict", "district"].flatMap((role) => at(map, point, 0, drawn(layers, role)));
    const chosen = [...places, ...areas].sort((a, b) => rank(a, layers) - rank(b, layers))[0];
    if (!chosen) return announce(word("nothingHere"), { quiet: true });
    cards.show(chosen.sourceLayer, chosen.properties.feature_id);
  };
  map.on("click", (event) => pick(event.point, event.originalEvent.pointerType === "touch" ? REACH.touch : REACH.mouse));
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pick(map.project(map.getCenter()), REACH.keyboard);
  });
  map.on("mousemove", (event) => {
    const over = at(map, event.point, REACH.mouse, [...BADGES, ...drawn(layers, "place")]);
    map.getCanvas().style.cursor = over.length ? "pointer" : "";
  });
}

/** Style layers that draw layers of a role; hidden ones are not found by the map. */
const drawn = (layers, role) =>
  layers
    .filter((layer) => layer.role === role && layer.visible)
    .flatMap((layer) => layer.parts.filter((part) => part.type === "fill" || part.type === "circle" || (part.type === "line" && layer.geometry === "line")))
    .map((part) => part.id);

const rank = (feature, layers) => SMALLEST_FIRST[layers.find((layer) => layer.id === feature.sourceLayer)?.role];

/** Distinct features around a point. A tile's edge may answer one feature twice. */
function at(map, { x, y }, reach, ids) {
  const area = [[x - reach, y - reach], [x + reach, y + reach]];
  const known = ids.filter((id) => map.getLayer(id));
  const found = known.length ? map.queryRenderedFeatures(area, { layers: known }) : [];
  const key = ({ properties }) => properties.feature_id ?? properties.code;
  return [...new globalThis.Map(found.map((feature) => [key(feature), feature])).values()];
}

function several(places, layers, cards) {
  const rows = places.slice(0, 50).map(({ sourceLayer, properties }) => {
    const layer = layers.find((known) => known.id === sourceLayer);
    const name = say({ th: properties.name_th, en: properties.name_en }) || word("noName");
    const choose = () => cards.show(sourceLayer, properties.feature_id);
    return el("li", {}, el("button", { type: "button", click: choose }, name, el("small", {}, swatch(layer), " ", say(layer.title))));
  });
  const title = word("severalHere", places.length);
  openPanel({ kind: [word("places")], title, other: null, body: [el("div", { class: "places" }, el("ul", {}, ...rows))] }, () => {});
}
