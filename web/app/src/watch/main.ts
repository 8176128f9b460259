import "../style/base.css";
import "../style/watch.css";
import { WhepPlayer } from "@headwater/client";
import { streamOfPath, tokenOfPage } from "../page/address.ts";
import { byId, setText } from "../page/element.ts";
import { startControls } from "./controls.ts";
import { Cover } from "./cover.ts";
import { startFullScreen, toggleFullScreen } from "./full-screen.ts";
import { startLayerMenu } from "./layer-menu.ts";
import { startNumbers } from "./numbers.ts";
import { startPlaying, startSound, toggleMute } from "./sound.ts";

const KEYS: Record<string, () => void> = { m: toggleMute, f: toggleFullScreen };

function watch(stream: string): void {
  const player = new WhepPlayer();
  const cover = new Cover(stream);
  const show = () => cover.show(player.state, player.wasLive, problem);
  let problem = "";

  player.on("state", (state) => {
    if (state === "live") problem = "";
    show();
  });
  player.on("error", (error) => {
    problem = error.message;
    show();
  });
  attach(player);
  startLayerMenu(player);
  startNumbers(player);

  const play = () =>
    player.play(`/whep/${stream}`, { token: tokenOfPage() }).catch(() => {
      // The cover tells.
    });
  byId("retry", HTMLButtonElement).addEventListener("click", play);
  play();
}

/** A video that waits for media would hold up the page's load event, and the browser's spinner. */
function attach(player: WhepPlayer): void {
  if (document.readyState !== "complete") {
    addEventListener("load", () => attach(player), { once: true });
    return;
  }
  byId("video", HTMLVideoElement).srcObject = player.stream;
  startPlaying();
}

startSound();
startFullScreen();
startControls();
addEventListener("keydown", (event) => {
  const inField = event.target instanceof HTMLElement && event.target.matches("input, select");
  if (!inField && !event.ctrlKey && !event.metaKey && !event.altKey) KEYS[event.key]?.();
});
// A page brought back from the browser's cache has lost its session.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

const stream = streamOfPath(location.pathname);
if (stream) {
  document.title = `${stream} · Headwater`;
  setText("stream", stream);
  watch(stream);
} else {
  setText("stream", "No stream");
  new Cover("").show(
    "failed",
    false,
    "The address names no stream: it ends in /watch/ and a name.",
  );
}
