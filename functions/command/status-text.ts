/**
 * The answer of `status`: which mail is lost or late, for how long, the server's reply, and a command that shows more.
 */

import { escaped } from '../log/postfix-line.ts';
import type { NextCommand } from '../operator/operator.ts';
import { type Count, overdueAfter, type StatusReport } from '../operator/status.ts';
import { undelivered } from '../operator/waiting.ts';
import { doubtWords } from '../queue/items/doubt.ts';
import { recordAsJson } from '../texts/explain-text.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { nextLine } from '../texts/next-command.ts';
import { holdFacts, iso } from '../texts/queue-text.ts';
import { counted, fromNow, inWords } from '../texts/words.ts';

/** Returns the answer in lines; the first one is the verdict. */
export function statusAsText(report: StatusReport, lateAfter: number, stack: StackOptions = {}): readonly string[] {
  const { now, waiting, states } = report;
  const propose = (...args: NextCommand) => nextLine(args, stack);
  const found = [...troubles(report, lateAfter, propose)];
  const age = waiting.oldest === undefined ? '' : `, the oldest for ${inWords(now - waiting.oldest.at)}`;
  const later =
    report.queuedForLater === 0 ? '' : ` (${report.queuedForLater.toLocaleString('en-US')} of them for a later time)`;
  const byState = undelivered.flatMap((state) =>
    states[state] > 0 ? [`${states[state].toLocaleString('en-US')} ${state}${state === 'queued' ? later : ''}`] : [],
  );
  const queue =
    waiting.deliveries === 0
      ? 'The queue is empty.'
      : `${counted(waiting.deliveries, 'delivery', 'deliveries')} in the queue${age}: ${byState.join(', ')}.`;
  return [
    report.isWell ? `All is well. ${queue}` : `${verdict(report)} ${queue}`,
    ...found,
    ...remarks(report, propose),
    ...report.unreachable.map((text) => `Not read: ${escaped(text)}`),
  ];
}

/** Mail in the table is not lost. Action is required where nothing else will repair it. */
function verdict(report: StatusReport): string {
  const { malformed, corrupt, corruptRequests, deadLetters, inDoubt, overdue, unpublished } = report;
  const needsAction =
    malformed.deliveries +
      corrupt.deliveries +
      corruptRequests.requests +
      deadLetters.length +
      overdue.deliveries +
      unpublished.deliveries >
    0;
  if (needsAction) return 'Action required. No mail has been lost.';
  return inDoubt.deliveries > 0
    ? 'Some mail may be delivered twice. No mail has been lost.'
    : 'Mail is late. No mail has been lost.';
}

function* troubles(
  report: StatusReport,
  lateAfter: number,
  propose: (...args: NextCommand) => string,
): Iterable<string> {
  const {
    now,
    malformed,
    corrupt,
    corruptRequests,
    inDoubt,
    late,
    expiring,
    suspended,
    overdue,
    unpublished,
    deadLetters,
  } = report;
  const unusable = corrupt.deliveries + corruptRequests.requests;
  if (unusable > 0) {
    const ids = [corrupt.oldest?.id, corruptRequests.oldest?.id].flatMap((id) =>
      id === undefined ? [] : [escaped(id)],
    );
    yield `Corrupt: ${unusable.toLocaleString('en-US')} cannot be used (${ids.join(', ')})`;
    yield propose('queue', '--state', 'corrupt');
  }
  if (malformed.deliveries > 0) {
    yield `Malformed: ${counted(malformed.deliveries, 'delivery', 'deliveries')} held: the item in the queue table is malformed`;
    yield propose('explain', malformed.oldest?.id ?? 'ID');
  }
  if (inDoubt.deliveries > 0) {
    yield `In doubt: ${counted(inDoubt.recipients, 'recipient')}: the message ${doubtWords}${sample(inDoubt, now)}. Look in the log of the server first`;
    if (inDoubt.oldest !== undefined) yield propose('explain', inDoubt.oldest.id);
    yield propose('queue', '--in-doubt');
  }
  if (late.deliveries > 0) {
    yield `Late: ${counted(late.deliveries, 'delivery waits', 'deliveries wait')} for more than ${inWords(lateAfter)}${sample(late, now)}`;
    yield propose('queue', '--oldest');
  }
  if (expiring.deliveries > 0) {
    yield `Expiring: ${counted(expiring.deliveries, 'delivery is', 'deliveries are')} returned to the sender within 6h unless delivered${sample(expiring, now)}`;
  }
  for (const { name, suspension } of suspended) {
    if (suspension === undefined) continue;
    const { since, failures, dsn, why } = suspension;
    yield `Suspended: ${escaped(name)} for ${inWords(now - since)}, after ${counted(failures, 'failure')} in a row: ${dsn} ${escaped(why)}`;
    yield propose('explain', name);
  }
  if (overdue.deliveries > 0) {
    yield `Overdue: ${counted(overdue.deliveries, 'item')} that the sweep should have handled ${inWords(overdueAfter)} ago${sample(overdue, now, 'due')}. Does the function sweep run?`;
  }
  if (unpublished.deliveries > 0) {
    yield `Unpublished: events of ${counted(unpublished.deliveries, 'delivery', 'deliveries')} that are not published yet${sample(unpublished, now, 'due')}. Can the bounce topic be written to?`;
  }
  for (const { name, messages } of deadLetters) {
    yield `Dead letters: ${counted(messages, 'message')} in ${escaped(name)}`;
  }
}

/** Holds, which an operator or a verdict of Amazon SES set, and destinations with one recipient at a time; neither needs action. */
function remarks(
  { heldDestinations, held, heldSince, dropping, cautioned, now }: StatusReport,
  propose: (...args: NextCommand) => string,
): readonly string[] {
  const lines = heldDestinations.flatMap(({ name, holds }) =>
    holds.map((hold) => `Held: ${escaped(name)} ${holdFacts(hold)}`),
  );
  const messages =
    held.deliveries > 0
      ? [`Held: ${counted(held.deliveries, 'delivery', 'deliveries')}${heldSample(held, heldSince, now)}`]
      : [];
  const drops =
    dropping.oldest === undefined
      ? []
      : [
          `Dropped unless released: ${counted(dropping.deliveries, 'held delivery', 'held deliveries')}, the first (${escaped(dropping.oldest.id)}) ${fromNow(dropping.oldest.at, now)}`,
          propose('explain', dropping.oldest.id),
        ];
  const cautions = cautioned.flatMap(({ name, caution }) =>
    caution === undefined
      ? []
      : [
          `One recipient at a time: ${escaped(name)} for ${inWords(caution.until - now)} more: ${escaped(caution.why)}`,
          propose('explain', name),
        ],
  );
  return [...lines, ...messages, ...drops, ...cautions];
}

/** An example delivery, and how long ago it arrived or fell due. */
function sample({ oldest }: Count, now: number, what = 'arrived'): string {
  return oldest === undefined ? '' : ` (${escaped(oldest.id)}, ${what} ${inWords(now - oldest.at)} ago)`;
}

/** The oldest held delivery, and for how long it is held. */
function heldSample(held: Count, since: number | undefined, now: number): string {
  const { oldest } = held;
  if (oldest === undefined || since === undefined) return sample(held, now);
  return ` (${escaped(oldest.id)}, held for ${inWords(now - since)}, arrived ${inWords(now - oldest.at)} ago)`;
}

/** Returns the report as JSON; times as RFC 3339. */
export function statusAsJson(report: StatusReport): object {
  const { now, isWell, states, suspended, heldDestinations, cautioned, inDoubt, corruptRequests } = report;
  const { deadLetters, unreachable } = report;
  return {
    now: iso(now),
    well: isWell,
    states,
    waiting: countAsJson(report.waiting),
    queued_for_later: report.queuedForLater,
    late: countAsJson(report.late),
    expiring: countAsJson(report.expiring),
    held: {
      ...countAsJson(report.held),
      ...(report.heldSince === undefined ? {} : { since: iso(report.heldSince) }),
    },
    dropping: countAsJson(report.dropping),
    in_doubt: { ...countAsJson(inDoubt), recipients: inDoubt.recipients },
    malformed: countAsJson(report.malformed),
    corrupt: countAsJson(report.corrupt),
    corrupt_requests: {
      requests: corruptRequests.requests,
      ...(corruptRequests.oldest === undefined
        ? {}
        : { oldest: { id: corruptRequests.oldest.id, at: iso(corruptRequests.oldest.at) } }),
    },
    overdue: countAsJson(report.overdue),
    unpublished: countAsJson(report.unpublished),
    suspended: suspended.map((record) => recordAsJson(record, now)),
    held_destinations: heldDestinations.map((record) => recordAsJson(record, now)),
    one_by_one: cautioned.map((record) => recordAsJson(record, now)),
    dead_letters: deadLetters.map(({ name, messages }) => ({ name, messages })),
    unreachable,
  };
}

function countAsJson({ deliveries, oldest }: Count): object {
  return { deliveries, ...(oldest === undefined ? {} : { oldest: { ...oldest, at: iso(oldest.at) } }) };
}
