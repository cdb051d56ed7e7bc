/**
 * The fourth screen: destinations, how each is, and what can be done about it.
 */

import { splitMailbox } from '../operator/destination-name.ts';
import type { TroubledDestination } from '../operator/destination-tallies.ts';
import type { Survey } from '../operator/survey.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import type { Hold } from '../queue/items/item.ts';
import { counted, fromNow, inWords, moment } from '../texts/words.ts';
import { button, destinationLink, type Endpoints } from './action.ts';
import { andMore, atLeast, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** Destinations that are shown. */
const mostRows = 25;

/** Holds of one destination that are shown. */
const mostHolds = 3;

/** Draws it. */
export function destinationsScreen({ destinations, status, isCut }: Survey, endpoints: Endpoints): Html {
  const shown = destinations.slice(0, mostRows);
  if (shown.length === 0)
    return html`<h3>Destinations</h3><p>Every destination is open, and nothing waits for any.</p>`;
  return html`<h3>Destinations</h3>
<div class="lmtp-scroll"><table class="lmtp-cards"><thead><tr><th>destination</th><th>state</th><th class="lmtp-number">waiting</th>
<th class="lmtp-number">oldest</th><th class="lmtp-number">last success</th><th>last reply</th><th>actions</th></tr></thead><tbody>
${shown.map((one) => row(one, status.now, isCut, endpoints))}
</tbody></table></div><p class="lmtp-note">${andMore(destinations.length - shown.length, 'destinations')}</p>`;
}

function row(destination: TroubledDestination, now: number, isCut: boolean, endpoints: Endpoints): Html {
  const { name, waiting, oldest, reply, record } = destination;
  const success = record.window?.succeededAt;
  return html`<tr><td class="lmtp-place">${destinationLink(name, endpoints)}</td><td class="lmtp-detail">${stateCell(destination, now)}</td>
<td class="lmtp-number" data-head="waiting:">${atLeast(isCut && waiting > 0)}${number(waiting)}</td>
<td class="lmtp-number" data-head="oldest:">${oldest === undefined ? '' : inWords(now - oldest)}</td>
<td class="lmtp-number" data-head="last success:">${success === undefined ? 'not known' : `${inWords(now - success)} ago`}</td>
<td class="lmtp-words">${reply}</td><td class="lmtp-buttons">${buttons(destination, endpoints)}</td></tr>
`;
}

function stateCell({ state, record }: TroubledDestination, now: number): Html {
  const { suspension, window, release } = record;
  const holds = holdsThatLast(record.holds, now);
  const shown = holds.slice(0, mostHolds).map((hold) => holdLine(hold, now));
  const lines = [
    ...shown,
    ...(holds.length > shown.length ? [andMore(holds.length - shown.length, 'holds')] : []),
    ...(suspension === undefined
      ? []
      : [
          `${state === 'suspended' ? '' : 'suspended '}for ${inWords(now - suspension.since)}, after ${counted(suspension.failures, 'failure')} in a row; tried again ${fromNow(suspension.until, now)}`,
        ]),
    ...(suspension === undefined && window !== undefined && window.failures > 0
      ? [`${counted(window.failures, 'failure')} in a row`]
      : []),
    ...(release === undefined ? [] : [`being let go over ${inWords(release.spread)}`]),
  ];
  return html`<span class="lmtp-state lmtp-state-${state}">${state}</span>${lines.map((line) => html`<br>${line}`)}`;
}

function holdLine({ id, by, reason, until }: Hold, now: number): string {
  const end = until === undefined ? 'until it is released' : `until ${moment(until)} (${fromNow(until, now)})`;
  return `(${id}) by ${by}, ${end}: ${reason}`;
}

/** Buttons that make sense as things are; nothing is done without confirmation but the check, which changes nothing. */
function buttons(
  { name, waiting, state, record }: TroubledDestination,
  { postsuper, showq }: Endpoints,
): readonly Html[] {
  const order = (action: string, confirmation: string) => ({
    endpoint: postsuper,
    event: { action, destination: name, screens: showq },
    confirmation,
  });
  const isMailbox = splitMailbox(name) !== undefined;
  const isReal = !/^(?:retry|error|discard):/.test(name);
  const flush = order('flush', `Flush ${name}? What waits for it is tried now; ${number(waiting)} wait.`);
  const hold = order('hold', `Hold ${name} for an hour? Nothing is sent to it, and nothing is returned meanwhile.`);
  const release = order('release', `Release ${name}? All holds on it end, and its mail goes out over five minutes.`);
  return [
    ...(state === 'held' ? [] : [button('flush', flush, 'try what waits now')]),
    button('hold 1h', hold, 'nothing is sent to it for an hour; a hold of this name starts anew'),
    ...(record.holds.length > 0 ? [button('release', release, 'take the holds off, over 5 minutes')] : []),
    ...(isReal && !isMailbox
      ? [
          button(
            'check',
            order('check', `Check ${name}? Nothing is delivered; it may take a minute.`),
            'what stands between the functions and it, step by step',
          ),
        ]
      : []),
  ];
}
