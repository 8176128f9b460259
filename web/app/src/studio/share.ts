import { isStreamName, watchUrl } from "../page/address.ts";
import { byId, setText } from "../page/element.ts";
import { randomStreamName } from "./stream-name.ts";

const COPIED_MS = 2_000;

const input = byId("stream-name", HTMLInputElement);
const hint = byId("stream-name-hint", HTMLElement);
const link = byId("share-link", HTMLInputElement);
const copy = byId("copy-link", HTMLButtonElement);
const qr = byId("qr", HTMLElement);
const qrButton = byId("show-qr", HTMLButtonElement);

/** The stream's name; `undefined` while the field holds none. */
export function streamName(): string | undefined {
  const name = input.value.trim();
  return isStreamName(name) ? name : undefined;
}

export function lockStreamName(locked: boolean): void {
  input.disabled = locked;
}

export function startShare(): void {
  const address = new URL(location.href);
  input.value = address.searchParams.get("stream") || randomStreamName();
  input.addEventListener("input", update);
  copy.addEventListener("click", copyLink);
  link.addEventListener("focus", () => link.select());
  qrButton.addEventListener("click", () => {
    qr.hidden = !qr.hidden;
    qrButton.ariaExpanded = String(!qr.hidden);
    drawCode();
  });
  update();
}

function update(): void {
  const name = streamName();
  input.setAttribute("aria-invalid", String(!name));
  hint.classList.toggle("bad", !name);
  link.value = name ? watchUrl(name) : "";
  for (const button of [copy, qrButton]) button.disabled = !name;
  if (!name) return;
  // A reload, or a bookmark, keeps the stream.
  const address = new URL(location.href);
  address.searchParams.set("stream", name);
  history.replaceState(null, "", address);
  drawCode();
}

async function copyLink(): Promise<void> {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
  } catch {
    // Without https there is no clipboard; the selection can be copied by hand.
    return setText("copy-link", "Press Ctrl+C");
  }
  setText("copy-link", "Copied");
  setTimeout(() => setText("copy-link", "Copy link"), COPIED_MS);
}

async function drawCode(): Promise<void> {
  if (qr.hidden || !link.value) return;
  const { toString: draw } = await import("qrcode");
  qr.innerHTML = await draw(link.value, { type: "svg", margin: 0 });
}
