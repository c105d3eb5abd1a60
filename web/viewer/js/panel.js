// The panel on the right (a sheet on a phone): opens with content, closes with Escape.

import { el, find, icon } from "./dom.js";
import { word } from "./language.js";

let returnTo = null;
let closed = () => {};

/** Shows content under a head; `onClose` is called when the reader closes it. */
export function openPanel({ kind, title, other, body }, onClose) {
  const panel = find("detail");
  if (panel.hidden) returnTo = document.activeElement;
  closed = onClose;
  const close = el("button", { type: "button", class: "close", "aria-label": word("close"), click: closePanel }, icon("M5 5l10 10", "M15 5 5 15"));
  const head = el("header", {}, el("p", { class: "kind" }, ...kind), el("h2", { id: "detail-title" }, title), other ? el("p", { class: "other" }, other) : null, close);
  panel.replaceChildren(head, el("div", { class: "body" }, ...body));
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("reading");
  panel.focus({ preventScroll: true });
}

export function closePanel() {
  const panel = find("detail");
  if (panel.hidden) return;
  panel.hidden = true;
  document.body.classList.remove("reading");
  closed();
  if (returnTo?.isConnected) returnTo.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) closePanel();
});

let fading = 0;

/** Says something in passing, to eyes and to screen readers. */
export function announce(text, { quiet = false } = {}) {
  const status = find("status");
  status.classList.toggle("quiet", quiet);
  status.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => (status.textContent = ""), 4000);
}
