/**
 * How the screens look: on a light dashboard and on a dark one, on a wide screen and on a phone.
 *
 * Text is the dashboard's own; every tint lets its background through. Each pair of colours has the contrast of WCAG 2 AA (4.5:1)
 * on white and on the dark backgrounds of CloudWatch (#0f141a to #2a2e33). CloudWatch styles what is not styled here.
 */

import { trusted } from './html.ts';

const light = `--lmtp-link: #0b57a4; --lmtp-muted: #545b64; --lmtp-line: #c6cbd1; --lmtp-edge: #7d8998; --lmtp-focus: #0b57a4;
  --lmtp-well: 29, 125, 70; --lmtp-calm: 84, 119, 158; --lmtp-warm: 214, 131, 10; --lmtp-bad: 205, 57, 46;
  --lmtp-warm-text: #8a4b00; --lmtp-bad-text: #b3261e; --lmtp-back: #ffffff;`;

const dark = `--lmtp-link: #8cc3ff; --lmtp-muted: #a9b2bb; --lmtp-line: #414c58; --lmtp-edge: #7d8a97; --lmtp-focus: #8cc3ff;
  --lmtp-well: 63, 178, 114; --lmtp-calm: 108, 147, 190; --lmtp-warm: 200, 130, 30; --lmtp-bad: 214, 82, 72;
  --lmtp-warm-text: #ffc36b; --lmtp-bad-text: #ffa198; --lmtp-back: #16191f;`;

const colours = `
.lmtp { ${light} }
@media (prefers-color-scheme: dark) { .lmtp { ${dark} } }
.lmtp-theme-light .lmtp { ${light} }
.lmtp-theme-dark .lmtp { ${dark} }`;

const text = `
.lmtp { font-size: 14px; line-height: 1.45; }
.lmtp h3 { margin: 22px 0 6px; font-size: 15px; }
.lmtp > h3 { margin-top: 0; }
.lmtp p, .lmtp li { overflow-wrap: anywhere; }
.lmtp pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.lmtp .lmtp-note { color: var(--lmtp-muted); font-size: 12px; margin: 6px 0; }
.lmtp .lmtp-none, .lmtp .lmtp-example { color: var(--lmtp-muted); }
.lmtp .lmtp-example { display: block; font-size: 12px; }
.lmtp .lmtp-state { font-weight: bold; white-space: nowrap; }
.lmtp .lmtp-state-suspended { color: var(--lmtp-bad-text); }
.lmtp .lmtp-state-held, .lmtp .lmtp-state-probing { color: var(--lmtp-warm-text); }
.lmtp .lmtp-answer { margin: 0 0 10px; padding: 9px 14px; font-size: 17px; font-weight: bold; border-left: 6px solid; }
.lmtp .lmtp-answer.lmtp-well { border-color: rgb(var(--lmtp-well)); background: rgba(var(--lmtp-well), 0.12); }
.lmtp .lmtp-answer.lmtp-late { border-color: rgb(var(--lmtp-warm)); background: rgba(var(--lmtp-warm), 0.15); }
.lmtp .lmtp-answer.lmtp-bad { border-color: rgb(var(--lmtp-bad)); background: rgba(var(--lmtp-bad), 0.13); }
.lmtp .lmtp-answer.lmtp-none { border-color: var(--lmtp-line); }
.lmtp .lmtp-facts { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; }`;

const tables = `
.lmtp .lmtp-scroll { overflow-x: auto; }
.lmtp table { border-collapse: collapse; width: 100%; }
.lmtp th, .lmtp td { padding: 4px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--lmtp-line); }
.lmtp .lmtp-number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lmtp .lmtp-words { overflow-wrap: anywhere; min-width: 180px; }
.lmtp .lmtp-name { overflow-wrap: anywhere; min-width: 130px; }
.lmtp .lmtp-place { overflow-wrap: anywhere; min-width: 190px; }
.lmtp .lmtp-detail { overflow-wrap: anywhere; min-width: 200px; }
.lmtp .lmtp-calm { --lmtp-tint: var(--lmtp-calm); }
.lmtp .lmtp-warm { --lmtp-tint: var(--lmtp-warm); }
.lmtp .lmtp-hot { --lmtp-tint: var(--lmtp-bad); }
.lmtp .lmtp-1 { background: rgba(var(--lmtp-tint), 0.1); }
.lmtp .lmtp-2 { background: rgba(var(--lmtp-tint), 0.18); }
.lmtp .lmtp-3 { background: rgba(var(--lmtp-tint), 0.27); }
.lmtp .lmtp-4 { background: rgba(var(--lmtp-tint), 0.36); }
.lmtp td.lmtp-number .lmtp-more { color: inherit; }
.lmtp .lmtp-key { padding: 0 7px; margin-right: 4px; border-radius: 2px; }`;

const pressed = `
.lmtp .btn, .lmtp .lmtp-more { font: inherit; color: var(--lmtp-link); background: none; cursor: pointer; }
.lmtp .btn { display: inline-block; margin: 0 4px 4px 0; padding: 2px 10px; min-height: 26px; white-space: nowrap;
  border: 1px solid var(--lmtp-edge); border-radius: 4px; }
.lmtp .btn:hover { background: rgba(var(--lmtp-calm), 0.16); }
.lmtp .lmtp-more { display: inline; margin: 0; padding: 0; border: 0; text-align: inherit; white-space: inherit;
  overflow-wrap: anywhere; user-select: text; text-decoration: underline dotted; text-underline-offset: 2px; }
.lmtp .lmtp-more:hover { text-decoration-style: solid; }
.lmtp .lmtp-short { white-space: nowrap; }
.lmtp .btn:focus-visible, .lmtp .lmtp-more:focus-visible, .lmtp input:focus-visible {
  outline: 2px solid var(--lmtp-focus); outline-offset: 2px; }
.lmtp .lmtp-buttons { min-width: 165px; }
.lmtp label { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 8px; }
.lmtp input { flex: 1 1 220px; max-width: 420px; min-width: 0; box-sizing: border-box; }
.lmtp input::placeholder { color: var(--lmtp-muted); opacity: 1; }`;

/** On a phone, a table of words becomes a list; that of numbers scrolls beside its first column. */
const phone = `
@media (max-width: 640px) {
  .lmtp .lmtp-cards, .lmtp .lmtp-cards tbody, .lmtp .lmtp-cards tr, .lmtp .lmtp-cards td { display: block; }
  .lmtp .lmtp-cards thead { display: none; }
  .lmtp .lmtp-cards tr { padding: 8px 0; border-bottom: 1px solid var(--lmtp-line); }
  .lmtp .lmtp-cards td { padding: 1px 0; border: 0; text-align: left; white-space: normal; min-width: 0; }
  .lmtp .lmtp-cards td.lmtp-number { display: inline-block; padding-right: 16px; }
  .lmtp .lmtp-cards td:empty { display: none; }
  .lmtp .lmtp-cards td[data-head]::before { content: attr(data-head) " "; color: var(--lmtp-muted); }
  .lmtp .lmtp-cards .lmtp-buttons { padding-top: 6px; }
  .lmtp .lmtp-short { white-space: normal; }
  .lmtp .btn { min-height: 34px; padding: 4px 14px; }
  .lmtp .lmtp-ages th:first-child, .lmtp .lmtp-ages td:first-child { position: sticky; left: 0; background: var(--lmtp-back);
    min-width: 142px; }
  .lmtp .lmtp-unused { display: none; }
  .lmtp .lmtp-answer { font-size: 16px; }
}`;

/** Goes before the screens, once. */
export const style = trusted(`<style>${colours}${text}${tables}${pressed}${phone}
</style>`);
