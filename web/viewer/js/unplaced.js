// Places without coordinates: a count on the area that holds them, never a point.

import { language, onLanguage } from "./language.js";
import { onScheme, palette } from "./theme.js";

const SOURCE = "unplaced";
const NEAR = 11.7; // from this zoom on, subdistricts carry their own counts
const BADGE = "unplaced-badge";
export const BADGES = ["unplaced-far", "unplaced-near"];

/** Draws the counts of the layers that are shown; answers the function that draws them anew. */
export function showUnplaced(map, unplaced, layers) {
  map.addSource(SOURCE, { type: "geojson", data: badges(unplaced, layers) });
  addBadgeImage(map);
  addBadges(map, "unplaced-far", { maxzoom: NEAR, filter: ["==", ["get", "far"], true] });
  addBadges(map, "unplaced-near", { minzoom: NEAR, filter: ["==", ["get", "far"], false] });
  const draw = () => map.getSource(SOURCE).setData(badges(unplaced, layers));
  onScheme(() => {
    map.updateImage(BADGE, drawBadge());
    for (const id of BADGES) map.setPaintProperty(id, "text-color", palette().ink);
  });
  onLanguage(draw);
  return draw;
}

/** A count in a pill under the area's name; names and larger counts go first where room is scarce. */
function addBadges(map, id, zooms) {
  const names = map.getStyle().layers.find((layer) => layer.type === "symbol" && !layer.metadata?.["onemap:count"]);
  const layer = {
    id,
    type: "symbol",
    source: SOURCE,
    ...zooms,
    layout: {
      "text-field": ["get", "text"],
      "text-font": ["Noto Sans Thai SemiBold"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 9, 10, 12, 11.5],
      "text-offset": [0, 2.05],
      "text-padding": 0,
      "icon-image": BADGE,
      "icon-text-fit": "both",
      "icon-text-fit-padding": [1, 6, 1, 6],
      "icon-padding": 0,
      "symbol-sort-key": ["-", ["get", "total"]],
    },
    paint: { "text-color": palette().ink },
  };
  map.addLayer(layer, names?.id);
}

const PILL = { width: 48, height: 40, radius: 19 }; // at twice its size, for sharp screens

function addBadgeImage(map) {
  const { width, height, radius } = PILL;
  map.addImage(BADGE, drawBadge(), {
    pixelRatio: 2,
    stretchX: [[radius + 2, width - radius - 2]],
    stretchY: [[radius, height - radius]],
    content: [10, 6, width - 10, height - 6],
  });
}

function drawBadge() {
  const { width, height, radius } = PILL;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.roundRect(2, 2, width - 4, height - 4, radius);
  context.fillStyle = palette().land;
  context.fill();
  context.lineWidth = 2.4;
  context.strokeStyle = palette().muted;
  context.stroke();
  return context.getImageData(0, 0, width, height);
}

/** One point per area and distance: far away a district counts all that lies in it. */
function badges(unplaced, layers) {
  const shown = new Set(layers.filter((layer) => layer.visible).map((layer) => layer.id));
  const known = unplaced.areas.filter((area) => area.label);
  const near = known.map((area) => ({ ...area, total: total(area.counts, shown) }));
  const far = [...Map.groupBy(near, (area) => area.code.slice(0, 4))].map(([code, areas]) => ({
    code,
    label: anchor(code, areas),
    total: areas.reduce((sum, area) => sum + area.total, 0),
  }));
  const format = new Intl.NumberFormat(language() === "th" ? "th-TH-u-nu-latn" : "en-GB");
  const feature = (area, isFar) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: area.label },
    properties: { code: area.code, far: isFar, total: area.total, text: format.format(area.total) },
  });
  const some = (area) => area.total > 0;
  return {
    type: "FeatureCollection",
    features: [...far.filter(some).map((area) => feature(area, true)), ...near.filter(some).map((area) => feature(area, false))],
  };
}

const total = (counts, shown) =>
  Object.entries(counts).reduce((sum, [layer, count]) => sum + (shown.has(layer) ? count : 0), 0);

/** Where a district's count stands: inside it, or inside a part of it if the map lacks its polygon. */
const anchor = (code, areas) => (areas.find((area) => area.code === code) ?? areas[0]).label;
