import { byId } from "../page/element.ts";

const IDLE_MS = 3_000;

/** Hides the controls over the picture while nobody moves. */
export function startControls(): void {
  const stage = byId("stage", HTMLElement);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wake = () => {
    clearTimeout(timer);
    stage.classList.remove("idle");
    timer = setTimeout(() => stage.classList.add("idle"), IDLE_MS);
  };
  for (const sign of ["pointermove", "pointerdown", "focusin"]) stage.addEventListener(sign, wake);
  wake();
}
