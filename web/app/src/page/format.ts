/** What stands where nothing is known. */
export const UNKNOWN = "–";

/** "2.4 Mbit/s", "480 kbit/s". */
export function bitrate(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000
    ? `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}

/** "1280 × 720". */
export function resolution(width: number, height: number): string {
  return width > 0 && height > 0 ? `${width} × ${height}` : UNKNOWN;
}

/** "48 ms". */
export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? UNKNOWN : `${Math.round(ms)} ms`;
}

/** "0:07", "12:30", "1:02:03". */
export function duration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = String(total % 60).padStart(2, "0");
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`
    : `${minutes}:${seconds}`;
}
