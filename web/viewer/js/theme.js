// The map's paper and ink, in light and in dark; what the layers mean does not change.

const LIGHT = { paper: "#e9eceb", land: "#fbfaf7", ink: "#3b4148", district: "#a9aea9", subdistrict: "#d3d5cf", ring: "#ffffff", muted: "#77838a" };
const DARK = { paper: "#121719", land: "#1d2427", ink: "#cfd8d6", district: "#56636a", subdistrict: "#323c41", ring: "#14191b", muted: "#7f8d92" };
const dark = matchMedia("(prefers-color-scheme: dark)");

const LIGHTER = 0.42;

/** A layer's colour, lighter on dark paper so that it is still seen and still itself. */
export function shade(colour) {
  if (!dark.matches) return colour;
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `#${parts.map((part) => Math.round(part + (255 - part) * LIGHTER).toString(16).padStart(2, "0")).join("")}`;
}

export const palette = () => (dark.matches ? DARK : LIGHT);

export const onScheme = (listener) => dark.addEventListener("change", listener);

/** Paints the map now, and again whenever the reader's scheme changes. */
export function followScheme(map) {
  paint(map);
  onScheme(() => paint(map));
}

function paint(map) {
  const colours = palette();
  map.setPaintProperty("background", "background-color", colours.paper);
  for (const layer of map.getStyle().layers) {
    const role = layer.metadata?.["onemap:role"];
    if (role === "district" && layer.type === "fill") map.setPaintProperty(layer.id, "fill-color", colours.land);
    if (role in colours && layer.type === "line") map.setPaintProperty(layer.id, "line-color", colours[role]);
    if (layer.type === "circle" && role) {
      map.setPaintProperty(layer.id, "circle-color", shade(layer.metadata["onemap:colour"]));
      map.setPaintProperty(layer.id, "circle-stroke-color", colours.ring);
    }
    if (layer.type === "symbol" && layer.metadata?.["onemap:count"]) {
      map.setPaintProperty(layer.id, "text-color", colours.ring);
    } else if (layer.type === "symbol" && role) {
      map.setPaintProperty(layer.id, "text-color", colours.ink);
      map.setPaintProperty(layer.id, "text-halo-color", colours.land);
    }
  }
}
