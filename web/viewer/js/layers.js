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
      heldTotal: layer.held.subdistrict + layer.held.district,
    };
  });
}

/** Fills the list; `onChange` hears of each layer that is shown or hidden. */
export function showLayers(map, layers, onChange) {
  const toggle = (layer, visible) => {
    layer.visible = visible;
    for (const part of layer.parts) {
      const ground = layer.role === "district" && part.type === "fill"; // the land stays
      if (!ground) map.setLayoutProperty(part.id, "visibility", visible ? "visible" : "none");
    }
    onChange(layer);
  };
  onLanguage(() => find("layers").replaceChildren(...GROUPS.flatMap((group) => rows(group, layers, toggle))));
}

function rows([title, roles], layers, toggle) {
  const chosen = layers.filter((layer) => roles.includes(layer.role));
  if (!chosen.length) return [];
  const ordered = roles.includes("place") ? [...chosen].reverse() : chosen.sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
  return [el("h3", {}, word(title)), ...ordered.map((layer) => row(layer, toggle))];
}

function row(layer, toggle) {
  const box = el("input", {
    type: "checkbox",
    role: "switch",
    checked: layer.visible,
    change: (event) => toggle(layer, event.target.checked),
  });
  const held = layer.heldTotal ? el("span", { class: "held" }, word("heldShort", number(layer.heldTotal))) : null;
  return el(
    "label",
    { class: "layer", "data-layer": layer.id },
    box,
    swatch(layer),
    el("span", { class: "name" }, say(layer.title)),
    el("span", { class: "count", "data-count": layer.features }, number(layer.features)),
    held,
  );
}
