// What the server is asked for.

/** Why a request failed: `code` and a sentence from the server. */
export class ApiError extends Error {
  constructor(status, code, description) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

export async function getJson(path, options = {}) {
  const response = await fetch(path, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body.code, body.description);
  return body;
}

export const getManifest = () => getJson("/manifest.json");
/** The release's style, with its placeholders filled in for this page (docs/map-style.md). */
export const getStyle = async (manifest) => {
  const path = `/releases/${manifest.release}`;
  const style = await getJson(`${path}/${manifest.files.style.path}`);
  const text = JSON.stringify(style).replaceAll("{base}", location.origin + path);
  return JSON.parse(text.replaceAll("{fonts}", `${location.origin}/vendor/fonts`));
};
export const getUnplaced = (manifest) => getJson(`/releases/current/${manifest.files.unplaced.path}`);
export const getPlace = (layer, id, options) =>
  getJson(`/places/${encodeURIComponent(layer)}/${encodeURIComponent(id)}`, options);
export const getUnplacedAt = (code) => getJson(`/unplaced?area=${encodeURIComponent(code)}`);
export const search = (query, options) =>
  getJson(`/search?limit=20&q=${encodeURIComponent(query)}`, options);
