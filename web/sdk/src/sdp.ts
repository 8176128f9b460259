/** One side's ICE credentials and candidates as they travel in a PATCH (RFC 8840 §9). */
export interface IceFragment {
  ufrag: string;
  pwd: string;
  /** `candidate:…` attribute values, without the `a=`. */
  candidates: string[];
}

/**
 * Asks for stereo Opus. In an offer or answer `stereo=1` says what the writer wants to
 * receive and `sprop-stereo=1` what it is likely to send (RFC 7587 §6.1). With `mids`, only
 * their sections are changed.
 */
export function withOpusStereo(sdp: string, mids?: readonly string[]): string {
  return edit(sdp, (lines) => {
    if (mids && !mids.some((mid) => lines.includes(`a=mid:${mid}`))) return lines;
    const payloadType = lines
      .map((line) => /^a=rtpmap:(\d+) opus\/48000\/2/i.exec(line)?.[1])
      .find((found) => found !== undefined);
    if (payloadType === undefined) return lines;
    const fmtp = `a=fmtp:${payloadType} `;
    const stereo = "stereo=1;sprop-stereo=1";
    if (lines.some((line) => line.startsWith(fmtp))) {
      return lines.map((line) =>
        line.startsWith(fmtp) && !/[ ;]stereo=/.test(line) ? `${line};${stereo}` : line,
      );
    }
    const after = lines.findIndex((line) => line.startsWith(`a=rtpmap:${payloadType} `));
    return lines.toSpliced(after + 1, 0, `${fmtp}${stereo}`);
  });
}

/** Puts a video codec before the others: what a sender finds first in an answer, it sends. */
export function withVideoCodecFirst(sdp: string, codec: string): string {
  return edit(sdp, ([media = "", ...rest]) => {
    const [kind, port, protocol, ...formats] = media.split(" ");
    const ours = new RegExp(`^a=rtpmap:(\\d+) ${codec}/`, "i");
    const wanted = rest.map((line) => ours.exec(line)?.[1]);
    if (kind !== "m=video" || !wanted.some(Boolean)) return [media, ...rest];
    const first = formats.filter((format) => wanted.includes(format));
    const others = formats.filter((format) => !wanted.includes(format));
    return [[kind, port, protocol, ...first, ...others].join(" "), ...rest];
  });
}

/** Writes the fragment that tells a server more candidates of the description `local`. */
export function writeFragment(local: string, candidates: string[], complete: boolean): string {
  const find = (start: string) => lines(local).find((line) => line.startsWith(start));
  // With everything bundled, the first section's transport carries all of them.
  return [
    find("a=group:BUNDLE"),
    find("a=ice-ufrag:"),
    find("a=ice-pwd:"),
    find("m="),
    find("a=mid:"),
    ...candidates.map((candidate) => `a=${candidate}`),
    complete ? "a=end-of-candidates" : undefined,
  ]
    .filter((line) => line !== undefined)
    .concat("")
    .join("\r\n");
}

/** Reads a server's answer to an ICE restart; `undefined` when it holds no credentials. */
export function readFragment(text: string): IceFragment | undefined {
  const values = (name: string) =>
    lines(text)
      .filter((line) => line.startsWith(`a=${name}:`))
      .map((line) => line.slice(name.length + 3));
  const [ufrag] = values("ice-ufrag");
  const [pwd] = values("ice-pwd");
  if (ufrag === undefined || pwd === undefined) return undefined;
  const candidates = values("candidate").map((value) => `candidate:${value}`);
  return { ufrag, pwd, candidates: [...new Set(candidates)] };
}

/** The remote description `answer` as it reads after the ICE restart that gave `ice`. */
export function withIce(answer: string, ice: IceFragment): string {
  const old = /^a=(candidate:|end-of-candidates)/;
  let candidates = [...ice.candidates.map((candidate) => `a=${candidate}`), "a=end-of-candidates"];
  return edit(answer, (section) => {
    const renewed = section
      .filter((line) => !old.test(line))
      .map((line) => line.replace(/^a=ice-ufrag:.*/, `a=ice-ufrag:${ice.ufrag}`))
      .map((line) => line.replace(/^a=ice-pwd:.*/, `a=ice-pwd:${ice.pwd}`));
    if (!section[0]?.startsWith("m=")) return renewed;
    const all = [...renewed, ...candidates];
    candidates = [];
    return all;
  });
}

/** Applies `change` to the session part and to each media section of `sdp`. */
function edit(sdp: string, change: (lines: string[]) => string[]): string {
  return sdp
    .split(/^(?=m=)/m)
    .flatMap((section) => change(lines(section)))
    .concat("")
    .join("\r\n");
}

function lines(sdp: string): string[] {
  return sdp.split(/\r?\n/).filter((line) => line !== "");
}
