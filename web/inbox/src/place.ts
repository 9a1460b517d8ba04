export type Placement = "bottom-end" | "bottom-start" | "top-end" | "top-start";

/** Between the button, the panel and the edge of the window, in pixels. */
const gap = 8;
/** With less room than this the panel opens on the other side, if that has more, in pixels. */
const enough = 420;

/**
 * Puts a panel of fixed position beside a button: on the wanted side where there is room, within the window, no higher than fits. By script and
 * not by CSS anchors, which not all browsers have.
 */
export function place(panel: HTMLElement, button: DOMRect, placement: Placement, rtl: boolean): void {
  // Without a scroll bar.
  const { clientWidth, clientHeight } = document.documentElement;
  const below = clientHeight - button.bottom - 2 * gap;
  const above = button.top - 2 * gap;
  const wantsTop = placement.startsWith("top");
  const top = wantsTop ? above >= enough || above > below : below < enough && above > below;

  const set = (name: string, value: number | null): void => {
    panel.style.setProperty(name, value === null ? "auto" : `${value}px`);
  };
  set("top", top ? null : button.bottom + gap);
  set("bottom", top ? clientHeight - button.top + gap : null);
  set("max-height", Math.max(0, top ? above : below));

  // Whether the right edges are aligned. Whatever is wanted, it stays within the window.
  const right = placement.endsWith("end") !== rtl;
  const width = panel.offsetWidth;
  const most = Math.max(gap, clientWidth - width - gap);
  set("left", Math.min(most, Math.max(gap, right ? button.right - width : button.left)));
}
