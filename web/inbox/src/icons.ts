import { html, type TemplateResult } from "lit";

// One path each on a grid of 24, drawn with a stroke: see `.icon` in theme.ts.
const paths = {
  bell: "M6 10a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4S6 15 6 10M10 20a2.2 2.2 0 0 0 4 0",
  settings:
    "M4 7h9m5 0h2M4 17h2m5 0h9M13 7a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M6 17a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  close: "M6 6l12 12M18 6L6 18",
  back: "M14 6l-6 6l6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  checkAll: "M2.5 12.5L7 17L16 7.5M11.5 16.5l.5.5l9.5-9.5",
  unread: "M3.5 6.5h17v11h-17zM3.5 7.5l8.5 6l8.5-6",
  archive: "M3.5 4.5h17v4h-17zM5 8.5v11h14v-11M10 12.5h4",
  unarchive: "M3.5 4.5h17v4h-17zM5 8.5v11h14v-11M12 17v-5M9.5 14L12 11.5l2.5 2.5",
  snooze: "M12 7.5V12l3 2M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0",
  more: "M5.2 12a.8 .8 0 1 0 1.6 0a.8 .8 0 1 0-1.6 0M11.2 12a.8 .8 0 1 0 1.6 0a.8 .8 0 1 0-1.6 0M17.2 12a.8 .8 0 1 0 1.6 0a.8 .8 0 1 0-1.6 0",
  undo: "M8.5 5L4 9.5L8.5 14M4 9.5h10a5.5 5.5 0 0 1 0 11h-3",
  down: "M6 9.5l6 6l6-6",
  up: "M12 19V5M6 11l6-6l6 6",
  alert: "M12 8.5v4.5M12 16.5h.01M10.4 4.4L2.8 17.6A1.8 1.8 0 0 0 4.4 20.3h15.2a1.8 1.8 0 0 0 1.6-2.7L13.6 4.4a1.8 1.8 0 0 0-3.2 0z",
  offline: "M4 4l16 16M5 12.5a10 10 0 0 1 4-2.4M13 9.6a10 10 0 0 1 6 2.9M8.5 16a5 5 0 0 1 6 -.6M12 19.5h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  inbox: "M4 13.5L6.5 5h11L20 13.5V19H4zM4 13.5h4.5l1.5 2.5h4l1.5-2.5H20",
  keyboard: "M2.5 6h19v12h-19zM6.5 10h.01M10.2 10h.01M13.8 10h.01M17.5 10h.01M8 14.2h8",
  select: "M4.5 4.5h15v15h-15zM8 12l3 3l5-6",
} as const;

export type IconName = keyof typeof paths;

/** A picture beside or instead of text; hidden from assistive technology, so what it means must be said in words as well. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${paths[name]} /></svg>`;
}
