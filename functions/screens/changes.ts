/**
 * What came of a button.
 */

import type { Change } from '../operator/operator.ts';
import { type Endpoints, messageLink } from './action.ts';
import { andMore, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** What was changed, and what was not. */
export interface Changes {
  readonly title: string;
  readonly changes: readonly Change[];
  /** What there is to be said besides. */
  readonly remarks: readonly string[];
}

/** Changes that are told one by one. */
const mostTold = 20;

/** Draws it: how many, then one by one what was not done, and some of what was. */
export function changed({ title, changes, remarks }: Changes, endpoints: Pick<Endpoints, 'showq'>): Html {
  const isDone = ({ kind }: Change) => kind === 'changed';
  const done = changes.filter(isDone);
  const refused = changes.filter((change) => !isDone(change));
  const told = [...refused, ...done].slice(0, mostTold);
  return html`<h3>${title}</h3>
<p class="lmtp-answer lmtp-${kindOf(done.length, refused.length)}">${summary(done.length, refused.length)}</p>
${remarks.map((remark) => html`<p>${remark}</p>`)}
<ul>${told.map((change) => html`<li>${nameOf(change, endpoints)}: ${isDone(change) ? '' : 'not changed: '}${change.text}</li>`)}</ul>
<p class="lmtp-note">${andMore(changes.length - told.length, 'like these')}</p>`;
}

function kindOf(done: number, refused: number): string {
  if (refused > 0) return 'late';
  return done > 0 ? 'well' : 'none';
}

function summary(done: number, refused: number): string {
  if (done + refused === 0) return 'Nothing was there to be changed.';
  return `${number(done)} changed${refused === 0 ? '' : `, ${number(refused)} not`}.`;
}

/** A delivery leads to the story of its message; a destination has no delivery. */
function nameOf({ id, delivery }: Change, endpoints: Pick<Endpoints, 'showq'>): Html | string {
  return delivery === undefined ? id : messageLink(id, `${id}/${delivery}`, endpoints);
}
