/**
 * What the commands that change something have in common: what is meant, who wants it and why, what was or would be changed,
 * and how it ended.
 */

import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { escaped } from '../disposition/postfix-line.ts';
import type { Change, ChangeKind, Changing, OperatorServices } from '../operator/operator.ts';
import type { Selection } from '../operator/selection.ts';
import type { QueueFilter } from '../queue/queue-entry.ts';
import { wallTime } from '../queue/services.ts';
import type { Operation } from './compose-operator.ts';
import { exitCodes } from './exit-codes.ts';
import { type FilterOptions, isFiltered, readDestination, readFilter, withFilterOptions } from './filter-options.ts';
import { type OperateOptions, print, withOperateOptions } from './operate.ts';
import { Progress } from './progress.ts';
import { readLines } from './read-lines.ts';
import { counted } from './words.ts';

/** Options of every command that changes something. */
export interface ChangeOptions extends OperateOptions, FilterOptions {
  readonly whatIf?: true;
  readonly reason?: string;
}

/** Adds ids, the options by which messages are looked for, and those of every change. */
export function withChangeOptions(command: Command): Command {
  return withOrderOptions(withFilterOptions(withIds(command)));
}

/** Adds ids as arguments. */
export function withIds(command: Command): Command {
  return command.addArgument(
    new Argument('[id...]', 'queue ids; ID/0000 is one delivery of several; "-": ids from standard input, one a line'),
  );
}

/** Adds the options of every change. */
export function withOrderOptions(command: Command): Command {
  return withOperateOptions(command)
    .option('--what-if', 'say what would be changed, and change nothing')
    .addOption(new Option('--reason <text>', 'why; it is written down on what is changed').argParser(parseReason));
}

/** Characters of a reason: it is kept in the item, and said to whoever is told of a bounce. */
const reasonLength = 300;

function parseReason(value: string): string {
  const text = value.trim();
  if (text !== '' && text.length <= reasonLength && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError(`one line of 1 to ${reasonLength} characters is wanted.`);
}

/** Who changes something and why. Whoever only asks what would be need not be known. */
export async function readChanging(
  { whatIf, reason = 'no reason given' }: ChangeOptions,
  { services, whoAmI }: Operation,
): Promise<Changing> {
  if (whatIf === true) return { order: { by: 'nobody', why: reason, whatIf }, services };
  return { order: { by: await whoAmI(), why: reason }, services };
}

/**
 * Which messages are meant: ids, or what the options say. Nothing at all, and both at once, end the command.
 *
 * @param missing what to name besides, where nothing is meant
 */
export function readSelection(
  ids: readonly string[],
  options: FilterOptions,
  services: OperatorServices,
  command: Command,
  missing = '--destination, or options that look for messages,',
): Selection {
  const hasFilter = isFiltered(options) || options.destination !== undefined;
  if (ids.length === 0 && !hasFilter) command.error(`error: nothing is named: ids, ${missing} are wanted`);
  if (ids.length > 0 && hasFilter) command.error('error: ids go without the options that look for messages');
  if (ids.length > 0) return { kind: 'ids', ids: expandIds(ids) };
  return { kind: 'filter', filter: readFilter(options, services, wallTime(services)) };
}

/** The destination that is named and nothing beside it: then all its mail is meant, and what is still to come. */
export function destinationAlone(
  ids: readonly string[],
  options: FilterOptions,
  services: OperatorServices,
): string | undefined {
  const { destination } = options;
  if (ids.length > 0 || destination === undefined || isFiltered(options)) return undefined;
  return readDestination(destination, services);
}

/** Of what was looked for, only what is in one of these states, unless states were asked for. */
export function withDefaultStates(selection: Selection, states: NonNullable<QueueFilter['states']>): Selection {
  if (selection.kind === 'ids' || selection.filter.states !== undefined) return selection;
  return { kind: 'filter', filter: { ...selection.filter, states } };
}

/** The ids, those of standard input in the place of "-". */
export async function* expandIds(ids: readonly string[]): AsyncIterable<string> {
  for (const id of ids) {
    if (id !== '-') {
      yield id;
      continue;
    }
    for await (const line of readLines(process.stdin)) {
      const text = line.toString('utf8').trim();
      if (text !== '') yield text;
    }
  }
}

/** Tells of changes, one a line, and how many there were; remembers how it all ended. */
export class ChangeReport {
  readonly #options: ChangeOptions;
  readonly #progress: Progress;
  readonly #counts: Record<ChangeKind, number> = { changed: 0, 'passed over': 0, refused: 0, unknown: 0 };
  #total = 0;

  constructor(options: ChangeOptions) {
    this.#options = options;
    this.#progress = new Progress(options, (count) => `${counted(count, 'change')}`);
  }

  /** Prints a change. */
  async tell(change: Change): Promise<void> {
    const { kind, id, delivery, text } = change;
    this.#counts[kind] += 1;
    this.#total += 1;
    this.#progress.clear();
    if (this.#options.json === true) {
      const outcome = kind === 'changed' && this.#options.whatIf === true ? 'would change' : kind;
      await print(JSON.stringify({ id, ...(delivery === undefined ? {} : { delivery }), outcome, text }));
      return;
    }
    const name = escaped(delivery === undefined ? id : `${id}/${delivery}`);
    const words = kind !== 'changed' ? 'not changed: ' : this.#options.whatIf === true ? 'would be: ' : '';
    await print(`${name}: ${words}${escaped(text)}`);
    // On a terminal the lines themselves say how far it is.
    if (process.stdout.isTTY !== true) this.#progress.note(this.#total);
  }

  /** Prints many. */
  async tellAll(changes: AsyncIterable<Change>): Promise<void> {
    for await (const change of changes) await this.tell(change);
  }

  /** Prints a line that is none of a change, for people only. */
  async remark(text: string): Promise<void> {
    this.#progress.clear();
    if (this.#options.json !== true) await print(escaped(text));
  }

  /** The last line, and the exit code: 75 if something could not be changed now, 69 if something is not there. */
  async finish(): Promise<void> {
    this.#progress.clear();
    const { changed, refused, unknown } = this.#counts;
    const verb = this.#options.whatIf === true ? 'would be changed' : 'changed';
    const others = [
      ...(refused === 0 ? [] : [`${refused} not`]),
      ...(unknown === 0 ? [] : [`${unknown} unknown`]),
      ...(this.#counts['passed over'] === 0 ? [] : [`${this.#counts['passed over']} not meant any more`]),
    ];
    if (this.#options.json !== true && this.#total !== 1) {
      await print(`-- ${[`${changed} ${verb}`, ...others].join(', ')}`);
    }
    if (refused > 0) process.exitCode = exitCodes.tempFail;
    else if (unknown > 0) process.exitCode = exitCodes.unavailable;
  }
}
