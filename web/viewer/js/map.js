// The map: MapLibre over the release's PMTiles, with names in the reader's language.

import { addProtocol, Map, NavigationControl, ScaleControl } from "/vendor/maplibre-gl/maplibre-gl.mjs";
import { tilesOf } from "./archive.js";
import { language, onLanguage, word } from "./language.js";
import { followScheme } from "./theme.js";

const NAMES = {
  th: ["coalesce", ["get", "name_th"], ["get", "name_en"], ""],
  en: ["coalesce", ["get", "name_en"], ["get", "name_th"], ""],
};
const PHONE = matchMedia("(max-width: 719px)");

export const isPhone = () => PHONE.matches;

/** Room that the panels take, so that the city is centred in what is left. */
export const padding = () =>
  isPhone()
    ? { top: 130, right: 16, bottom: 110, left: 16 }
    : { top: 40, right: 40, bottom: 40, left: 390 };

/** A map that shows the whole city; complete when its `load` has come. */
export function createMap(style) {
  addProtocol("pmtiles", tilesOf(style.sources.map.url));
  const map = new Map({
    container: "map",
    style,
    bounds: style.metadata["onemap:bounds"],
    fitBoundsOptions: { padding: padding() },
    maxZoom: 18,
    hash: "map",
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
  });
  map.on("error", ({ error, sourceId }) => console.error("map:", sourceId ?? "", error?.stack ?? error?.message ?? error));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  if (!isPhone()) map.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
  return map;
}

/** Names and colours as the reader has chosen them, now and whenever that changes. */
export function followReader(map) {
  followScheme(map);
  onLanguage(() => nameThings(map));
}

function nameThings(map) {
  for (const layer of map.getStyle().layers) {
    if (layer.metadata?.["onemap:role"] && layer.type === "symbol" && !layer.metadata["onemap:count"]) {
      map.setLayoutProperty(layer.id, "text-field", NAMES[language()]);
    }
  }
  const name = (selector, text) => {
    const element = map.getContainer().querySelector(selector);
    element?.setAttribute("aria-label", text);
    if (element?.title) element.title = text;
  };
  name(".maplibregl-canvas", word("mapName"));
  name(".maplibregl-ctrl-zoom-in", word("zoomIn"));
  name(".maplibregl-ctrl-zoom-out", word("zoomOut"));
}
