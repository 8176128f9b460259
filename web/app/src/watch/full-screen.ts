import { byId } from "../page/element.ts";

const stage = byId("stage", HTMLElement);
const video = byId("video", HTMLVideoElement);

export function toggleFullScreen(): void {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (stage.requestFullscreen) stage.requestFullscreen();
  // An iPhone shows only the video itself full screen.
  else if ("webkitEnterFullscreen" in video) (video.webkitEnterFullscreen as () => void)();
}

export function startFullScreen(): void {
  const button = byId("fullscreen", HTMLButtonElement);
  button.addEventListener("click", toggleFullScreen);
  video.addEventListener("dblclick", toggleFullScreen);
  document.addEventListener("fullscreenchange", () => {
    button.ariaLabel = document.fullscreenElement ? "Leave full screen" : "Full screen";
  });
}
