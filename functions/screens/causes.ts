/**
 * The third screen: why mail waits, with replies that differ only in names and numbers taken together: in one sentence, in which an
 * ellipsis stands for what differs, and with the newest of them below it.
 */

import type { Cause } from '../operator/causes.ts';
import type { Survey } from '../operator/survey.ts';
import { counted, inWords } from '../texts/words.ts';
import { button, type Endpoints } from './action.ts';
import { andMore, atLeast, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** Causes that are shown. */
const mostRows = 15;

/** Draws it. */
export function causesScreen({ causes, isCut, status }: Survey, endpoints: Endpoints): Html {
  const { rows, untold, others } = causes;
  const shown = rows.slice(0, mostRows);
  const notes = [
    andMore(rows.length - shown.length, 'causes'),
    others === 0 ? '' : `${number(others)} deliveries with others still`,
    untold === 0 ? '' : `${atLeast(isCut)}${counted(untold, 'delivery', 'deliveries')} without a reply so far`,
  ].filter((note) => note !== '');
  const note = html`<p class="lmtp-note">${notes.join('; ')}</p>`;
  if (shown.length === 0) return html`<h3>Causes</h3><p>No server said anything that makes mail wait.</p>${note}`;
  return html`<h3>Causes</h3>
<div class="lmtp-scroll"><table class="lmtp-cards"><thead><tr><th>reply</th><th class="lmtp-number">deliveries</th>
<th class="lmtp-number">destinations</th><th class="lmtp-number">oldest</th><th>actions</th></tr></thead><tbody>
${shown.map((cause) => row(cause, status.now, isCut, endpoints))}
</tbody></table></div>${note}`;
}

function row(
  { key, sentence, deliveries, destinations, oldest, example }: Cause,
  now: number,
  isCut: boolean,
  to: Endpoints,
): Html {
  const count = `${atLeast(isCut)}${number(deliveries)}`;
  const hold = button(
    'hold 1h',
    {
      endpoint: to.postsuper,
      event: { action: 'hold', cause: key, screens: to.showq },
      confirmation: `Hold the mail with the reply "${sentence}" for an hour? That is ${count} now; later mail is tried as usual.`,
    },
    'nothing of it is tried for an hour, nor returned',
  );
  const explain = button('explain', { endpoint: to.showq, event: { screen: 'list', cause: key } }, 'whose mail it is');
  const newest = example === undefined ? '' : html`<span class="lmtp-example">newest: ${example}</span>`;
  return html`<tr><td class="lmtp-words">${sentence}${newest}</td>
<td class="lmtp-number" data-head="deliveries:">${count}</td>
<td class="lmtp-number" data-head="destinations:">${number(destinations)}</td>
<td class="lmtp-number" data-head="oldest:">${inWords(now - oldest)}</td><td class="lmtp-buttons">${explain}${hold}</td></tr>
`;
}
