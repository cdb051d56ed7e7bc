/**
 * What can be pressed. CloudWatch binds a `cwdb-action` to the element right before it, asks for confirmation where one is
 * given, calls the function with the JSON inside, and shows what comes back in a pop-up or in place of the widget.
 *
 * That element is a `<button>`: the Tab key reaches it and Enter presses it, without the script that a widget may not have.
 */

import { type Html, html, trusted } from './html.ts';

/** Functions that the screens call: ARNs. */
export interface Endpoints {
  /** Draws; empty: not known. */
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
  return html`<button type="button" class="btn"${titled(title)}>${label}</button>${action(call)}`;
}

/** Characters of a name that is not broken into lines: about a quarter of a wide screen. */
const shortName = 36;

/** Something in the text that shows more when it is pressed. */
export function more(label: string, call: Call, title?: string): Html {
  const wholeness = label.length <= shortName ? ' lmtp-short' : '';
  return html`<button type="button" class="lmtp-more${wholeness}"${titled(title)}>${label}</button>${action(call)}`;
}

/** A queue id that shows the story of its message when it is pressed; plain text where showq is not known. */
export function messageLink(id: string, label: string, { showq }: Pick<Endpoints, 'showq'>): Html | string {
  if (showq === '') return label;
  return more(label, { endpoint: showq, event: { screen: 'explain', id } }, 'the story of this message');
}

/** A destination that shows what is known of it when it is pressed; plain text where showq is not known. */
export function destinationLink(name: string, { showq }: Pick<Endpoints, 'showq'>): Html | string {
  if (showq === '') return name;
  return more(name, { endpoint: showq, event: { screen: 'explain', destination: name } }, 'explain');
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
