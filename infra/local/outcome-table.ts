import Table from 'cli-table3';
import type { Outcome, Submission } from './outcome.ts';

/** One line of the table. */
export interface TableRow {
  readonly submission: Submission;
  readonly shows: string;
  readonly outcome: Outcome;
  /** Empty: the outcome is as declared. */
  readonly differences: readonly string[];
  /** Where the copy of a recipient is. */
  readonly placeOf: (recipient: string) => string;
}

/** Returns a table with the outcome of all submissions. Numbers are recipients, except attempts. */
export function outcomeTable(rows: readonly TableRow[]): string {
  const head = [
    'message',
    'shows',
    'sent',
    'deferred',
    'bounced',
    'corrupt',
    'attempts',
    'lies in',
    'report to',
    'as declared',
  ];
  const colAligns: ('left' | 'right')[] = [
    'left',
    'left',
    'right',
    'right',
    'right',
    'right',
    'right',
    'left',
    'left',
    'left',
  ];
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  for (const { submission, shows, outcome, differences, placeOf } of rows) {
    const { sent, bounced } = outcome.recipients;
    const numbers = [
      sent.length,
      outcome.deferrals,
      bounced.length,
      outcome.corrupt === undefined ? 0 : 1,
      outcome.attempts,
    ];
    table.push([
      submission.name,
      shows,
      ...numbers.map((number) => (number === 0 ? '' : String(number))),
      placesOf(sent, placeOf),
      outcome.reportedTo.join(' '),
      differences.length === 0 ? 'yes' : 'NO',
    ]);
  }
  return table.toString();
}

function placesOf(sent: readonly string[], placeOf: (recipient: string) => string): string {
  const [first] = sent;
  if (first === undefined) return '';
  return sent.length === 1 ? placeOf(first) : `${placeOf(first)} + ${sent.length - 1}`;
}
