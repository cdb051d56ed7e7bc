import { truncated } from '../../functions/texts/terminal.ts';
import type { Outcome, Submission } from './outcome.ts';

/** One line of the table. */
export interface TableRow {
  readonly submission: Submission;
  readonly shows: string;
  readonly outcome: Outcome;
  /** Empty: the outcome is as declared. */
  readonly differences: readonly string[];
}

/** Widest names and descriptions; with the samples, the whole table fits into 80 columns. */
const widest = { name: 30, shows: 30 } as const;

/** Recipients that are named where they are an exception. */
const mostNamed = 3;

/** Returns the outcome of all submissions in a table: one line each, with a mark that shows whether it is as declared. */
export function outcomeTable(rows: readonly TableRow[]): string {
  const cells = rows.map(({ submission, shows, outcome, differences }) => [
    `${differences.length === 0 ? '✓' : '✗'} ${truncated(submission.name, widest.name)}`,
    truncated(shows, widest.shows),
    outcomeWords(outcome),
  ]);
  const table = [['  message', 'shows', 'what became of it'], ...cells];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Returns in a few words what became of a message: recipients by how they ended, most attempts for one of them, reports. */
export function outcomeWords({ recipients, corrupt, attempts, reportedTo }: Outcome): string {
  if (corrupt !== undefined) return 'corrupt';
  return [
    endsOf(recipients),
    ...(attempts > 1 ? [`${attempts} tries`] : []),
    ...(reportedTo.length > 0 ? [reportedTo.length === 1 ? 'report' : `${reportedTo.length} reports`] : []),
  ].join('; ');
}

function endsOf(recipients: Outcome['recipients']): string {
  const ends = Object.entries(recipients).filter(([, some]) => some.length > 0);
  const all = ends.reduce((sum, [, some]) => sum + some.length, 0);
  const [only] = ends;
  if (ends.length === 1 && only !== undefined) return all === 1 ? only[0] : `${all} recipients: ${only[0]}`;
  const most = Math.max(...ends.map(([, some]) => some.length));
  // Of few recipients the numbers say enough; of many, who is an exception.
  const isException = (count: number) => all > 2 * mostNamed && count < most && count <= mostNamed;
  return ends
    .map(([end, some]) => `${some.length} ${end}${isException(some.length) ? ` (${some.join(', ')})` : ''}`)
    .join(', ');
}
