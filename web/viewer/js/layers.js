// The list of layers: legend, counts, and what is drawn.

import { el, find, swatch } from "./dom.js";
import { number } from "./format.js";
import { onLanguage, say, word } from "./language.js";

const GROUPS = [
  ["places", ["place"]],
  ["areas", ["area"]],
  ["administration", ["district", "subdistrict"]],
];

/** Layers of the manifest with their colours and visibility from the style. */
export function layersOf(manifest, style) {
  return manifest.layers.map((layer) => {
    const drawn = style.layers.filter((part) => part.metadata?.["onemap:layer"] === layer.id);
    return {
      ...layer,
      colour: drawn[0]?.metadata["onemap:colour"] ?? "#888888",
      parts: drawn,
      visible: drawn.some((part) => part.layout?.visibility !== "none"),
      unplacedTotal: layer.at_area.subdistrict + layer.at_area.district,
    };
  });
}

/** Fills the list; `onChange` hears of each layer that is switched. */
export function listLayers(layers, onChange) {
  const toggle = (layer, visible) => {
    layer.visible = visible;
    onChange(layer);
  };
  const legend = () => (layers.some(isCounted) ? [countsExplained()] : []);
  onLanguage(() => find("layers").replaceChildren(...GROUPS.flatMap((group) => rows(group, layers, toggle)), ...legend()));
}

/** Draws a layer, or no longer. The land under the districts stays. */
export function drawLayer(map, layer) {
  for (const part of layer.parts) {
    const land = layer.role === "district" && part.type === "fill";
    if (!land) map.setLayoutProperty(part.id, "visibility", layer.visible ? "visible" : "none");
  }
}

/** Whether tiles tell some of the layer's features by counts, at whatever zoom. */
const isCounted = ({ tiles }) => Object.values(tiles ?? {}).some(({ counted }) => counted > 0);

/** What a circle with a number says. */
const countsExplained = () => el("p", { class: "counts" }, el("span", { class: "bubble", "aria-hidden": "true" }, "12"), word("countsExplained"));

function rows([title, roles], layers, toggle) {
  const chosen = layers.filter((layer) => roles.includes(layer.role));
  if (!chosen.length) return [];
  chosen.reverse().sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role)); // what lies on top first
  return [el("h3", {}, word(title)), ...chosen.map((layer) => row(layer, toggle))];
}

function row(layer, toggle) {
  const box = el("input", {
    type: "checkbox",
    role: "switch",
    checked: layer.visible,
    change: (event) => toggle(layer, event.target.checked),
  });
  const unplaced = layer.unplacedTotal ? el("span", { class: "unplaced" }, word("unplacedShort", number(layer.unplacedTotal))) : null;
  return el(
    "label",
    { class: "layer", "data-layer": layer.id },
    box,
    swatch(layer),
    el("span", { class: "name" }, say(layer.title)),
    el("span", { class: "count", "data-count": layer.features }, number(layer.features)),
    unplaced,
  );
}
