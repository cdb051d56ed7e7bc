/**
 * What is behind a number: some of the mail, the oldest first.
 */

import type { Listed } from '../operator/list.ts';
import { quoteAddress } from '../smtp/path.ts';
import { dropWords } from '../texts/queue-text.ts';
import { fromNow, inWords } from '../texts/words.ts';
import { type Endpoints, messageLink } from './action.ts';
import { atLeast, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** What was found. */
export interface MailList {
  /** What they have in common, in words. */
  readonly title: string;
  /** Some, the oldest first. */
  readonly listed: readonly Listed[];
  /** How many match, shown or not. */
  readonly matching: number;
  /** Reading stopped before the end. */
  readonly isCut: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly endpoints: Pick<Endpoints, 'showq'>;
}

/** Addresses of one delivery that are shown. */
const mostAddresses = 3;

/** Draws it. */
export function mailList({ title, listed, matching, isCut, now, endpoints }: MailList): Html {
  const count = Math.max(matching, listed.length);
  const shown = listed.length < count ? `, ${number(listed.length)} of them shown, the oldest first` : '';
  const head = `${title}: ${atLeast(isCut)}${number(count)}${shown}`;
  if (listed.length === 0) return html`<h3>${title}</h3><p>There is none${isCut ? ' in what was read' : ''}.</p>`;
  return html`<h3>${head}</h3>
<div class="lmtp-scroll"><table class="lmtp-cards"><thead><tr><th>id</th><th>state</th><th class="lmtp-number">age</th><th class="lmtp-number">tries</th><th>next</th>
<th>destination</th><th>from, to</th><th>what was said</th></tr></thead><tbody>
${listed.map((one) => row(one, now, endpoints))}
</tbody></table></div>
<p class="lmtp-note">Press an id for its story; in a terminal: lambda-lmtp explain ID${isAnyInDoubt(listed) ? doubtAdvice : ''}</p>`;
}

/** What to do about mail in doubt, the safest first. */
const doubtAdvice =
  '. In doubt: look in the log of the server first; what was delivered: lambda-lmtp delete ID --as sent; flush last.';

function isAnyInDoubt(listed: readonly Listed[]): boolean {
  return listed.some((one) => one.kind === 'delivery' && one.entry.summary.inDoubt > 0);
}

function row(listed: Listed, now: number, endpoints: Pick<Endpoints, 'showq'>): Html {
  if (listed.kind === 'request') {
    const { id, requestId, reason, at, sent = at } = listed.request;
    const given = requestId === undefined ? '' : `sent with the id ${requestId}: `;
    return html`<tr><td class="lmtp-name">${messageLink(id, id, endpoints)}</td><td>corrupt</td>
<td class="lmtp-number" data-head="age:">${inWords(now - sent)}</td><td></td><td></td><td></td><td></td>
<td class="lmtp-words">${given}${reason}</td></tr>
`;
  }
  const { id, delivery, state, arrival, attempt, due, destination, sender, summary, fault } = listed.entry;
  const next = state === 'deferred' || state === 'queued' ? fromNow(due ?? now, now) : '';
  const { addresses, moreAddresses, replies, held, reason, inDoubt } = summary;
  const hidden = Math.max(0, addresses.length - mostAddresses) + moreAddresses;
  const to = addresses.slice(0, mostAddresses).map((address) => `<${quoteAddress(address)}>`);
  const said = [
    ...(fault === undefined ? [] : [`cannot be read: ${fault}`]),
    ...(held === undefined ? [] : [`held: ${held}${dropWords(listed.entry)}`]),
    ...(reason === undefined ? [] : [reason]),
    ...replies.slice(0, 2).map(({ dsn, text }) => `${dsn} ${text}`),
    ...(inDoubt > 0 ? [`${number(inDoubt)} in doubt`] : []),
  ];
  return html`<tr><td class="lmtp-name">${messageLink(id, `${id}/${delivery}`, endpoints)}</td><td>${state}</td>
<td class="lmtp-number" data-head="age:">${inWords(now - arrival)}</td>
<td class="lmtp-number" data-head="tries:">${number(attempt)}</td><td class="lmtp-short"${next === '' ? '' : html` data-head="next:"`}>${next}</td>
<td class="lmtp-place">${destination}</td>
<td class="lmtp-place">&lt;${quoteAddress(sender)}&gt;<br>${[...to, ...(hidden > 0 ? [`and ${number(hidden)} more`] : [])].join(' ')}</td>
<td class="lmtp-words">${said.map((text, index) => (index === 0 ? text : html`<br>${text}`))}</td></tr>
`;
}
