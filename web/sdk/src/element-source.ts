/** Where to play from: a WHEP address, or that of the page `/watch/{stream}`, which plays the same. */
export function whepUrl(src: string, base: string): URL {
  const url = new URL(src, base);
  url.pathname = url.pathname.replace(/^\/watch\//, "/whep/");
  return url;
}
