import { css } from "lit";

export const itemStyles = css`
  .item {
    display: flex;
    align-items: flex-start;
    gap: calc(var(--_space) * 1.5);
    position: relative;
    inline-size: 100%;
    padding: calc(var(--_space) * 1.5) calc(var(--_space) * 2);
    border-block-end: 1px solid var(--_border);
    background: var(--_surface);
    cursor: pointer;
  }
  .feed .item {
    position: absolute;
    inset-block-start: 0;
    inset-inline: 0;
    contain: layout style;
  }
  .item:hover {
    background: var(--_raised);
  }
  .item:focus-visible {
    z-index: 1;
    outline-offset: -2px;
    border-radius: 4px;
  }
  .item.unread {
    background: color-mix(in srgb, var(--_unread) 5%, var(--_surface));
  }
  .item.unread:hover {
    background: color-mix(in srgb, var(--_unread) 9%, var(--_surface));
  }
  .picture {
    display: grid;
    flex: none;
    place-items: center;
    position: relative;
    inline-size: 36px;
    block-size: 36px;
    margin-block-start: 2px;
    border-radius: 50%;
    background: var(--_raised);
    color: var(--_muted);
  }
  .item:hover .picture {
    background: color-mix(in srgb, var(--_text) 8%, var(--_raised));
  }
  .unread .picture {
    background: color-mix(in srgb, var(--_accent) 14%, var(--_surface));
    color: var(--_accent);
  }
  .high .picture {
    background: color-mix(in srgb, var(--_warning) 14%, var(--_surface));
    color: var(--_warning);
  }
  .critical .picture {
    background: color-mix(in srgb, var(--_danger) 14%, var(--_surface));
    color: var(--_danger);
  }
  .picture img {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    border-radius: inherit;
    background: var(--_surface);
    object-fit: cover;
  }
  .main {
    flex: 1;
    min-inline-size: 0;
  }
  .title {
    font-size: 1em;
    font-weight: 500;
  }
  .unread .title {
    font-weight: 650;
  }
  h3.title,
  .body {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    /* Beside its picture, whichever way it is written. */
    text-align: left;
  }
  :host(:dir(rtl)) :is(h3.title, .body) {
    text-align: right;
  }
  a:hover {
    text-decoration: underline;
  }
  .body {
    margin-block-start: 2px;
    color: var(--_muted);
  }
  .meta {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 8px;
    margin-block-start: 4px;
    color: var(--_muted);
    font-size: 0.86em;
  }
  .meta > * {
    unicode-bidi: plaintext;
  }
  .chip {
    border: 1px solid var(--_border);
    border-radius: 1em;
    padding-inline: 8px;
    background: var(--_surface);
  }
  .priority {
    color: var(--_warning);
    font-weight: 650;
  }
  .critical .priority {
    color: var(--_danger);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-block-start: 10px;
  }
  .actions .button {
    min-block-size: 30px;
    padding: 3px 12px;
    font-size: 0.93em;
    text-decoration: none;
  }
  .dot {
    flex: none;
    inline-size: 8px;
    block-size: 8px;
    margin-block-start: 7px;
    border-radius: 50%;
  }
  .unread .dot {
    background: var(--_unread);
  }
  .tick {
    flex: none;
    inline-size: 18px;
    block-size: 18px;
    margin: 10px 0 0;
    accent-color: var(--_accent);
    cursor: pointer;
  }
  .bulk .tick {
    margin: 0;
  }
  .tools {
    display: flex;
    position: absolute;
    inset-block-start: 6px;
    inset-inline-end: 8px;
    border-radius: calc(var(--_radius) * 0.66);
    background: var(--_surface);
    box-shadow: 0 0 0 1px var(--_border);
    opacity: 0;
    transition: opacity var(--_speed);
  }
  .item:hover .tools,
  .item:focus-visible .tools,
  .item:has(:focus-visible) .tools,
  .tools:has([aria-expanded="true"]) {
    opacity: 1;
  }
  .more {
    display: none;
  }
  @media (hover: none) {
    .tools {
      inset-block-start: 2px;
      inset-inline-end: 2px;
      background: none;
      box-shadow: none;
      opacity: 1;
    }
    .tools .icon-button:not(.more) {
      display: none;
    }
    .more {
      display: inline-grid;
    }
    .dot {
      margin-inline-end: 24px;
    }
  }
  @media (forced-colors: active) {
    .unread .dot {
      forced-color-adjust: none;
      background: Highlight;
    }
    .tools {
      border: 1px solid;
    }
  }
`;
