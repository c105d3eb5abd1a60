// What this map is: title, notice, release, and who it is from.

import { getManifest } from "./api.js";
import { el, find } from "./dom.js";
import { dateOf, day } from "./format.js";
import { onLanguage, say, word } from "./language.js";
import { announce } from "./panel.js";

const LOOK_AGAIN_MS = 5 * 60 * 1000;

export function showAbout(manifest) {
  onLanguage(() => {
    document.title = say(manifest.title);
    find("title").textContent = say(manifest.title);
    const notice = say(manifest.notice) || (manifest.sample ? word("sampleNotice") : "");
    find("notice").firstElementChild.textContent = notice;
    find("notice").classList.toggle("sample", manifest.sample);
    find("notice").hidden = !notice;
    const said = [word("release", manifest.release), ...dates(manifest)];
    find("release").replaceChildren(...said.flatMap((part) => [" · ", el("span", {}, part)]).slice(1));
    find("sources").replaceChildren(...manifest.sources.map(source));
  });
  setInterval(() => lookForNewer(manifest), LOOK_AGAIN_MS);
}

/** A map's two dates: the newest that an agency states, and the day when files were fetched. */
const dates = ({ data_as_of, fetched_on }) =>
  [data_as_of && word("asOf", day(data_as_of)), fetched_on && word("fetchedOn", day(fetched_on))].filter(Boolean);

function source({ agency, title, licence, ...dated }) {
  const details = [dateOf(dated), say(licence)].filter(Boolean).join(" · ");
  return el("li", {}, el("strong", {}, say(title)), el("span", {}, `${say(agency)} · ${details}`));
}

async function lookForNewer(manifest) {
  try {
    const newer = await getManifest();
    if (newer.release !== manifest.release) announce(word("newRelease", newer.release));
  } catch {
    // The next look may do better.
  }
}
