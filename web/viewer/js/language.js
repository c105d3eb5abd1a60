// The reader's language, and what changes when it changes.

import { WORDS } from "./words.js";

const KEPT = "onemap-language";
const listeners = [];
let current = kept() ?? (navigator.language.toLowerCase().startsWith("th") ? "th" : "en");

export const language = () => current;
export const otherLanguage = () => (current === "th" ? "en" : "th");

/** A word of the interface; `{0}` and so on are filled in. */
export function word(key, ...values) {
  return WORDS[key][current].replace(/\{(\d)\}/g, (_, index) => values[index]);
}

/** `{th, en}` in the reader's language, or in the other one where that is missing. */
export const say = (text) => text?.[current] || text?.[otherLanguage()] || "";

/** The same in the other language, if it says something else. */
export function sayOther(text) {
  const other = text?.[otherLanguage()];
  return other && other !== say(text) ? other : "";
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function setLanguage(language) {
  current = language;
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // A browser that keeps nothing still switches.
  }
  applyLanguage();
}

/** Write all words of the page, and tell whoever listens. */
export function applyLanguage() {
  document.documentElement.lang = current;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(element.dataset.word);
  }
  for (const element of document.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", word(element.dataset.wordLabel));
  }
  for (const element of document.querySelectorAll("[data-word-placeholder]")) {
    element.setAttribute("placeholder", word(element.dataset.wordPlaceholder));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === current));
  }
  for (const listener of listeners) listener(current);
}

function kept() {
  try {
    const language = localStorage.getItem(KEPT);
    return language === "th" || language === "en" ? language : null;
  } catch {
    return null;
  }
}
