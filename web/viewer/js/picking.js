// Choosing on the map, by pointer or by keyboard.

import { el, swatch } from "./dom.js";
import { number } from "./format.js";
import { say, word } from "./language.js";
import { BADGES } from "./unplaced.js";
import { announce, openPanel } from "./panel.js";
import { calm } from "./selection.js";

const REACH = { mouse: 5, keyboard: 14, touch: 14 };
const SMALLEST_FIRST = { place: 0, area: 1, subdistrict: 2, district: 3 };

/** Listens to the map; `cards` and `lists` show what is chosen. */
export function listen(map, layers, cards, lists) {
  const pick = (point, reach) => {
    const badge = at(map, point, reach, BADGES)[0];
    if (badge) return lists.show(badge.properties.code);
    const count = at(map, point, reach, counting(layers))[0];
    if (count) return counted(map, count, layers, cards);
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
    const over = at(map, event.point, REACH.mouse, [...BADGES, ...counting(layers), ...drawn(layers, "place")]);
    map.getCanvas().style.cursor = over.length ? "pointer" : "";
  });
}

/** Style layers that draw layers of a role; hidden ones are not found by the map. */
const drawn = (layers, role) =>
  layers
    .filter((layer) => layer.role === role && layer.visible)
    .flatMap((layer) => layer.parts.filter((part) => !part.metadata["onemap:count"]).filter((part) => part.type === "fill" || part.type === "circle" || (part.type === "line" && layer.geometry === "line")))
    .map((part) => part.id);

/** Style layers that draw counts of what is shown. */
const counting = (layers) =>
  layers
    .filter((layer) => layer.visible)
    .flatMap((layer) => layer.parts.filter((part) => part.metadata["onemap:count"] && part.type === "circle"))
    .map((part) => part.id);

const rank = (feature, layers) => SMALLEST_FIRST[layers.find((layer) => layer.id === feature.sourceLayer)?.role];

/** Distinct features around a point. A tile's edge may answer one feature twice. */
function at(map, { x, y }, reach, ids) {
  const area = [[x - reach, y - reach], [x + reach, y + reach]];
  const known = ids.filter((id) => map.getLayer(id));
  const found = known.length ? map.queryRenderedFeatures(area, { layers: known }) : [];
  const key = ({ properties, geometry, sourceLayer }) =>
    properties.feature_id ?? properties.code ?? `${sourceLayer} ${geometry.coordinates}`;
  return [...new globalThis.Map(found.map((feature) => [key(feature), feature])).values()];
}

/** Features on one spot are listed; of others it is said how many they are, and the map goes nearer. */
function counted(map, { layer: { metadata }, properties, geometry }, layers, cards) {
  const layer = layers.find((known) => known.id === metadata["onemap:layer"]);
  if (properties.places) return list(JSON.parse(properties.places).map((place) => ({ layer, ...place })), properties.count, cards);
  announce(word("countHere", number(properties.count), say(layer.title)));
  map.easeTo({ center: geometry.coordinates, zoom: Math.min(map.getZoom() + 2, map.getMaxZoom()), duration: calm() ? 0 : 700 });
}

function several(places, layers, cards) {
  const found = places.map(({ sourceLayer, properties }) => ({ layer: layers.find((known) => known.id === sourceLayer), ...properties }));
  list(found, found.length, cards);
}

/** A panel of places to choose from, the first of so many. */
function list(places, total, cards) {
  const first = places.slice(0, 50);
  const rows = first.map(({ layer, feature_id, name_th, name_en }) => {
    const name = say({ th: name_th, en: name_en }) || word("noName");
    const choose = () => cards.show(layer.id, feature_id);
    return el("li", {}, el("button", { type: "button", click: choose }, name, el("small", {}, swatch(layer), " ", say(layer.title))));
  });
  const rest = total > first.length ? [el("p", { class: "first" }, word("firstOfThese", number(first.length)))] : [];
  const title = word("severalHere", number(total));
  openPanel({ kind: [word("places")], title, other: null, body: [el("div", { class: "places" }, el("ul", {}, ...rows), ...rest)] }, () => {});
}
