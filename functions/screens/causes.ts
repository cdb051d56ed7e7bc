/**
 * The third screen: why mail waits, with replies that differ only in names and numbers taken together.
 */

import type { Cause } from '../operator/causes.ts';
import type { Survey } from '../operator/survey.ts';
import { inWords } from '../texts/words.ts';
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
    untold === 0 ? '' : `${atLeast(isCut)}${number(untold)} were told nothing yet`,
  ].filter((note) => note !== '');
  const note = html`<p class="lmtp-note">${notes.join('; ')}</p>`;
  if (shown.length === 0) return html`<h3>Causes</h3><p>Nobody was told anything that makes mail wait.</p>${note}`;
  return html`<h3>Causes</h3>
<table><thead><tr><th>said</th><th class="lmtp-number">deliveries</th><th class="lmtp-number">destinations</th>
<th class="lmtp-number">oldest</th><th>for example</th><th></th></tr></thead><tbody>
${shown.map((cause) => row(cause, status.now, isCut, endpoints))}
</tbody></table>${note}`;
}

function row(
  { key, deliveries, destinations, oldest, example }: Cause,
  now: number,
  isCut: boolean,
  to: Endpoints,
): Html {
  const count = `${atLeast(isCut)}${number(deliveries)}`;
  const hold = button(
    'hold 1h',
    {
      endpoint: to.postsuper,
      event: { action: 'hold', cause: key },
      confirmation: `Hold the mail that was told "${key}" for an hour? That is ${count} now; whatever comes later is tried as usual.`,
    },
    'nothing of it is tried for an hour, nor returned',
  );
  const explain = button('explain', { endpoint: to.showq, event: { screen: 'list', cause: key } }, 'whose mail it is');
  return html`<tr><td class="lmtp-words">${key}</td><td class="lmtp-number">${count}</td>
<td class="lmtp-number">${number(destinations)}</td><td class="lmtp-number">${inWords(now - oldest)}</td>
<td class="lmtp-words">${example}</td><td class="lmtp-buttons">${explain}${hold}</td></tr>
`;
}
