/**
 * The statements of Postfix's manual page lmtp(8) from the time when LMTP had its own program (Postfix 1.1 and 2.0), and the
 * counterpart of each here (lmtp-manual-page.json). docs/parameters.md shows them.
 */

import page from './lmtp-manual-page.json' with { type: 'json' };

/** One statement. Both sides are Markdown without line ends or bars. */
export interface ManualStatement {
  readonly statement: string;
  readonly here: string;
}

/** The statements by section, in the order of the page. */
export const manualPage: Readonly<Record<string, readonly ManualStatement[]>> = page;
