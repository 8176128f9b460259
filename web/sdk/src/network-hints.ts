/** Calls `hint` whenever it is likely that the network is there again, or is another one. */
export function onNetworkHint(hint: () => void, signal: AbortSignal): void {
  addEventListener("online", hint, { signal });
  const shown = () => {
    if (document.visibilityState === "visible") hint();
  };
  document.addEventListener("visibilitychange", shown, { signal });
  // Chromium alone has it.
  const { connection } = navigator as { connection?: EventTarget };
  connection?.addEventListener("change", hint, { signal });
}
