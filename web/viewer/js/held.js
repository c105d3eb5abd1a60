// Places without coordinates: a count on the area that holds them, never a point.

import { language, onLanguage } from "./language.js";
import { palette } from "./theme.js";

const SOURCE = "held";
const NEAR = 11.7; // from this zoom on, subdistricts carry their own counts
const BELOW_THE_NAME = [0, 20];
export const BADGES = ["held-far", "held-near"];

/** Draws the counts of the layers that are shown; answers the function that draws them anew. */
export function showHeld(map, held, layers) {
  map.addSource(SOURCE, { type: "geojson", data: badges(held, layers) });
  addBadges(map, "held-far", { maxzoom: NEAR, filter: ["==", ["get", "far"], true] });
  addBadges(map, "held-near", { minzoom: NEAR, filter: ["==", ["get", "far"], false] });
  const draw = () => map.getSource(SOURCE).setData(badges(held, layers));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(map));
  onLanguage(draw);
  return draw;
}

function addBadges(map, id, zooms) {
  const wide = ["length", ["get", "text"]];
  map.addLayer({
    id,
    type: "circle",
    source: SOURCE,
    ...zooms,
    paint: {
      "circle-radius": ["step", wide, 10, 3, 13, 4, 16],
      "circle-translate": BELOW_THE_NAME,
      "circle-stroke-width": 1.4,
    },
  });
  map.addLayer({
    id: `${id}-text`,
    type: "symbol",
    source: SOURCE,
    ...zooms,
    layout: {
      "text-field": ["get", "text"],
      "text-font": ["Noto Sans Thai SemiBold"],
      "text-size": 11.5,
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-translate": BELOW_THE_NAME },
  });
  paint(map, id);
}

function paint(map, ...ids) {
  const colours = palette();
  for (const id of ids.length ? ids : BADGES) {
    map.setPaintProperty(id, "circle-color", colours.land);
    map.setPaintProperty(id, "circle-stroke-color", colours.ink);
    map.setPaintProperty(`${id}-text`, "text-color", colours.ink);
  }
}

/** One point per area and distance: far away a district counts all that lies in it. */
function badges(held, layers) {
  const shown = new Set(layers.filter((layer) => layer.visible).map((layer) => layer.id));
  const near = held.areas.map((area) => ({ ...area, total: total(area.counts, shown) }));
  const far = [...Map.groupBy(near, (area) => area.code.slice(0, 4))].map(([code, areas]) => ({
    code,
    label: anchor(code, areas),
    total: areas.reduce((sum, area) => sum + area.total, 0),
  }));
  const format = new Intl.NumberFormat(language() === "th" ? "th-TH-u-nu-latn" : "en-GB");
  const feature = (area, isFar) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: area.label },
    properties: { code: area.code, far: isFar, text: format.format(area.total) },
  });
  const some = (area) => area.total > 0;
  return {
    type: "FeatureCollection",
    features: [...far.filter(some).map((area) => feature(area, true)), ...near.filter(some).map((area) => feature(area, false))],
  };
}

const total = (counts, shown) =>
  Object.entries(counts).reduce((sum, [layer, count]) => sum + (shown.has(layer) ? count : 0), 0);

/** Where a district's count stands: its own anchor, or amid those of its subdistricts. */
function anchor(code, areas) {
  const own = areas.find((area) => area.code === code);
  if (own) return own.label;
  const mean = (index) => areas.reduce((sum, area) => sum + area.label[index], 0) / areas.length;
  return [mean(0), mean(1)];
}
