import type { Page } from "playwright-core";

/*
 * A picture that carries the time at which it was drawn: 32 bits of milliseconds as black
 * and white blocks, in two rows of 16, and below them the same bits inverted as a check.
 */

/** Runs in the publisher's page before its scripts: the camera becomes a canvas with the clock. */
export function clockCamera(): void {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream(0).getVideoTracks() as CanvasCaptureMediaStreamTrack[];
  const draw = () => {
    if (!context || !track) return;
    const now = Math.round(performance.timeOrigin + performance.now()) >>> 0;
    context.fillStyle = `hsl(${(now / 20) % 360} 60% 45%)`;
    context.fillRect(0, 320, 1280, 400);
    context.fillStyle = "#fff";
    context.fillRect((now / 5) % 1180, 400, 100, 200);
    for (let bit = 0; bit < 64; bit += 1) {
      const one = ((now >>> (bit % 32)) & 1) === 1;
      context.fillStyle = one === bit < 32 ? "#fff" : "#000";
      context.fillRect((bit % 16) * 80, Math.floor(bit / 16) * 80, 80, 80);
    }
    track.requestFrame();
  };
  setInterval(draw, 1000 / 30);
  navigator.mediaDevices.getUserMedia = async () => new MediaStream(track ? [track] : []);
}

/** Reads the clock from the frames that the page shows for `seconds`: how old each was, in ms. */
export function frameAges(page: Page, seconds: number): Promise<number[]> {
  return page.evaluate(ages, seconds * 1000);
}

function ages(durationMs: number): Promise<number[]> {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const found: number[] = [];
  const read = () => {
    if (!video || !context) return;
    const now = Math.round(performance.timeOrigin + performance.now()) >>> 0;
    video.requestVideoFrameCallback(read);
    context.drawImage(video, 0, 0, 320, 180);
    const { data } = context.getImageData(0, 0, 320, 80);
    let [drawn, check] = [0, 0];
    for (let bit = 0; bit < 64; bit += 1) {
      const [x, y] = [(bit % 16) * 20 + 10, Math.floor(bit / 16) * 20 + 10];
      const one = (data[4 * (y * 320 + x) + 1] ?? 0) > 127 ? 1 : 0;
      if (bit < 32) drawn += one * 2 ** bit;
      else check += (1 - one) * 2 ** (bit - 32);
    }
    if (drawn === check) found.push((now - drawn) | 0);
  };
  video?.requestVideoFrameCallback(read);
  return new Promise((done) => setTimeout(() => done(found), durationMs));
}
