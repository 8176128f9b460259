import type { Layer, WhepPlayer } from "@headwater/client";
import { byId } from "../page/element.ts";
import { bitrate } from "../page/format.ts";

/** The rids that our own publishers send. */
const NAMES: Record<string, string> = { l: "Low", m: "Medium", h: "High" };

export function layerName({ rid, height }: Layer): string {
  return height ? `${height}p` : (NAMES[rid] ?? rid);
}

/** Lets the viewer choose a layer, or leave it to the network. */
export function startLayerMenu(player: WhepPlayer): void {
  const menu = byId("layer", HTMLSelectElement);
  const field = menu.closest("label");
  const show = (layers: Layer[]) => {
    const best = [...layers].reverse();
    menu.replaceChildren(
      new Option("Auto", "auto"),
      ...best.map((layer) => {
        const rate = layer.active ? bitrate(layer.bitrate) : "off";
        const option = new Option(`${layerName(layer)} · ${rate}`, layer.rid);
        option.disabled = !layer.active && layer.rid !== player.choice;
        return option;
      }),
    );
    menu.value = player.choice;
    if (field) field.hidden = layers.length < 2;
  };
  player.on("layers", (layers) => {
    // Changing the list under an open menu would close it.
    if (document.activeElement !== menu) show(layers);
  });
  menu.addEventListener("change", () => {
    player.choose(menu.value).catch(() => {
      menu.value = "auto";
    });
    menu.blur();
  });
  show([]);
}
