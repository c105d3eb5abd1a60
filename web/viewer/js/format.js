// Numbers, dates and units as a Thai or an English reader writes them.

import { language, say, word } from "./language.js";
import { CATEGORIES } from "./words.js";

const LOCALES = { th: "th-TH-u-ca-buddhist-nu-latn", en: "en-GB" };
const UNITS = {
  m2: { th: "ตร.ม.", en: "m²" },
  person: { th: "คน", en: "people" },
  household: { th: "ครัวเรือน", en: "households" },
  bed: { th: "เตียง", en: "beds" },
};
const RAI_M2 = 1600;
const NGAN_M2 = 400;
const WAH_M2 = 4;

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(LOCALES[language()], { maximumFractionDigits: digits }).format(value);

/** An ISO date or time as a day in Bangkok; the Buddhist year for Thai readers. */
export function day(iso) {
  if (!iso) return "";
  const dated = iso.length === 10 ? `${iso}T12:00:00+07:00` : iso;
  const format = { dateStyle: "long", timeZone: "Asia/Bangkok" };
  return new Intl.DateTimeFormat(LOCALES[language()], format).format(new Date(dated));
}

/** How old a source's content is: its date where the agency states one, else when it was fetched. */
export function dateOf({ as_of, fetched_on }) {
  if (as_of) return word("asOf", day(as_of));
  return fetched_on ? word("fetchedOn", day(fetched_on)) : "";
}

/** `{text, note}` of a value in its column; null where there is none. */
export function shown({ type, unit, value }) {
  if (value === null || value === undefined || value === "") return null;
  if (type === "category") return { text: say(CATEGORIES[value]) || value.replaceAll("_", " ") };
  if (type === "boolean") return { text: word(value ? "yes" : "no") };
  if (type === "date") return { text: day(value) };
  if (type === "year") return { text: String(language() === "th" ? value + 543 : value), note: language() === "th" ? `ค.ศ. ${value}` : null };
  if (type === "integer" || type === "number") return quantity(value, unit);
  return { text: String(value) };
}

function quantity(value, unit) {
  const name = UNITS[unit] ? ` ${say(UNITS[unit])}` : unit ? ` ${unit}` : "";
  const text = `${number(value, value < 100 ? 1 : 0)}${name}`;
  return { text, note: unit === "m2" && language() === "th" ? raiNganWah(value) : null };
}

/** Square metres in the measures that land is known by: 1 rai = 4 ngan = 400 square wah. */
function raiNganWah(squareMetres) {
  const rai = Math.floor(squareMetres / RAI_M2);
  const ngan = Math.floor((squareMetres % RAI_M2) / NGAN_M2);
  const wah = Math.round((squareMetres % NGAN_M2) / WAH_M2);
  const parts = [[rai, "ไร่"], [ngan, "งาน"], [wah, "ตร.ว."]].filter(([count]) => count > 0);
  return parts.map(([count, name]) => `${number(count)} ${name}`).join(" ") || null;
}

/** An area with its word before it (เขตจตุจักร, Khet Chatuchak). */
export function areaName(area) {
  if (!area) return "";
  if (!area.term) return say(area);
  return language() === "th" ? `${area.term.th}${say(area)}` : `${area.term.en} ${say(area)}`;
}

/** Subdistrict and district in one line. */
export const areaLine = (place) =>
  [place.subdistrict, place.district].filter(Boolean).map(areaName).join(language() === "th" ? " " : ", ");
