// Elements are made here and nowhere else: text is always text, and links are only http(s).

import { shade } from "./theme.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (functions become listeners) and children (strings become text). */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A line drawing of 20 by 20 units from path data. */
export function icon(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  for (const data of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", data);
    svg.append(path);
  }
  return svg;
}

/** The colour of a layer in the legend, in the shape of what it colours. */
export function swatch(layer) {
  const mark = el("span", { class: `swatch ${layer.geometry}`, "aria-hidden": "true" });
  const outlined = layer.role === "district" || layer.role === "subdistrict";
  const colour = shade(layer.colour);
  mark.style.borderColor = colour;
  mark.style.backgroundColor = outlined ? "transparent" : layer.role === "area" ? `${colour}55` : colour;
  return mark;
}

/** The address if it is a web address, else null. */
export function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export const find = (id) => document.getElementById(id);
