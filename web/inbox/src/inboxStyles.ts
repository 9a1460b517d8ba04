import { css } from "lit";

export const inboxStyles = css`
  :host {
    display: block;
    block-size: var(--notify-height, 600px);
    max-block-size: 100%;
    background: var(--_surface);
    color: var(--_text);
    font: 400 var(--_size) / 1.45 var(--_font);
  }
  .inbox {
    display: flex;
    flex-direction: column;
    block-size: 100%;
    min-inline-size: 0;
  }
  h2,
  h3,
  p,
  dl,
  dd {
    margin: 0;
  }
  a {
    color: inherit;
    text-decoration: none;
  }
  .header {
    display: flex;
    align-items: center;
    gap: 4px;
    padding: calc(var(--_space) * 1.25) calc(var(--_space) * 1.5) calc(var(--_space) * 0.5) calc(var(--_space) * 2);
  }
  .header:has(#back) {
    padding-inline-start: calc(var(--_space) * 1.5);
  }
  .heading {
    flex: 1;
    min-inline-size: 0;
    overflow: hidden;
    outline: none;
    font-size: 1.2em;
    font-weight: 650;
    letter-spacing: -0.01em;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  #back {
    margin-inline-end: 4px;
  }
  /* Texts in another direction than the page's. */
  .bulk span,
  .banner span,
  .done span,
  .pill {
    unicode-bidi: plaintext;
  }
  :host(:dir(rtl)) #back .icon {
    scale: -1 1;
  }
  .tabs,
  .bulk {
    display: flex;
    flex: none;
    align-items: center;
    min-block-size: 44px;
    padding-inline: calc(var(--_space) * 1.5);
    border-block-end: 1px solid var(--_border);
  }
  .tabs {
    overflow-x: auto;
    scrollbar-width: none;
  }
  .tab {
    position: relative;
    flex: none;
    align-self: stretch;
    padding-inline: calc(var(--_space) * 1);
    color: var(--_muted);
    font-weight: 550;
    white-space: nowrap;
    transition: color var(--_speed);
  }
  .tab:focus-visible {
    outline-offset: -4px;
    border-radius: var(--_radius);
  }
  .tab:hover,
  .tab[aria-selected="true"] {
    color: var(--_text);
  }
  .tab[aria-selected="true"]::after {
    content: "";
    position: absolute;
    inset-block-end: 0;
    inset-inline: calc(var(--_space) * 1);
    block-size: 2px;
    border-radius: 2px 2px 0 0;
    background: var(--_accent);
  }
  .count {
    display: inline-block;
    min-inline-size: 1.6em;
    margin-inline-start: 6px;
    border-radius: 1em;
    padding: 1px 6px;
    background: color-mix(in srgb, var(--_accent) 14%, transparent);
    color: var(--_accent);
    font-size: 0.8em;
    font-variant-numeric: tabular-nums;
    text-align: center;
  }
  .bulk {
    gap: 2px;
    background: var(--_raised);
  }
  .bulk label {
    display: flex;
    flex: 1;
    align-items: center;
    gap: calc(var(--_space) * 1.5);
    min-inline-size: 0;
    padding-inline-start: 6px;
    font-weight: 550;
  }
  .bulk .icon-button:hover:not(:disabled) {
    background: var(--_surface);
  }
  .bulk .button {
    margin-inline-start: 4px;
  }
  .banner {
    display: flex;
    flex: none;
    align-items: center;
    gap: 8px;
    padding: 8px calc(var(--_space) * 2);
    border-block-end: 1px solid var(--_border);
    background: color-mix(in srgb, var(--_warning) 10%, var(--_surface));
    color: var(--_warning);
    font-size: 0.93em;
  }
  .settings {
    flex: 1;
    min-block-size: 0;
    overflow: auto;
  }

  .frame {
    position: relative;
    flex: 1;
    min-block-size: 0;
  }
  .panel {
    position: relative;
    block-size: 100%;
    overflow: hidden auto;
    overscroll-behavior: contain;
    /* The list holds itself still, the same in every browser. */
    overflow-anchor: none;
    scrollbar-width: thin;
    scrollbar-color: var(--_border) transparent;
  }
  .feed {
    position: relative;
  }
  .end {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-block-size: 56px;
    padding: 8px 16px;
    color: var(--_muted);
    font-size: 0.9em;
  }
  .end:empty {
    min-block-size: 8px;
    padding: 0;
  }
  .spinner {
    inline-size: 18px;
    block-size: 18px;
    border: 2px solid var(--_border);
    border-block-start-color: var(--_accent);
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  .pill {
    display: flex;
    align-items: center;
    gap: 6px;
    position: absolute;
    inset-block-start: 10px;
    inset-inline: 0;
    z-index: 2;
    inline-size: fit-content;
    min-block-size: 32px;
    margin-inline: auto;
    border-radius: 1em;
    padding: 4px 14px 4px 10px;
    background: var(--_accent);
    color: var(--_accent-text);
    font-size: 0.93em;
    font-weight: 600;
    box-shadow: 0 2px 10px rgb(0 0 0 / 25%);
    animation: drop 0.2s ease-out;
  }
  .done {
    display: flex;
    align-items: center;
    gap: 16px;
    position: absolute;
    inset-block-end: 12px;
    inset-inline: 12px;
    z-index: 2;
    inline-size: fit-content;
    max-inline-size: calc(100% - 24px);
    min-block-size: 40px;
    margin-inline: auto;
    border-radius: var(--_radius);
    padding: 6px 8px 6px 16px;
    background: var(--_text);
    color: var(--_surface);
    box-shadow: 0 4px 16px rgb(0 0 0 / 30%);
    animation: rise 0.2s ease-out;
  }
  .done span:last-child {
    padding-inline-end: 8px;
  }
  .done button {
    border-radius: calc(var(--_radius) * 0.66);
    padding: 4px 10px;
    font-weight: 650;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .done :focus-visible {
    outline-color: currentColor;
    outline-offset: -2px;
  }
  @keyframes drop {
    from {
      opacity: 0;
      translate: 0 -8px;
    }
  }
  @keyframes rise {
    from {
      opacity: 0;
      translate: 0 8px;
    }
  }

  .notice {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 4px;
    min-block-size: 100%;
    padding: 32px;
    color: var(--_muted);
    text-align: center;
    overflow-wrap: anywhere;
  }
  .notice .medal {
    display: grid;
    place-items: center;
    inline-size: 64px;
    block-size: 64px;
    margin-block-end: 12px;
    border-radius: 50%;
    background: var(--_raised);
    font-size: 1.5em;
  }
  .notice .title {
    color: var(--_text);
    font-size: 1.07em;
    font-weight: 600;
  }
  .notice .button {
    margin-block-start: 16px;
  }
  .skeleton {
    animation: appear 0.2s 0.15s both;
  }
  .skeleton .item {
    cursor: default;
    background: none;
  }
  .skeleton .picture,
  .skeleton i {
    background: color-mix(in srgb, var(--_text) 9%, transparent);
    animation: breathe 1.4s ease-in-out infinite alternate;
  }
  .skeleton i {
    display: block;
    inline-size: 60%;
    block-size: 12px;
    margin-block: 4px 10px;
    border-radius: 6px;
  }
  .skeleton i:nth-child(2) {
    inline-size: 95%;
  }
  .skeleton i:nth-child(3) {
    inline-size: 30%;
    margin-block-end: 2px;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  @keyframes breathe {
    to {
      opacity: 0.5;
    }
  }

  .menu form {
    display: grid;
    gap: 10px;
    padding: 10px;
  }
  .menu form input {
    min-block-size: 36px;
    border: 1px solid var(--_control);
    border-radius: calc(var(--_radius) * 0.66);
    padding: 4px 10px;
    background: var(--_surface);
  }
  .menu form div {
    display: flex;
    justify-content: flex-end;
    gap: 8px;
  }
  .hints {
    padding: 10px 12px;
    outline: none;
  }
  .hints .title {
    margin-block-end: 6px;
    font-weight: 650;
  }
  .hints dl div {
    display: flex;
    align-items: center;
    gap: 12px;
    min-block-size: 30px;
  }
  .hints dt {
    min-inline-size: 72px;
  }
  .hints kbd {
    margin-inline-end: 4px;
    border: 1px solid var(--_border);
    border-radius: 5px;
    padding: 1px 7px;
    background: var(--_raised);
    font: inherit;
    font-size: 0.9em;
  }
  @media (forced-colors: active) {
    .tab[aria-selected="true"]::after {
      background: Highlight;
    }
    .pill,
    .done {
      border: 1px solid;
    }
  }
`;
