import { byId } from "../page/element.ts";

const stage = byId("stage", HTMLElement);
const video = byId("video", HTMLVideoElement);
const unmute = byId("unmute", HTMLButtonElement);
const mute = byId("mute", HTMLButtonElement);
const volume = byId("volume", HTMLInputElement);

/** Plays with sound where the browser lets us, else without and with a button to turn it on. */
export async function startPlaying(): Promise<void> {
  try {
    await video.play();
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    video.muted = true;
    unmute.hidden = false;
    await video.play().catch(() => {});
  }
}

export function toggleMute(): void {
  video.muted = !video.muted;
}

export function startSound(): void {
  mute.addEventListener("click", toggleMute);
  unmute.addEventListener("click", () => {
    video.muted = false;
    mute.focus();
  });
  volume.addEventListener("input", () => {
    video.volume = Number(volume.value);
    video.muted = video.volume === 0;
  });
  video.addEventListener("volumechange", () => {
    stage.classList.toggle("muted", video.muted);
    mute.ariaLabel = video.muted ? "Unmute" : "Mute";
    if (!video.muted) unmute.hidden = true;
  });
}
