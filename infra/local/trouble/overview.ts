/**
 * What `npm start -- --trouble` prints: which message is in which trouble, and the commands that show it or end it.
 */

import type { NextCommand } from '../../../functions/operator/operator.ts';
import { nextLine } from '../../../functions/texts/next-command.ts';
import { overviewCommands, remedies, type Trouble, troubles } from './troubles.ts';

/**
 * Returns the lines, each command on a line of its own.
 *
 * @param destinations by the domain of their recipients
 * @param unreached ids of messages that are not in their trouble yet
 */
export function troubleLines(
  destinations: ReadonlyMap<string, string>,
  unreached: readonly string[] = [],
): readonly string[] {
  const destinationOf = (domain: string) => destinations.get(domain) ?? '';
  return [
    '',
    ...troubles.flatMap((trouble) => [headOf(trouble, unreached), nextLine(showing(trouble, destinationOf))]),
    '',
    'All of it:',
    ...overviewCommands.map((command) => nextLine(command)),
    '',
    'What an operator does about it (what is full or dead stays so):',
    ...remedies(destinationOf).map((command) => nextLine(command)),
    '',
  ];
}

function headOf({ ids, words }: Trouble, unreached: readonly string[]): string {
  const late = ids.filter((id) => unreached.includes(id));
  return `${ids.join(', ')}: ${words}${late.length === 0 ? '' : ` (not yet: ${late.join(', ')})`}`;
}

function showing({ shown, recipient }: Trouble, destinationOf: (domain: string) => string): NextCommand {
  const destination = destinationOf(recipient.split('@')[1] ?? '');
  return shown.map((word) => (word === 'DESTINATION' ? destination : word));
}
