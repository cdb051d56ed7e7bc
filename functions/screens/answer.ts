/**
 * The first screen: is any mail lost or late? One line with the answer, and below it the facts.
 */

import type { Count } from '../operator/status.ts';
import type { Survey } from '../operator/survey.ts';
import { counted, fromNow, inWords } from '../texts/words.ts';
import { type Call, destinationLink, type Endpoints, more } from './action.ts';
import { atLeast, number } from './figures.ts';
import { type Html, html } from './html.ts';

/** Draws it. */
export function answerScreen(survey: Survey, endpoints: Endpoints): Html {
  const { kind, text } = answer(survey);
  return html`<p class="lmtp-answer lmtp-${kind}">${text}</p>
<ul class="lmtp-facts">${facts(survey, endpoints)}</ul>`;
}

/** The answer, and how bad it is. */
export function answer(survey: Survey): { readonly kind: 'well' | 'late' | 'bad'; readonly text: string } {
  const { status, isCut } = survey;
  const { waiting, late, now } = status;
  const age = waiting.oldest === undefined ? '' : `, the oldest for ${inWords(now - waiting.oldest.at)}`;
  const some = `${atLeast(isCut)}${counted(waiting.deliveries, 'delivery waits', 'deliveries wait')}${age}`;
  const queue = waiting.deliveries === 0 ? 'nothing waits' : some;
  if (needsAction(survey)) {
    return { kind: 'bad', text: `Action required. No mail has been lost. ${sentence(queue)}` };
  }
  if (late.deliveries > 0) return { kind: 'late', text: `${whoIsLate(survey)} late: ${queue}. Nothing is lost.` };
  if (!status.isWell) {
    const text = status.inDoubt.deliveries > 0 ? 'Some mail may be delivered twice' : 'Some mail will be late';
    return { kind: 'late', text: `${text}; nothing is lost. ${sentence(queue)}` };
  }
  if (waiting.deliveries === 0) return { kind: 'well', text: 'All mail is delivered; nothing waits.' };
  return { kind: 'well', text: `All is well: nothing is late, nothing is lost. ${sentence(queue)}` };
}

/** Whether something waits until an operator acts. */
function needsAction({ status }: Survey): boolean {
  const { malformed, corrupt, corruptRequests, deadLetters, overdue, unpublished } = status;
  const things =
    malformed.deliveries + corrupt.deliveries + corruptRequests.requests + overdue.deliveries + unpublished.deliveries;
  return things + deadLetters.length > 0;
}

function whoIsLate({ destinations }: Survey): string {
  const late = destinations.filter((one) => one.late > 0).toSorted((a, b) => b.waiting - a.waiting);
  const named = late.slice(0, 2).map(({ name }) => name.replace(/^inet:/, ''));
  const others = late.length - named.length;
  const verb = late.length === 1 ? 'is' : 'are';
  return `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''} ${verb}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function facts({ status, lateAfter, isCut }: Survey, { showq }: Endpoints): readonly Html[] {
  const { now, late, held, dropping, inDoubt, corrupt, corruptRequests, deadLetters, suspended, heldDestinations } =
    status;
  const list = (event: Call['event']): Call => ({ endpoint: showq, event: { screen: 'list', ...event } });
  const letters = deadLetters.reduce((sum, { messages }) => sum + messages, 0);
  const unusable = {
    deliveries: corrupt.deliveries + corruptRequests.requests,
    ...(corrupt.oldest === undefined ? {} : { oldest: corrupt.oldest }),
  };
  const minutes = Math.ceil(lateAfter / 60_000);
  const first = (all: readonly { readonly name: string }[]) => all.slice(0, 10).map(({ name }) => name);
  const links = (all: readonly { readonly name: string }[]) =>
    separated(first(all).map((name) => destinationLink(name, { showq })));
  const fact = (label: string, count: Count, unit: string, call?: Call) =>
    line({ label, count, unit, now, isCut, call });
  return [
    fact(`late (over ${inWords(lateAfter)})`, late, 'delivery', list({ from: minutes })),
    fact('held', held, 'delivery', list({ state: 'held' })),
    ...(dropping.oldest === undefined ? [] : [dropped(dropping, dropping.oldest.at, now)]),
    fact('in doubt', { ...inDoubt, deliveries: inDoubt.recipients }, 'recipient', list({ inDoubt: true })),
    ...(status.malformed.deliveries === 0
      ? []
      : [fact('malformed, and held', status.malformed, 'delivery', list({ state: 'held' }))]),
    fact('corrupt', unusable, 'request', list({ state: 'corrupt' })),
    fact('expiring within 6h', status.expiring, 'delivery'),
    plain('', letters, 'dead letter', separated(first(deadLetters))),
    plain('suspended', suspended.length, 'destination', links(suspended)),
    plain('held', heldDestinations.length, 'destination', links(heldDestinations)),
    ...(status.overdue.deliveries === 0
      ? []
      : [fact('overdue: does the function sweep run?', status.overdue, 'delivery')]),
    ...(status.unpublished.deliveries === 0
      ? []
      : [fact('with events that are not published yet', status.unpublished, 'delivery')]),
    ...status.unreachable.map((text) => html`<li>Not read: ${text}</li>`),
  ];
}

/** Held mail that is dropped unless it is released. */
function dropped({ deliveries }: Count, at: number, now: number): Html {
  return html`<li>${units(deliveries, 'delivery')} dropped unless released, the first ${fromNow(at, now)}</li>`;
}

interface Line {
  readonly label: string;
  readonly count: Count;
  readonly unit: string;
  readonly now: number;
  readonly isCut: boolean;
  readonly call: Call | undefined;
}

function line({ label, count: { deliveries, oldest }, unit, now, isCut, call }: Line): Html {
  if (deliveries === 0) return plain(label, 0, unit, []);
  const text = `${atLeast(isCut)}${units(deliveries, unit)} ${label}`;
  const age = oldest === undefined ? '' : ` (since ${inWords(now - oldest.at)})`;
  return html`<li>${call === undefined ? text : more(text, call)}${age}</li>`;
}

function plain(label: string, count: number, unit: string, names: readonly (Html | string)[]): Html {
  const emphasis = count === 0 ? 'lmtp-none' : '';
  return html`<li class="${emphasis}">${`${units(count, unit)} ${label}`.trim()}${names.length === 0 ? '' : ': '}${names}</li>`;
}

function separated(all: readonly (Html | string)[]): readonly (Html | string)[] {
  return all.flatMap((one, index) => (index === 0 ? [one] : [', ', one]));
}

function units(count: number, unit: string): string {
  return unit === 'delivery' ? `${number(count)} ${count === 1 ? 'delivery' : 'deliveries'}` : counted(count, unit);
}
