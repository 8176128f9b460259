import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { recordPeers } from "../lib/peers.ts";
import { useStage } from "../lib/stage.ts";

const LISTEN_MS = 3_000;
const SAMPLES_PER_SECOND = 48_000;

const stage = useStage();

test("redundant audio reaches who offers it, and the others get it plain", async () => {
  await publishPage(stage.chromium, stage.server, "red", {
    layers: 1,
    quality: 480,
    init: redFirst,
  });
  const taker = await openPage(stage.chromium, `${stage.server.url}/watch/red`, {}, recordPeers);
  const plain = await openPage(
    stage.chromium,
    `${stage.server.url}/watch/red`,
    {},
    recordPeers,
    offerNoRed,
  );
  await state(taker, "live");
  await state(plain, "live");
  const before = await Promise.all([taker, plain].map(sound));
  await new Promise((passed) => setTimeout(passed, LISTEN_MS));
  const after = await Promise.all([taker, plain].map(sound));
  const [toTaker, toPlain] = after.map(({ bytes, samples }, i) => ({
    bytes: bytes - (before[i]?.bytes ?? 0),
    samples: samples - (before[i]?.samples ?? 0),
  }));
  console.info({ toTaker, toPlain });
  for (const heard of [toTaker, toPlain]) {
    expect(heard?.samples).toBeGreaterThan((LISTEN_MS / 1000) * SAMPLES_PER_SECOND * 0.8);
  }
  // The same sound twice.
  expect(toTaker?.bytes).toBeGreaterThan(1.5 * (toPlain?.bytes ?? 0));
});

/** What the page has received, and how many samples of it it has played: none it made up. */
function sound(page: Page): Promise<{ bytes: number; samples: number }> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const audio = [...report.values()].find(
      ({ type, kind }) => type === "inbound-rtp" && kind === "audio",
    );
    return {
      bytes: audio?.bytesReceived ?? 0,
      samples: (audio?.totalSamplesReceived ?? 0) - (audio?.concealedSamples ?? 0),
    };
  });
}

/** Runs in the page before its scripts: it prefers to send redundant audio. */
function redFirst(): void {
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    override addTransceiver(track: MediaStreamTrack | string, init?: RTCRtpTransceiverInit) {
      const transceiver = super.addTransceiver(track, init);
      if (transceiver.sender.track?.kind === "audio") {
        const { codecs } = RTCRtpSender.getCapabilities("audio") ?? { codecs: [] };
        const [red, others] = [true, false].map((wanted) =>
          codecs.filter(({ mimeType }) => (mimeType === "audio/red") === wanted),
        );
        transceiver.setCodecPreferences([...(red ?? []), ...(others ?? [])]);
      }
      return transceiver;
    }
  };
}

/** Runs in the page before its scripts: it cannot receive redundant audio. */
function offerNoRed(): void {
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    override addTransceiver(kind: MediaStreamTrack | string, init?: RTCRtpTransceiverInit) {
      const transceiver = super.addTransceiver(kind, init);
      if (kind === "audio") {
        const { codecs } = RTCRtpReceiver.getCapabilities("audio") ?? { codecs: [] };
        transceiver.setCodecPreferences(codecs.filter((codec) => codec.mimeType !== "audio/red"));
      }
      return transceiver;
    }
  };
}
