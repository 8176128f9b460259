import type { WhepPlayer } from "@headwater/client";
import { byId, setText } from "../page/element.ts";
import { bitrate, milliseconds, resolution } from "../page/format.ts";
import { layerName } from "./layer-menu.ts";

const EVERY_MS = 1_000;

/** Shows what arrives, for as long as the page is open. */
export function startNumbers(player: WhepPlayer): void {
  player.on("viewers", (viewers) => {
    setText("viewers", String(viewers));
    byId("audience", HTMLElement).hidden = false;
  });
  const names = new Map<string, string>();
  player.on("layers", (layers) => {
    names.clear();
    for (const layer of layers) names.set(layer.rid, layerName(layer));
    if (layers.length < 2) setText("stat-layer", "only one");
  });
  player.on("layer", (rid) => setText("stat-layer", names.get(rid) ?? rid));
  setInterval(async () => {
    if (player.state !== "live") return;
    const stats = await player.stats();
    if (!stats) return;
    setText("stat-delay", milliseconds(stats.delayMs));
    setText("stat-resolution", resolution(stats.width, stats.height));
    setText("stat-fps", `${stats.fps} fps`);
    setText("stat-bitrate", bitrate(stats.bitrate));
    setText("stat-lost", String(stats.packetsLost));
    setText("stat-freezes", String(stats.freezes));
  }, EVERY_MS);
}
