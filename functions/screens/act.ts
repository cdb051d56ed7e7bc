/**
 * From a button to what is done, and to HTML that says what was changed, what was not, and why. The same actions as those of
 * the command line; what there is no button for is not done.
 */

import type { CheckReport } from '../check/report.ts';
import { progressOf } from '../check/report.ts';
import { BoundedQueries } from '../operator/bounded-queries.ts';
import { isFor, sentenceOf } from '../operator/causes.ts';
import { queueDestination } from '../operator/destination-name.ts';
import { holdDestination, releaseDestination } from '../operator/destinations.ts';
import { flush as flushAll } from '../operator/flush.ts';
import { holdMessages } from '../operator/messages.ts';
import type { Change, Changing, OperatorServices } from '../operator/operator.ts';
import { listEntries, waitingForTime } from '../operator/selection.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { wallTime } from '../queue/writes/services.ts';
import { outcomeText, progressText } from '../texts/check-text.ts';
import { counted, moment } from '../texts/words.ts';
import { type Changes, changed } from './changes.ts';
import { framed, lines } from './page.ts';
import type { ActRequest } from './request.ts';

/** What acting works with. */
export interface Acting {
  readonly services: OperatorServices;
  /** Who presses the button, as far as it is known. */
  readonly by: string;
  /** Asks the check function. */
  readonly check: (destination: string) => Promise<CheckReport>;
  /** Whether there is time to change more. */
  readonly mayGoOn: () => boolean;
  /** Lets so many milliseconds pass. */
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

/** Milliseconds that a hold of a button lasts, and over which a release is spread. */
const holdLength = 3_600_000;
const ramp = 300_000;

/** Deliveries whose replies a title quotes. */
const mostQuoted = 50;

/** What a hold of a button is called: a second one takes the place of the first. */
const holdName = 'dashboard';

/**
 * Does what is asked for.
 *
 * @throws DestinationError; whatever the check throws
 */
export async function act(request: ActRequest, acting: Acting): Promise<string> {
  const { action, cause, reason = 'no reason given', screens = '' } = request;
  const queries = new BoundedQueries(
    acting.services.queries,
    { units: Number.POSITIVE_INFINITY, mayGoOn: acting.mayGoOn },
    cause === undefined ? undefined : isFor(cause),
  );
  const services = { ...acting.services, queries };
  const changing: Changing = { order: { by: acting.by, why: reason }, services };
  const answer = (changes: Changes) => framed(changed(changes, { showq: screens }));
  if (request.destination === undefined) return answer(await holdCause(cause ?? '', changing, queries));
  const destination = queueDestination(request.destination, services.parameters);
  switch (action) {
    case 'check':
      return await check(destination, acting);
    case 'hold':
      return answer(await hold(destination, changing));
    case 'release':
      return answer(await release(destination, changing, queries, acting));
    case 'flush':
      return answer(await flush(destination, changing, queries));
    default:
      return action satisfies never;
  }
}

async function check(destination: string, acting: Acting): Promise<string> {
  const report = await acting.check(destination);
  const steps = progressOf(report).map(progressText).join('');
  return lines(`Check of ${destination}`, [steps, outcomeText(report)]);
}

async function hold(destination: string, changing: Changing): Promise<Changes> {
  const until = wallTime(changing.services) + holdLength;
  const change = await holdDestination(destination, { hold: holdName, until }, changing);
  return {
    title: `Hold ${destination}`,
    changes: [change],
    remarks: [`The hold ends by itself ${moment(until)}. The functions read it within some seconds.`],
  };
}

async function holdCause(cause: string, changing: Changing, queries: BoundedQueries): Promise<Changes> {
  const until = wallTime(changing.services) + holdLength;
  const meant: QueueEntry[] = [];
  async function* ids(): AsyncIterable<string> {
    for await (const entry of listEntries({ states: ['deferred'] }, queries)) {
      if (meant.length < mostQuoted) meant.push(entry);
      yield `${entry.id}/${entry.delivery}`;
    }
  }
  const held = holdMessages({ kind: 'ids', ids: ids() }, { hold: holdName, until }, changing);
  const changes = await gathered(held);
  return {
    title: `Hold mail with the reply "${sentenceOf(cause, meant)}"`,
    changes,
    remarks: [`The holds end by themselves ${moment(until)}.`, ...unfinished(queries)],
  };
}

async function release(
  destination: string,
  changing: Changing,
  queries: BoundedQueries,
  { pause }: Acting,
): Promise<Changes> {
  const { change, released } = await releaseDestination(destination, { ramp }, changing, { pause });
  const goesOn = queries.isCut ? ' The sweep releases the rest within some minutes.' : '';
  const remarks =
    change.kind === 'changed'
      ? [`${counted(released, 'delivery', 'deliveries')} will be tried within five minutes.${goesOn}`]
      : [];
  return { title: `Release ${destination}`, changes: [change], remarks };
}

async function flush(destination: string, changing: Changing, queries: BoundedQueries): Promise<Changes> {
  const selection = waitingForTime({ kind: 'filter', filter: { destination } }, changing.services);
  const changes = await gathered(flushAll({ selection, ramp: 0, reopens: { destination } }, changing));
  return { title: `Flush ${destination}`, changes, remarks: unfinished(queries) };
}

function unfinished({ isCut }: BoundedQueries): readonly string[] {
  return isCut ? ['Time ran out before everything was changed: press again for the rest.'] : [];
}

async function gathered(changes: AsyncIterable<Change>): Promise<readonly Change[]> {
  const all: Change[] = [];
  for await (const change of changes) all.push(change);
  return all;
}
