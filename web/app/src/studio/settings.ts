import type { LayerCount, VideoCodec } from "@headwater/client";
import { byId } from "../page/element.ts";
import type { SourceChoice } from "./source.ts";

const camera = byId("camera", HTMLSelectElement);
const microphone = byId("microphone", HTMLSelectElement);
const quality = byId("quality", HTMLSelectElement);
const layers = byId("layers", HTMLSelectElement);
const codec = byId("codec", HTMLSelectElement);
const stereo = byId("stereo", HTMLInputElement);
const kinds = [...document.querySelectorAll<HTMLInputElement>("input[name=source]")];

const CODECS: Record<VideoCodec, string> = { VP8: "VP8", H264: "H.264", VP9: "VP9", AV1: "AV1" };

/** What the person has chosen on the page. */
export function sourceChoice(): SourceChoice {
  return {
    kind: kinds.find((kind) => kind.checked)?.value === "screen" ? "screen" : "camera",
    camera: camera.value,
    microphone: microphone.value,
    height: Number(quality.value),
    stereo: stereo.checked,
  };
}

/** Puts the choice back, when what was chosen could not be had. */
export function setKind(kind: SourceChoice["kind"]): void {
  for (const input of kinds) input.checked = input.value === kind;
  showFieldsOf(kind);
}

export function showFieldsOf(kind: SourceChoice["kind"]): void {
  byId("camera-field", HTMLElement).hidden = kind === "screen";
}

export function encodingChoice() {
  return {
    codec: (codec.value || undefined) as VideoCodec | undefined,
    layers: Number(layers.value) as LayerCount,
    stereo: stereo.checked,
  };
}

/** Calls back when another source is wanted. */
export function onSourceChange(changed: () => void): void {
  for (const input of [...kinds, camera, microphone, quality, stereo]) {
    input.addEventListener("change", changed);
  }
}

/** What is agreed with the server when going live cannot change until the stream stops. */
export function lockEncoding(locked: boolean, hasSound: boolean): void {
  for (const input of [layers, codec, stereo]) input.disabled = locked;
  microphone.disabled = locked && !hasSound;
}

/** Lists the codecs that this browser can send. */
export function listCodecs(): void {
  const known = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  for (const [name, label] of Object.entries(CODECS)) {
    if (known.some(({ mimeType }) => mimeType.toLowerCase() === `video/${name.toLowerCase()}`)) {
      codec.append(new Option(label, name));
    }
  }
}

/** Lists cameras and microphones; they have names only once one of them may be used. */
export async function listDevices(): Promise<void> {
  const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  fill(camera, found, "videoinput", [new Option("Default camera", "")]);
  fill(microphone, found, "audioinput", [
    new Option("Default microphone", ""),
    new Option("No microphone", "none"),
  ]);
}

function fill(
  select: HTMLSelectElement,
  found: MediaDeviceInfo[],
  kind: MediaDeviceKind,
  fixed: HTMLOptionElement[],
): void {
  const chosen = select.value;
  const named = found.filter((d) => d.kind === kind && d.label !== "" && d.deviceId !== "default");
  select.replaceChildren(...fixed, ...named.map((d) => new Option(d.label, d.deviceId)));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}
