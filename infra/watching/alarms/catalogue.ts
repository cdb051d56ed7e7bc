/**
 * Every alarm of a stack, once: the heading of docs/operating.md that it leads to, what is late or lost, for whom, until when it is
 * safe to wait, and the one safe act. The alarms are made from these rows, and a test holds docs/operating.md to them.
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

/** Characters that CloudWatch takes as the description of an alarm. */
export const longestDescription = 1024;

/** What the person reads who is woken: the alarm's whole text. */
export function describeAlarm(row: AlarmRow, facts: AlarmFacts, manual: string): string {
  const { heading } = row;
  return [
    `${urgencyOf(row, facts.subject).toUpperCase()}: ${row.meaning(facts)}`,
    row.safety(facts),
    `Safe now: ${row.act(facts)}`,
    `More: "${heading}" in ${manual}#${anchorOf(heading)}`,
  ].join('\n');
}

/** Whether somebody is to be woken. */
export function urgencyOf({ urgency, ticketFor = [] }: AlarmRow, subject: string): Urgency {
  return ticketFor.includes(subject) ? 'ticket' : urgency;
}

/** Where a heading is in a Markdown document, as those who show such documents count it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
