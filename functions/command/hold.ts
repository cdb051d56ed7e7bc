/**
 * `lambda-lmtp hold`: messages, or all mail to a destination, stay where they are (postsuper -h).
 */

import { Command } from 'commander';
import { holdDestination } from '../operator/destinations.ts';
import { holdMessages } from '../operator/messages.ts';
import type { Selection } from '../operator/selection.ts';
import { wallTime } from '../queue/services.ts';
import { type ChangeOptions, ChangeReport, readChanging, readSelection, withChangeOptions } from './change-options.ts';
import { isFiltered, readDestination } from './filter-options.ts';
import { type EndOptions, readHoldWish, withEndOptions } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';

/** Defines the command. */
export function holdCommand(): Command {
  const command = new Command('hold').description(
    'Hold messages, or with --destination alone all mail to it; several may hold the same thing, each for a reason',
  );
  return withChangeOptions(withEndOptions(command)).action(guarded(holdAction));
}

async function holdAction(
  ids: readonly string[],
  options: ChangeOptions & EndOptions,
  command: Command,
): Promise<void> {
  if (options.reason === undefined)
    command.error('error: --reason is missing: whoever finds it held wants to know why');
  const operation = await openOperation(options);
  const { services } = operation;
  const wish = readHoldWish(options, wallTime(services), command);
  const { destination } = options;
  const report = new ChangeReport(options);
  if (ids.length === 0 && destination !== undefined && !isFiltered(options)) {
    const name = readDestination(destination, services);
    await report.tell(await holdDestination(name, wish, await readChanging(options, operation)));
  } else {
    const selection = readSelection(
      ids,
      options,
      services,
      command,
      '--destination, or options that look for messages,',
    );
    await report.tellAll(holdMessages(onlyLive(selection), wish, await readChanging(options, operation)));
  }
  await report.finish();
}

/** Of what was looked for, what is corrupt waits for a person anyway. */
function onlyLive(selection: Selection): Selection {
  if (selection.kind === 'ids' || selection.filter.states !== undefined) return selection;
  const states = ['queued', 'active', 'delivering', 'deferred', 'held'] as const;
  return { kind: 'filter', filter: { ...selection.filter, states } };
}
