/** What the person wants to send. */
export interface SourceChoice {
  kind: "camera" | "screen";
  /** Device id; empty for the browser's choice. */
  camera: string;
  /** Device id; empty for the browser's choice, `none` for no microphone. */
  microphone: string;
  /** Wanted height of the picture in pixels. */
  height: number;
  stereo: boolean;
}

/** Picture and sound from this computer, until closed. */
export class Source {
  readonly kind: SourceChoice["kind"];
  readonly stream: MediaStream;
  readonly #captured: MediaStream[];
  readonly #mixer: AudioContext | undefined;

  private constructor(
    kind: SourceChoice["kind"],
    stream: MediaStream,
    captured: MediaStream[],
    mixer?: AudioContext,
  ) {
    this.kind = kind;
    this.stream = stream;
    this.#captured = captured;
    this.#mixer = mixer;
  }

  static async open(choice: SourceChoice): Promise<Source> {
    return choice.kind === "camera" ? Source.#camera(choice) : Source.#screen(choice);
  }

  get video(): MediaStreamTrack | undefined {
    return this.stream.getVideoTracks()[0];
  }

  get audio(): MediaStreamTrack | undefined {
    return this.stream.getAudioTracks()[0];
  }

  close(): void {
    for (const stream of this.#captured) for (const track of stream.getTracks()) track.stop();
    this.#mixer?.close();
  }

  static async #camera(choice: SourceChoice): Promise<Source> {
    const video: MediaTrackConstraints = {
      ...(choice.camera && { deviceId: { exact: choice.camera } }),
      width: { ideal: Math.round((choice.height * 16) / 9) },
      height: { ideal: choice.height },
      frameRate: { ideal: 30, max: 30 },
    };
    const stream = await devices()
      .getUserMedia({ video, audio: microphone(choice) })
      .catch((error) => {
        // A computer without a microphone can still show a picture.
        if (error.name !== "NotFoundError" || choice.microphone !== "") throw error;
        return devices().getUserMedia({ video });
      });
    return new Source("camera", hinted(stream, "motion"), [stream]);
  }

  static async #screen(choice: SourceChoice): Promise<Source> {
    const screen = await devices().getDisplayMedia({
      video: { height: { max: choice.height }, frameRate: { ideal: 30, max: 30 } },
      audio: true,
    });
    hinted(screen, "detail");
    const audio = microphone(choice);
    const voice =
      audio &&
      (await devices()
        .getUserMedia({ audio })
        .catch(() => undefined));
    if (!voice) return new Source("screen", screen, [screen]);
    if (screen.getAudioTracks().length === 0) {
      const both = new MediaStream([...screen.getVideoTracks(), ...voice.getAudioTracks()]);
      return new Source("screen", both, [screen, voice]);
    }
    const mixer = new AudioContext();
    const mixed = mixer.createMediaStreamDestination();
    for (const part of [screen, voice]) mixer.createMediaStreamSource(part).connect(mixed);
    const stream = new MediaStream([...screen.getVideoTracks(), ...mixed.stream.getAudioTracks()]);
    return new Source("screen", stream, [screen, voice], mixer);
  }
}

/** What went wrong when a source was opened, in words that help. */
export function explain(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  switch (name) {
    case "NotAllowedError":
      return "The browser did not get permission. Allow camera and microphone beside the address bar, then try again.";
    case "NotFoundError":
      return "No camera was found. Connect one, or share your screen.";
    case "NotReadableError":
      return "The camera or microphone is in use by another program.";
    case "OverconstrainedError":
      return "The chosen camera or microphone is no longer there. Choose another one.";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function devices(): MediaDevices {
  if (!navigator.mediaDevices) {
    throw new Error(
      "Browsers give camera and screen only to https pages and to localhost. Open this page by https.",
    );
  }
  return navigator.mediaDevices;
}

function microphone(choice: SourceChoice): MediaTrackConstraints | false {
  if (choice.microphone === "none") return false;
  const clean = !choice.stereo;
  return {
    ...(choice.microphone && { deviceId: { exact: choice.microphone } }),
    channelCount: { ideal: choice.stereo ? 2 : 1 },
    echoCancellation: clean,
    noiseSuppression: clean,
    autoGainControl: clean,
  };
}

function hinted(stream: MediaStream, hint: "motion" | "detail"): MediaStream {
  for (const track of stream.getVideoTracks()) track.contentHint = hint;
  return stream;
}
