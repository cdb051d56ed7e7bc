/**
 * How the screens look: on a light dashboard and on a dark one, so that every colour lets the background through.
 */

import { trusted } from './html.ts';

/** Goes before the screens, once. */
export const style = trusted(`<style>
.lmtp { font-size: 14px; line-height: 1.4; }
.lmtp h3 { margin: 18px 0 6px; font-size: 15px; }
.lmtp .lmtp-answer { margin: 0 0 8px; padding: 8px 12px; font-size: 17px; font-weight: bold; border-left: 6px solid; }
.lmtp .lmtp-well { border-color: #2f9e5b; background: rgba(47, 158, 91, 0.14); }
.lmtp .lmtp-late { border-color: #d9860b; background: rgba(217, 134, 11, 0.16); }
.lmtp .lmtp-bad { border-color: #d4403a; background: rgba(212, 64, 58, 0.16); }
.lmtp .lmtp-facts { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; }
.lmtp .lmtp-none { opacity: 0.55; }
.lmtp table { border-collapse: collapse; width: 100%; }
.lmtp th, .lmtp td { padding: 3px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
.lmtp .lmtp-number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lmtp .lmtp-words { overflow-wrap: anywhere; min-width: 180px; }
.lmtp .lmtp-name { overflow-wrap: anywhere; min-width: 150px; }
.lmtp .lmtp-state { font-weight: bold; white-space: nowrap; }
.lmtp .lmtp-buttons { white-space: nowrap; }
.lmtp .lmtp-buttons .btn { margin: 0 4px 3px 0; padding: 1px 8px; }
.lmtp .lmtp-more { cursor: pointer; text-decoration: underline dotted; }
.lmtp .lmtp-note { opacity: 0.75; font-size: 12px; margin: 6px 0; }
.lmtp pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
</style>`);
