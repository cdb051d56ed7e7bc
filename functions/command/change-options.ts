/**
 * What all changing commands share: the selection of messages, the author and the reason, and the report of changes.
 */

import type { Command } from 'commander';
import { escaped } from '../log/postfix-line.ts';
import type { Change, ChangeKind, Changing, NextCommand, OperatorServices } from '../operator/operator.ts';
import type { Selection } from '../operator/selection.ts';
import type { QueueFilter } from '../queue/items/queue-entry.ts';
import { wallTime } from '../queue/writes/services.ts';
import { commandLine, nextLine, type Proposer, proposerOf } from '../texts/next-command.ts';
import { counted } from '../texts/words.ts';
import type { Operation } from './compose-operator.ts';
import { exitCodes } from './exit-codes.ts';
import { type FilterOptions, isFiltered, readDestination, readFilter } from './filter-options.ts';
import { type OperateOptions, print } from './operate.ts';
import { Progress } from './progress.ts';
import { readLines } from './read-lines.ts';
import type { Run } from './run.ts';

/** Options of every changing command. */
export interface ChangeOptions extends OperateOptions, FilterOptions {
  readonly whatIf?: true;
  readonly reason?: string;
}

/**
 * Returns the author and the reason of a change, and the services with the parameters in force. With --what-if AWS is not asked for
 * the author.
 */
export async function readChanging(
  { whatIf, reason = 'no reason given' }: ChangeOptions,
  { live, caller }: Operation,
): Promise<Changing> {
  if (whatIf === true) return { order: { by: '(--what-if)', why: reason, whatIf }, services: await live() };
  return { order: { by: await caller(), why: reason }, services: await live() };
}

/**
 * Returns the selected messages: by ids, or by options. A usage error ends the command if there are none or both.
 *
 * @param missing what the error names beside ids, if nothing is selected
 */
export function readSelection(
  run: Run,
  ids: readonly string[],
  options: FilterOptions,
  services: OperatorServices,
  command: Command,
  missing = '--destination, or options that select messages',
): Selection {
  const hasFilter = isFiltered(options) || options.destination !== undefined;
  if (ids.length === 0 && !hasFilter) command.error(`error: nothing is selected: give ids, ${missing}`);
  if (ids.length > 0 && hasFilter) command.error('error: ids cannot be combined with options that select messages');
  if (ids.length > 0) return { kind: 'ids', ids: expandIds(ids, run) };
  return { kind: 'filter', filter: readFilter(options, services, wallTime(services)) };
}

/** Returns the destination if it is the only condition: then the order applies to it, and so to mail that arrives later. */
export function destinationAlone(
  ids: readonly string[],
  options: FilterOptions,
  services: OperatorServices,
): string | undefined {
  const { destination } = options;
  if (ids.length > 0 || destination === undefined || isFiltered(options)) return undefined;
  return readDestination(destination, services);
}

/** Limits a filter to these states, unless it names states. */
export function withDefaultStates(selection: Selection, states: NonNullable<QueueFilter['states']>): Selection {
  if (selection.kind === 'ids' || selection.filter.states !== undefined) return selection;
  return { kind: 'filter', filter: { ...selection.filter, states } };
}

/** Yields the ids, with those of standard input in place of "-". */
export async function* expandIds(ids: readonly string[], { stdin }: Run): AsyncIterable<string> {
  for (const id of ids) {
    if (id !== '-') {
      yield id;
      continue;
    }
    for await (const line of readLines(stdin)) {
      const text = line.toString('utf8').trim();
      if (text !== '') yield text;
    }
  }
}

/** Counts of the reported changes. */
export interface ChangeCounts extends Readonly<Record<ChangeKind, number>> {
  readonly total: number;
  /** Deliveries that were changed. */
  readonly deliveries: number;
  /** Deliveries that will be tried as a consequence. */
  readonly tried: number;
}

/** Prints changes with what they mean for the mail, one per line, and a sum; sets the exit code. */
export class ChangeReport {
  readonly #run: Run;
  readonly #options: ChangeOptions;
  readonly #summarise: (counts: ChangeCounts) => string;
  readonly #progress: Progress;
  readonly #proposed = new Set<string>();
  readonly #counts = {
    ...{ changed: 0, 'passed over': 0, refused: 0, unknown: 0 },
    ...{ total: 0, deliveries: 0, tried: 0 },
  } satisfies ChangeCounts;

  /** @param summarise returns the sum as one sentence that begins with a number */
  constructor(run: Run, options: ChangeOptions, summarise: (counts: ChangeCounts) => string) {
    this.#run = run;
    this.#options = options;
    this.#summarise = summarise;
    this.#progress = new Progress(run, options, (count) => `${counted(count, 'change')}`);
  }

  /** Prints a change. */
  async add(change: Change): Promise<void> {
    this.#count(change);
    this.#progress.clear();
    if (this.#options.json === true) {
      await this.#print(JSON.stringify(this.#asJson(change)));
      return;
    }
    const { kind, id, delivery, text, next = [] } = change;
    const name = escaped(delivery === undefined ? id : `${id}/${delivery}`);
    await this.#print(`${name}: ${kind === 'changed' ? '' : 'not changed: '}${escaped(text)}`);
    for (const args of next) await this.#propose(args);
    // On a terminal the printed lines are the progress.
    if (this.#run.stdout.isTTY !== true) this.#progress.note(this.#counts.total);
  }

  /** Prints all changes. */
  async addAll(changes: AsyncIterable<Change>): Promise<void> {
    for await (const change of changes) await this.add(change);
  }

  /** Prints a line that is not about one change; not with --json. */
  async remark(text: string): Promise<void> {
    this.#progress.clear();
    if (this.#options.json !== true) await this.#print(escaped(text));
  }

  /**
   * Prints the sum, and sets the exit code: 75 if a change was refused, 69 if an id is unknown.
   *
   * @param countsDeliveries whether the sum counts deliveries even if only a destination was changed
   */
  async finish({ countsDeliveries = false } = {}): Promise<void> {
    this.#progress.clear();
    const { refused, unknown, total, changed, deliveries } = this.#counts;
    // A single answer needs no sum, except that of a destination, which does not count deliveries.
    const isComplete = total === 1 && !(countsDeliveries && changed > deliveries);
    if (this.#options.json !== true && !isComplete) await this.#print(`-- ${this.#sum()}`);
    if (refused > 0) this.#run.exitCode = exitCodes.tempFail;
    else if (unknown > 0) this.#run.exitCode = exitCodes.unavailable;
  }

  #count({ kind, delivery, isTried }: Change): void {
    this.#counts[kind] += 1;
    this.#counts.total += 1;
    if (kind !== 'changed' || delivery === undefined) return;
    this.#counts.deliveries += 1;
    if (isTried === true) this.#counts.tried += 1;
  }

  #asJson({ kind, id, delivery, text, next = [] }: Change): object {
    const outcome = kind === 'changed' && this.#options.whatIf === true ? 'would change' : kind;
    return {
      id,
      ...(delivery === undefined ? {} : { delivery }),
      ...{ outcome, text },
      ...(next.length === 0 ? {} : { next: next.map((args) => commandLine(args, this.#place)) }),
    };
  }

  /** Prints a proposed command, once. */
  async #propose(args: NextCommand): Promise<void> {
    const line = nextLine(args, this.#place);
    if (this.#proposed.has(line)) return;
    this.#proposed.add(line);
    await this.#print(line);
  }

  get #place(): Proposer {
    return proposerOf(this.#run, this.#options);
  }

  async #print(line: string): Promise<void> {
    await print(line, this.#run);
  }

  #sum(): string {
    const { total, refused, unknown } = this.#counts;
    if (total === 0) return 'No delivery matches; nothing was changed';
    return [
      this.#summarise(this.#counts),
      ...(refused === 0 ? [] : [`${refused} not changed`]),
      ...(unknown === 0 ? [] : [`${counted(unknown, 'id')} unknown`]),
      ...(this.#counts['passed over'] === 0 ? [] : [`${this.#counts['passed over']} skipped`]),
    ].join('; ');
  }
}
