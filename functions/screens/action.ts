/**
 * What can be pressed. CloudWatch binds a `cwdb-action` to the element right before it, asks for confirmation where one is
 * given, calls the function with the JSON inside, and shows what comes back in a pop-up or in place of the widget.
 */

import { type Html, html, trusted } from './html.ts';

/** Functions that the screens call: ARNs. */
export interface Endpoints {
  /** Draws. */
  readonly showq: string;
  /** Acts. */
  readonly postsuper: string;
}

/** What is called, and with what. */
export interface Call {
  /** ARN of the function. */
  readonly endpoint: string;
  readonly event: Readonly<Record<string, string | number | boolean>>;
  /** What has to be agreed to first; absent: it is harmless. */
  readonly confirmation?: string;
  /** Where the answer goes; a pop-up if absent. */
  readonly display?: 'popup' | 'widget';
}

/** A button. */
export function button(label: string, call: Call, title?: string): Html {
  return html`<a class="btn"${titled(title)}>${label}</a>${action(call)}`;
}

/** Something in the text that shows more when it is pressed. */
export function more(label: Html | string, call: Call, title?: string): Html {
  return html`<a class="lmtp-more"${titled(title)}>${label}</a>${action(call)}`;
}

function titled(title: string | undefined): Html {
  return title === undefined ? html`` : html` title="${title}"`;
}

function action({ endpoint, event, confirmation, display = 'popup' }: Call): Html {
  const asked = confirmation === undefined ? html`` : html` confirmation="${confirmation}"`;
  return html`<cwdb-action action="call" display="${display}" endpoint="${endpoint}"${asked}>${asJson(event)}</cwdb-action>`;
}

/** JSON that is the same whether it is read as HTML or as it stands: no character of it means anything to HTML. */
function asJson(event: Call['event']): Html {
  const json = JSON.stringify(event).toWellFormed();
  return trusted(
    json.replace(/[<>&'\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
