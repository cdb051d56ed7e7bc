/**
 * The second screen: how much waits, by age and destination (qshape). Trouble with a destination shows on the right, too much mail
 * for it on the left.
 */

import { type ShapeRow, shapeAges } from '../operator/shape.ts';
import type { Survey } from '../operator/survey.ts';
import { inWords } from '../texts/words.ts';
import { type Endpoints, more } from './action.ts';
import { andMore, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** Destinations that are shown. */
const mostRows = 20;

/** Draws it. */
export function agesScreen({ shape, isCut }: Survey, { showq }: Endpoints): Html {
  const rows = shape.rows;
  if (rows.length === 0) return html`<h3>Waiting by age</h3><p>Nothing waits.</p>`;
  const shown = rows.slice(0, mostRows);
  const { total } = shape;
  const largest = Math.max(...shown.flatMap(({ counts }) => counts));
  return html`<h3>Waiting by age and destination</h3>
<table><thead><tr><th>destination</th><th class="lmtp-number">all</th>${heads()}</tr></thead><tbody>
${row(total, 'all destinations', largest, undefined, showq)}
${shown.map((one) => row(one, one.name, largest, one.name, showq))}
</tbody></table>
<p class="lmtp-note">Deliveries, held ones included. ${isCut ? 'There are more: reading stopped after a while. ' : ''}${andMore(rows.length - shown.length, 'destinations')}</p>`;
}

function heads(): readonly Html[] {
  const ends = shapeAges.map((minutes) => `< ${inWords(minutes * 60_000)}`);
  return [...ends, 'older'].map((end) => html`<th class="lmtp-number">${end}</th>`);
}

function row(
  { total, counts }: ShapeRow,
  label: string,
  largest: number,
  destination: string | undefined,
  showq: string,
): Html {
  const to: Readonly<Record<string, string>> = destination === undefined ? {} : { destination };
  const list = (ages: Readonly<Record<string, number>>) => ({
    endpoint: showq,
    event: { screen: 'list', ...to, ...ages },
  });
  const title = `the mail for ${label}`;
  const cells = counts.map((count, column) => {
    if (count === 0) return html`<td class="lmtp-number lmtp-none">·</td>`;
    const ages = { ...(column === 0 ? {} : { from: shapeAges[column - 1] ?? 0 }), ...youngerThan(column) };
    const shade = destination === undefined ? '' : `background:rgba(${hue(column)},${shading(count, largest)})`;
    return html`<td class="lmtp-number" style="${shade}">${more(number(count), list(ages), title)}</td>`;
  });
  const name = destination === undefined ? label : more(label, list({}), title);
  return html`<tr><td class="lmtp-name">${name}</td><td class="lmtp-number">${number(total)}</td>${cells}</tr>
`;
}

function youngerThan(column: number): Readonly<Record<string, number>> {
  const minutes = shapeAges[column];
  return minutes === undefined ? {} : { to: minutes };
}

/** The older, the warmer. */
function hue(column: number): string {
  return ['47,158,91', '217,134,11', '212,64,58'][column < 3 ? 0 : column < 6 ? 1 : 2] ?? '';
}

/** How much there is, on a scale on which ten times as much is a step. */
function shading(count: number, largest: number): string {
  return (0.12 + 0.48 * (Math.log1p(count) / Math.log1p(largest))).toFixed(2);
}
