import { css } from "lit";

/**
 * What every element shares: the public properties `--notify-*` with their defaults, as private ones (`--_…`) that the
 * elements use, and a few small parts. `light-dark()` follows `color-scheme`, which `theme` decides.
 */
export const theme = css`
  :host {
    color-scheme: light dark;
    --_accent: var(--notify-accent, light-dark(#3451d1, #93a8ff));
    --_accent-text: var(--notify-accent-text, light-dark(#fff, #10163a));
    --_surface: var(--notify-surface, light-dark(#fff, #17191f));
    --_raised: var(--notify-surface-raised, light-dark(#f4f5f8, #23262f));
    --_text: var(--notify-text, light-dark(#191c24, #eceef3));
    --_muted: var(--notify-text-muted, light-dark(#5b6172, #a3aabb));
    --_border: var(--notify-border, light-dark(#e1e4ea, #343843));
    --_control: var(--notify-control-border, light-dark(#868c9c, #747b8d));
    --_unread: var(--notify-unread, var(--_accent));
    --_danger: var(--notify-danger, light-dark(#c0262d, #ff8f8f));
    --_warning: var(--notify-warning, light-dark(#8a5300, #f5be66));
    --_badge: var(--notify-badge, light-dark(#d3222a, #d3222a));
    --_badge-text: var(--notify-badge-text, #fff);
    --_radius: var(--notify-radius, 12px);
    --_font: var(--notify-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
    --_size: var(--notify-font-size, 14px);
    --_space: var(--notify-spacing, 8px);
    --_shadow: var(
      --notify-shadow,
      0 0 0 1px light-dark(rgb(15 20 40 / 6%), rgb(255 255 255 / 8%)),
      0 4px 12px light-dark(rgb(15 20 40 / 8%), rgb(0 0 0 / 40%)),
      0 16px 48px light-dark(rgb(15 20 40 / 16%), rgb(0 0 0 / 50%))
    );
    --_speed: var(--notify-speed, 160ms);
  }
  :host([theme="light"]) {
    color-scheme: light;
  }
  :host([theme="dark"]) {
    color-scheme: dark;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  button,
  input,
  select {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    margin: 0;
    border: 0;
    padding: 0;
    background: none;
    cursor: pointer;
    text-align: start;
    -webkit-tap-highlight-color: transparent;
  }
  button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  .icon {
    display: block;
    flex: none;
    inline-size: 1.25em;
    block-size: 1.25em;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .icon-button {
    display: inline-grid;
    place-items: center;
    flex: none;
    inline-size: 32px;
    block-size: 32px;
    border-radius: calc(var(--_radius) * 0.66);
    color: var(--_muted);
    transition:
      background-color var(--_speed),
      color var(--_speed);
  }
  .icon-button:hover:not(:disabled) {
    background: var(--_raised);
    color: var(--_text);
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-block-size: 32px;
    border: 1px solid var(--_control);
    border-radius: calc(var(--_radius) * 0.66);
    padding: 4px 12px;
    background: var(--_surface);
    color: var(--_text);
    font-weight: 550;
    transition: background-color var(--_speed);
  }
  .button:hover:not(:disabled) {
    background: var(--_raised);
  }
  .button.primary {
    border-color: transparent;
    background: var(--_accent);
    color: var(--_accent-text);
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in oklab, var(--_accent), var(--_text) 15%);
  }
  .link {
    color: var(--_accent);
    font-weight: 550;
  }
  .link:hover {
    text-decoration: underline;
  }
  .hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .wrap {
    overflow-wrap: anywhere;
  }
  @media (pointer: coarse) {
    .icon-button {
      inline-size: 40px;
      block-size: 40px;
    }
    .button {
      min-block-size: 40px;
    }
  }
  @media (forced-colors: active) {
    .icon-button {
      color: ButtonText;
    }
    .button {
      border-color: ButtonBorder;
    }
    .button.primary {
      forced-color-adjust: none;
      border-color: Highlight;
      background: Highlight;
      color: HighlightText;
    }
    :focus-visible {
      outline-color: Highlight;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    ::before,
    ::after {
      animation: none !important;
      transition: none !important;
      scroll-behavior: auto !important;
    }
  }
`;
