// The release's tiles: one PMTiles file, of which the map reads ranges.

const { PMTiles, Protocol } = globalThis.pmtiles;
const SPAN = /^bytes (\d+)-(\d+)\//;

/**
 * The file's bytes. A range that comes shorter than it says is fetched again past the browser's cache:
 * where a request was called off, Chromium's may keep the beginning and hand it out as the whole.
 */
class Ranges {
  constructor(url) {
    this.url = url;
  }

  getKey() {
    return this.url;
  }

  async getBytes(offset, length, signal) {
    const headers = { range: `bytes=${offset}-${offset + length - 1}` };
    for (const cache of ["default", "no-store"]) {
      const response = await fetch(this.url, { headers, signal, cache });
      const [, first, last] = SPAN.exec(response.headers.get("content-range")) ?? [];
      if (response.status !== 206 || !last) throw new Error(`${this.url}: ${response.status} and no range`);
      const data = await response.arrayBuffer();
      if (data.byteLength === last - first + 1) return { data };
    }
    throw new Error(`${this.url}: bytes ${offset} to ${offset + length - 1} come cut`);
  }
}

/** A loader of MapLibre's for `pmtiles://` addresses of this archive. */
export function tilesOf(address) {
  const protocol = new Protocol();
  protocol.add(new PMTiles(new Ranges(address.replace("pmtiles://", ""))));
  return protocol.tile;
}
