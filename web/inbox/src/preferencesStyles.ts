import { css } from "lit";

export const preferencesStyles = css`
  :host {
    display: block;
    background: var(--_surface);
    color: var(--_text);
    font: var(--_size) / 1.45 var(--_font);
  }
  .all {
    padding: 4px 16px 24px;
  }
  section {
    padding-block: 16px;
  }
  section + section {
    border-block-start: 1px solid var(--_border);
  }
  h2 {
    margin: 0;
    padding: 16px 16px 0;
    font-size: 1.2em;
  }
  h3 {
    margin: 0;
    font-size: 1em;
    font-weight: 650;
  }
  p {
    margin: 2px 0 0;
    color: var(--_muted);
    font-size: 0.93em;
  }
  table {
    inline-size: 100%;
    margin-block-start: 8px;
    border-collapse: collapse;
    table-layout: fixed;
  }
  th,
  td {
    padding: 8px 0;
    padding-inline-end: 8px;
    font-weight: 400;
    text-align: start;
  }
  th + th,
  td {
    text-align: center;
  }
  thead :nth-child(2) {
    inline-size: 4.2em;
  }
  thead :nth-child(3) {
    inline-size: 8.4em;
  }
  thead :nth-child(4) {
    inline-size: 4.8em;
  }
  tbody th {
    hyphens: auto;
  }
  tr > :last-child {
    padding-inline-end: 0;
  }
  thead th {
    color: var(--_muted);
    font-size: 0.86em;
  }
  tbody tr + tr {
    border-block-start: 1px solid var(--_border);
  }
  .lock {
    display: block;
    color: var(--_muted);
    font-size: 0.86em;
  }
  .lock .icon {
    display: inline-block;
    margin-inline-end: 4px;
    vertical-align: -0.25em;
  }
  .line {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 16px;
    min-block-size: 36px;
    padding-block: 4px;
  }
  .line > :first-child {
    min-inline-size: 0;
  }
  .fields {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 12px;
    margin-block-start: 10px;
  }
  .fields + p {
    margin-block-start: 8px;
  }
  .fields label {
    display: grid;
    gap: 2px;
    color: var(--_muted);
    font-size: 0.86em;
  }
  input:not([role]),
  select {
    border: 1px solid var(--_control);
    border-radius: calc(var(--_radius) * 0.5);
    padding: 4px 8px;
    min-block-size: 32px;
    background: var(--_surface);
    color: var(--_text);
    font-size: max(0.93em, 13px);
  }
  td select {
    inline-size: 100%;
    padding-inline: 6px 2px;
  }
  select:disabled {
    opacity: 0.6;
  }
  [role="switch"] {
    appearance: none;
    flex: none;
    display: inline-block;
    position: relative;
    inline-size: 36px;
    block-size: 20px;
    margin: 0;
    border: 1px solid var(--_control);
    border-radius: 10px;
    background: var(--_raised);
    vertical-align: middle;
    cursor: pointer;
    transition:
      background-color var(--_speed),
      border-color var(--_speed);
  }
  [role="switch"]::before {
    content: "";
    position: absolute;
    inset-block: 2px;
    inset-inline-start: 2px;
    inline-size: 14px;
    border-radius: 50%;
    background: var(--_control);
    transition:
      inset-inline-start var(--_speed),
      background-color var(--_speed);
  }
  [role="switch"]:checked {
    border-color: var(--_accent);
    background: var(--_accent);
  }
  [role="switch"]:checked::before {
    inset-inline-start: 18px;
    background: var(--_accent-text);
  }
  [role="switch"]:disabled {
    opacity: 0.5;
    cursor: default;
  }
  /* Fingers need more than what is drawn, and no more than there is between two. */
  [role="switch"]::after {
    content: "";
    position: absolute;
    inset: -7px -4px;
  }
  .notice {
    display: grid;
    justify-items: center;
    gap: 8px;
    padding: 48px 24px;
    text-align: center;
  }
  .status {
    position: sticky;
    inset-block-end: 0;
    margin: 0;
    border-block-start: 1px solid var(--_border);
    padding: 8px 16px;
    background: var(--_surface);
    color: var(--_text);
  }
  .failed {
    color: var(--_danger);
  }
  .bone {
    block-size: 14px;
    margin-block: 18px;
    border-radius: 7px;
    background: var(--_raised);
    animation: pulse 1.2s ease-in-out infinite alternate;
  }
  .bone:nth-child(odd) {
    inline-size: 62%;
  }
  @keyframes pulse {
    to {
      opacity: 0.45;
    }
  }
  @media (pointer: coarse) {
    .line {
      min-block-size: 44px;
    }
    [role="switch"]::after {
      inset-block: -11px;
    }
    input:not([role]),
    select {
      min-block-size: 40px;
      /* Smaller ones make Safari on phones zoom in. */
      font-size: 16px;
    }
  }
  @media (forced-colors: active) {
    [role="switch"] {
      forced-color-adjust: none;
      border-color: ButtonText;
      background: ButtonFace;
    }
    [role="switch"]::before {
      background: ButtonText;
    }
    [role="switch"]:checked {
      border-color: Highlight;
      background: Highlight;
    }
    [role="switch"]:checked::before {
      background: HighlightText;
    }
    [role="switch"]:disabled {
      border-color: GrayText;
      opacity: 1;
    }
  }
`;
