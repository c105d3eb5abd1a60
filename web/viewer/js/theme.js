// The map's paper and ink, in light and in dark; what the layers mean does not change.

const LIGHT = { paper: "#e9eceb", land: "#fbfaf7", ink: "#3b4148", district: "#a9aea9", subdistrict: "#d3d5cf", ring: "#ffffff", muted: "#77838a" };
const DARK = { paper: "#121719", land: "#1d2427", ink: "#cfd8d6", district: "#56636a", subdistrict: "#323c41", ring: "#aab6b5", muted: "#7f8d92" };
const dark = matchMedia("(prefers-color-scheme: dark)");

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
    if (layer.type === "circle" && role === "place") map.setPaintProperty(layer.id, "circle-stroke-color", colours.ring);
    if (layer.type === "symbol" && role) {
      map.setPaintProperty(layer.id, "text-color", colours.ink);
      map.setPaintProperty(layer.id, "text-halo-color", colours.land);
    }
  }
}
