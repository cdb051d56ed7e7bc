/**
 * All alarms: the section of docs/operating.md, what is late or lost, for which mail, how long it is safe to wait, and one safe
 * action. The alarms are created from these rows, and a test compares docs/operating.md with them.
 */
import { functionRows } from './function-rows.ts';
import { mailRows } from './mail-rows.ts';
import type { AlarmFacts, AlarmRow, Urgency } from './row.ts';
import { serverRows } from './server-rows.ts';
import { tableRows } from './table-rows.ts';

/** The alarms, those about lost and late mail first. */
export const alarmTable = { ...mailRows, ...serverRows, ...tableRows, ...functionRows } as const satisfies Readonly<
  Record<string, AlarmRow>
>;

/** Name of an alarm. */
export type AlarmName = keyof typeof alarmTable;

/** All names, in the order of docs/operating.md. */
export const alarmNames = Object.keys(alarmTable) as readonly AlarmName[];

/** The most characters that CloudWatch allows in the description of an alarm. */
export const longestDescription = 1024;

/** Returns the text of an alarm, which its notification contains. */
export function describeAlarm(row: AlarmRow, facts: AlarmFacts, manual: string): string {
  const { heading } = row;
  return [
    `${urgencyOf(row, facts.subject).toUpperCase()}: ${row.meaning(facts)}`,
    row.safety(facts),
    `Safe now: ${row.act(facts)}`,
    `More: "${heading}" in ${manual}#${anchorOf(heading)}`,
  ].join('\n');
}

/** Returns whether an alarm pages the operator or opens a ticket. */
export function urgencyOf({ urgency, ticketFor = [] }: AlarmRow, subject: string): Urgency {
  return ticketFor.includes(subject) ? 'ticket' : urgency;
}

/** Returns the anchor of a heading in a Markdown document, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
