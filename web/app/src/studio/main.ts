import "../style/base.css";
import "../style/studio.css";
import { type PublisherState, WhipPublisher } from "@headwater/client";
import { tokenOfPage } from "../page/address.ts";
import { byId, setText, showState } from "../page/element.ts";
import { Numbers } from "./numbers.ts";
import {
  encodingChoice,
  listCodecs,
  listDevices,
  lockEncoding,
  onSourceChange,
  setKind,
  showFieldsOf,
  sourceChoice,
} from "./settings.ts";
import { lockStreamName, startShare, streamName } from "./share.ts";
import { explain, Source } from "./source.ts";

const STATES: Record<PublisherState, string> = {
  idle: "Not live",
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  ended: "Not live",
  failed: "Not live",
};

const preview = byId("preview", HTMLVideoElement);
const goLive = byId("go-live", HTMLButtonElement);

const publisher = new WhipPublisher();
const numbers = new Numbers(publisher);
let source: Source | undefined;

function onAir(): boolean {
  return ["connecting", "live", "reconnecting"].includes(publisher.state);
}

async function start(): Promise<void> {
  const stream = streamName();
  if (!stream) {
    byId("stream-name", HTMLInputElement).focus();
    throw new Error("Give the stream a name first.");
  }
  source ??= await open();
  await publisher.publish(source.stream, {
    url: `/whip/${stream}`,
    token: tokenOfPage(),
    ...encodingChoice(),
  });
}

async function open(): Promise<Source> {
  const opened = await Source.open(sourceChoice());
  // The person may stop sharing in the browser's own bar.
  opened.video?.addEventListener("ended", () => {
    if (source === opened) stop();
  });
  show(opened);
  await listDevices();
  return opened;
}

/** Opens the source anew as chosen; while live it takes the place of the old one. */
async function change(): Promise<void> {
  showFieldsOf(sourceChoice().kind);
  if (!source) return;
  const old = source;
  try {
    source = await open();
  } catch (error) {
    setKind(old.kind);
    throw error;
  }
  if (onAir()) {
    for (const track of source.stream.getTracks()) await publisher.replace(track);
  }
  old.close();
}

function stop(): void {
  publisher.stop();
  source?.close();
  source = undefined;
  show(undefined);
}

function show(shown: Source | undefined): void {
  preview.srcObject = shown?.stream ?? null;
  preview.classList.toggle("mirrored", shown?.kind === "camera");
  byId("empty", HTMLElement).hidden = shown !== undefined;
  if (shown) preview.play().catch(() => {});
}

/** Runs what a person asked for and tells them when it fails. */
async function act(action: () => Promise<void>): Promise<void> {
  setText("message", "");
  goLive.disabled = true;
  try {
    await action();
  } catch (error) {
    setText("message", explain(error));
  } finally {
    goLive.disabled = false;
  }
}

publisher.on("error", (error) => setText("message", explain(error)));
publisher.on("state", (state) => {
  showState(state, STATES[state]);
  const live = onAir();
  goLive.textContent = live ? "Stop" : "Go live";
  goLive.toggleAttribute("data-live", live);
  lockStreamName(live);
  lockEncoding(live, source?.audio !== undefined);
  if (state === "live") {
    setText("message", "");
    numbers.start(streamName() ?? "");
  }
  if (!live) numbers.stop();
});

goLive.addEventListener("click", () => (onAir() ? stop() : act(start)));
byId("show-preview", HTMLButtonElement).addEventListener("click", () =>
  act(async () => {
    source = await open();
  }),
);
onSourceChange(() => act(change));
navigator.mediaDevices?.addEventListener("devicechange", listDevices);
// A page brought back from the browser's cache has lost its session and camera.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

startShare();
listCodecs();
listDevices();
