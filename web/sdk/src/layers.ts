/** One encoding of the video that a viewer may choose. */
export interface Layer {
  rid: string;
  active: boolean;
  /** In bit/s; 0 when unknown. */
  bitrate: number;
  /** In pixels, where the server tells. */
  width: number | undefined;
  height: number | undefined;
}

/** What a viewer wants: a rid, or what the network allows. */
export type LayerChoice = "auto" | (string & {});

interface WireLayer {
  rid?: string;
  bitrate?: number;
  width?: number;
  height?: number;
}

/**
 * Reads a `layers` event: per m-line or medium an array of layers, of which those with a rid are
 * alternatives to choose from; temporal layers of one rid are merged. Worst first.
 */
export function parseLayers(data: string): Layer[] {
  const merged = new Map<string, Layer>();
  for (const wire of Object.values(JSON.parse(data) as Record<string, WireLayer[]>).flat()) {
    if (wire.rid === undefined) continue;
    const known = merged.get(wire.rid);
    const bitrate = Math.max(known?.bitrate ?? 0, wire.bitrate ?? 0);
    merged.set(wire.rid, {
      rid: wire.rid,
      active: bitrate > 0,
      bitrate,
      width: wire.width ?? known?.width,
      height: wire.height ?? known?.height,
    });
  }
  // Bitrates of inactive layers say nothing: those stay where the server put them.
  const byRate = (a: Layer, b: Layer) => (a.active && b.active ? a.bitrate - b.bitrate : 0);
  return [...merged.values()].sort((a, b) => (a.height ?? 0) - (b.height ?? 0) || byRate(a, b));
}
