import type { RoomPublishOptions } from "./local-stream.ts";

const PICTURE: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};

/** What to open, and how to publish it. */
export interface CameraOptions extends RoomPublishOptions {
  /** The microphone, or what it shall be like; `false` for none. Default `true`. */
  audio?: boolean | MediaTrackConstraints | undefined;
  /** The camera, or what it shall be like; `false` for none. Default: about 1280×720. */
  video?: boolean | MediaTrackConstraints | undefined;
  /** Of `navigator.mediaDevices.enumerateDevices()`. */
  audioDevice?: string | undefined;
  videoDevice?: string | undefined;
}

/** What to share, and how to publish it. */
export interface ScreenOptions extends RoomPublishOptions {
  /** Also what it sounds like, where the browser can. Default `true`. */
  audio?: boolean | MediaTrackConstraints | undefined;
  video?: boolean | MediaTrackConstraints | undefined;
}

/** Opens camera and microphone. */
export function openCamera(options: CameraOptions = {}): Promise<MediaStream> {
  const { audio = true, video = true, audioDevice, videoDevice } = options;
  return navigator.mediaDevices.getUserMedia({
    audio: constraints(audio, {}, audioDevice),
    video: constraints(video, PICTURE, videoDevice),
  });
}

/** Asks what to share. */
export function openScreen({ audio = true, video = true }: ScreenOptions): Promise<MediaStream> {
  return navigator.mediaDevices.getDisplayMedia({ audio, video });
}

/** Opens another device in place of the one that `former` comes from. */
export async function openInstead(
  former: MediaStreamTrack,
  deviceId: string,
): Promise<MediaStreamTrack> {
  const wanted = { ...former.getConstraints(), deviceId: { exact: deviceId } };
  const open = async () => {
    const media = await navigator.mediaDevices.getUserMedia({ [former.kind]: wanted });
    const [track] = media.getTracks();
    if (!track) throw new Error("The device gives nothing.");
    return track;
  };
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotReadableError")) throw error;
    // Many phones have only one camera open at a time.
    former.stop();
    return open();
  }
}

function constraints(
  wanted: boolean | MediaTrackConstraints,
  usual: MediaTrackConstraints,
  deviceId: string | undefined,
): boolean | MediaTrackConstraints {
  if (wanted === false) return false;
  const { ...chosen } = wanted === true ? usual : wanted;
  return deviceId === undefined ? chosen : { ...chosen, deviceId: { exact: deviceId } };
}
