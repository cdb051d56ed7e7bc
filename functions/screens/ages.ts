/**
 * The second screen: how much waits, by age and destination (qshape). Trouble with a destination shows on the right, too much mail
 * for it on the left. The colour of a cell says how bad it is: no trouble looks like health, and its words say the same.
 */

import type { TroubledDestination } from '../operator/destination-tallies.ts';
import { type ShapeRow, shapeAges } from '../operator/shape.ts';
import type { Survey } from '../operator/survey.ts';
import { inWords } from '../texts/words.ts';
import { type Endpoints, more } from './action.ts';
import { andMore, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** Destinations that are shown. */
const mostRows = 20;

/** Minutes after which mail to an open destination has failed more than once. */
const worthLooking = 20;

/** A cell is a step stronger for so many times as many deliveries. */
const shadeStep = 6;

/** How a destination is; one that nothing is known of is open. */
type Condition = Pick<TroubledDestination, 'state' | 'late'>;

/** Draws it. */
export function agesScreen({ shape, isCut, destinations, lateAfter }: Survey, { showq }: Endpoints): Html {
  const rows = shape.rows;
  if (rows.length === 0) return html`<h3>Waiting by age</h3><p>Nothing waits.</p>`;
  const shown = rows.slice(0, mostRows);
  const { total } = shape;
  const known = new Map<string, Condition>(destinations.map((one) => [one.name, one]));
  const draw = (one: ShapeRow) => {
    const condition = known.get(one.name) ?? { state: 'open', late: 0 };
    return row(one, { condition, total, lateAfter, showq });
  };
  return html`<h3>Waiting by age and destination</h3>
<div class="lmtp-scroll"><table class="lmtp-ages"><thead><tr><th>destination</th><th class="lmtp-number">all</th>${heads(total)}</tr></thead><tbody>
${row({ ...total, name: '' }, { condition: undefined, total, lateAfter, showq })}
${shown.map(draw)}
</tbody></table></div>
<p class="lmtp-note">${legend(lateAfter)} Deliveries, held ones included. ${isCut ? 'There are more: reading stopped after a while. ' : ''}${andMore(rows.length - shown.length, 'destinations')}</p>`;
}

function legend(lateAfter: number): Html {
  const key = (tint: string) => html`<span class="lmtp-key lmtp-${tint} lmtp-4"></span>`;
  return html`${key('hot')}some of it late (over ${inWords(lateAfter)}), ${key('warm')}older than ${worthLooking}m or its destination not open, ${key('calm')}on its way; the stronger, the more.`;
}

/** Columns without any mail are left out on a phone. */
function heads({ counts }: ShapeRow): readonly Html[] {
  const ends = shapeAges.map((minutes) => `< ${inWords(minutes * 60_000)}`);
  return [...ends, 'older'].map(
    (end, column) => html`<th class="lmtp-number${counts[column] === 0 ? ' lmtp-unused' : ''}">${end}</th>`,
  );
}

interface RowContext {
  /** Absent: the row of all destinations, which has no colour. */
  readonly condition: Condition | undefined;
  /** Of all destinations. */
  readonly total: ShapeRow;
  readonly lateAfter: number;
  readonly showq: string;
}

function row(
  { name: destination, total, counts }: ShapeRow,
  { condition, total: sum, lateAfter, showq }: RowContext,
): Html {
  const label = condition === undefined ? 'all destinations' : destination;
  const to: Readonly<Record<string, string>> = condition === undefined ? {} : { destination };
  const list = (ages: Readonly<Record<string, number>>) => ({
    endpoint: showq,
    event: { screen: 'list', ...to, ...ages },
  });
  const title = `the mail for ${label}`;
  const cells = counts.map((count, column) => {
    if (count === 0)
      return html`<td class="lmtp-number lmtp-none${sum.counts[column] === 0 ? ' lmtp-unused' : ''}">·</td>`;
    const ages = { ...(column === 0 ? {} : { from: olderThan(column) }), ...youngerThan(column) };
    const tint = condition === undefined ? '' : ` ${tintOf(column, counts, condition, lateAfter)} lmtp-${shade(count)}`;
    return html`<td class="lmtp-number${tint}">${more(number(count), list(ages), title)}</td>`;
  });
  const state = condition === undefined || condition.state === 'open' ? '' : stateTag(condition.state);
  const name = condition === undefined ? label : more(label, list({}), title);
  return html`<tr><td class="lmtp-name">${name}${state}</td><td class="lmtp-number">${number(total)}</td>${cells}</tr>
`;
}

function stateTag(state: TroubledDestination['state']): Html {
  return html` <span class="lmtp-state lmtp-state-${state}">${state}</span>`;
}

function olderThan(column: number): number {
  return shapeAges[column - 1] ?? 0;
}

function youngerThan(column: number): Readonly<Record<string, number>> {
  const minutes = shapeAges[column];
  return minutes === undefined ? {} : { to: minutes };
}

/** How bad a cell is: late mail is worst, then mail of a destination that is not open, and mail that was tried for a while. */
function tintOf(column: number, counts: readonly number[], { state, late }: Condition, lateAfter: number): string {
  const older = counts.slice(column + 1).reduce((sum, count) => sum + count, 0);
  const isLate = olderThan(column) * 60_000 >= lateAfter || late > older;
  if (isLate) return 'lmtp-hot';
  return state !== 'open' || olderThan(column) >= worthLooking ? 'lmtp-warm' : 'lmtp-calm';
}

/** From 1 to 4, on a scale on which some times as much is a step. */
function shade(count: number): number {
  return Math.min(4, 1 + Math.floor(Math.log(count) / Math.log(shadeStep)));
}
