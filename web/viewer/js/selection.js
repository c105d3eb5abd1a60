// What is chosen on the map is marked on it, and kept in the address.

import { isPhone, padding } from "./map.js";

const SOURCE = "selection";
const NOTHING = { type: "FeatureCollection", features: [] };
const ACCENT = "#0f8f7c";

export function addSelection(map) {
  map.addSource(SOURCE, { type: "geojson", data: NOTHING });
  map.addLayer({
    id: "selection-line",
    type: "line",
    source: SOURCE,
    filter: ["!=", ["geometry-type"], "Point"],
    layout: { "line-join": "round" },
    paint: { "line-color": ACCENT, "line-width": 3 },
  });
  map.addLayer({
    id: "selection-point",
    type: "circle",
    source: SOURCE,
    filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 11, "circle-opacity": 0, "circle-stroke-color": ACCENT, "circle-stroke-width": 3 },
  });
}

/** Marks a geometry (null: nothing). */
export function mark(map, geometry) {
  map.getSource(SOURCE).setData(geometry ? { type: "Feature", geometry, properties: {} } : NOTHING);
}

/** Brings a geometry into view, beside the panels. */
export function show(map, geometry) {
  const [west, south, east, north] = boundsOf(geometry.coordinates);
  const room = padding();
  if (isPhone()) room.bottom = innerHeight * 0.5;
  else if (innerWidth > 1100) room.right = 430;
  map.fitBounds([west, south, east, north], { padding: room, maxZoom: 14, duration: calm() ? 0 : 900 });
}

/** Moves the map just enough that a chosen point is not under the card. */
export function uncover(map, geometry) {
  if (geometry?.type !== "Point") return;
  const { x, y } = map.project(geometry.coordinates);
  const right = isPhone() ? innerWidth : innerWidth - 430;
  const bottom = isPhone() ? innerHeight * 0.34 : innerHeight;
  const hidden = [Math.max(x - right, 0), Math.max(y - bottom, 0)];
  if (hidden[0] || hidden[1]) map.panBy(hidden, { duration: calm() ? 0 : 500 });
}

/** The chosen feature in the address (`#...&place=layer/id`), so that a link leads back to it. */
export function remember(layer, id) {
  const parts = location.hash.slice(1).split("&").filter((part) => part && !part.startsWith("place="));
  if (layer) parts.push(`place=${layer}/${id}`);
  history.replaceState(history.state, "", parts.length ? `#${parts.join("&")}` : location.pathname);
}

export function remembered() {
  const found = /(?:^#|&)place=([a-z0-9_]+)\/([0-9a-f-]{36})/.exec(location.hash);
  return found ? { layer: found[1], id: found[2] } : null;
}

/** Whether the reader asked for little motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function boundsOf(coordinates) {
  const pairs = coordinates.flat(Infinity);
  const lons = pairs.filter((_, index) => index % 2 === 0);
  const lats = pairs.filter((_, index) => index % 2 === 1);
  const least = (values) => values.reduce((a, b) => Math.min(a, b));
  const most = (values) => values.reduce((a, b) => Math.max(a, b));
  return [least(lons), least(lats), most(lons), most(lats)];
}
