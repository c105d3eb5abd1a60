// Puts the viewer together.

import { getUnplaced, getManifest, getStyle } from "./api.js";
import { showAbout } from "./about.js";
import { UnplacedLists } from "./area.js";
import { Cards } from "./card.js";
import { find } from "./dom.js";
import { showUnplaced } from "./unplaced.js";
import { applyLanguage, onLanguage, setLanguage, word } from "./language.js";
import { drawLayer, layersOf, listLayers } from "./layers.js";
import { createMap, followReader, isPhone } from "./map.js";
import { announce } from "./panel.js";
import { listen } from "./picking.js";
import { listenToSearch } from "./search.js";
import { addSelection, remembered } from "./selection.js";
import { onScheme } from "./theme.js";

async function start() {
  applyLanguage();
  listenToPage();
  const manifest = await getManifest();
  const style = await getStyle(manifest);
  const map = createMap(style);
  const layers = layersOf(manifest, style);
  const loaded = map.once("load");
  const drawn = Promise.all([loaded, getUnplaced(manifest)]).then(([, unplaced]) => drawMap(map, unplaced, layers));
  showAbout(manifest);
  listLayers(layers, (layer) => drawn.then((redraw) => (drawLayer(map, layer), redraw())));
  applyLanguage();
  await drawn;
  await map.once("idle");
  globalThis.onemap = { map }; // for the browser's console, and for tests
  document.body.dataset.ready = "true";
}

/** What needs the map to be there; answers the function that counts the unplaced places anew. */
async function drawMap(map, unplaced, layers) {
  followReader(map);
  const redraw = showUnplaced(map, unplaced, layers);
  addSelection(map);
  const travel = (layer, id) => cards.show(layer, id, { travel: true });
  const lists = new UnplacedLists(map, layers, travel);
  const cards = new Cards(map, layers, unplaced, (code) => lists.show(code));
  listen(map, layers, cards, lists);
  listenToSearch(layers, ({ layer, feature_id }) => travel(layer, feature_id));
  onScheme(applyLanguage); // the legend is written anew in the other colours
  onLanguage(() => (lists.open ? lists.redraw() : cards.redraw()));
  applyLanguage();
  const linked = remembered();
  if (linked) await travel(linked.layer, linked.id);
  return redraw;
}

function listenToPage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => setLanguage(button.dataset.language));
  }
  const notice = find("notice");
  notice.addEventListener("click", () => notice.setAttribute("aria-expanded", String(notice.getAttribute("aria-expanded") !== "true")));
  const handle = find("handle");
  const fold = (open) => handle.setAttribute("aria-expanded", String(open));
  handle.addEventListener("click", () => isPhone() && fold(handle.getAttribute("aria-expanded") !== "true"));
  fold(!isPhone());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(".maplibregl-canvas")?.focus();
  });
}

start().catch((error) => {
  console.error(error);
  announce(word("failed"));
});
