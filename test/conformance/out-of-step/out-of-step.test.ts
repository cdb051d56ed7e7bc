/**
 * Servers whose replies are out of step. Whatever they say, the client reports no mail sent that was not
 * stored. It bounces no mail that was stored or never refused. It retries no stored mail unless it reports
 * the recipient in doubt. Where every reply is in its place, no recipient is in doubt.
 *
 * One family: `--test-name-pattern='354 twice'`. Single scenarios, with their dialogues: `OUT_OF_STEP=TEXT`,
 * a part of their names.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Played, play } from './campaign.ts';
import { families } from './catalogue.ts';
import { excuses } from './excuses.ts';
import { type Finding, faults } from './judge.ts';
import { decisionsFor } from './scenario.ts';

const wanted = process.env['OUT_OF_STEP'];
const isWanted = ({ name }: { readonly name: string }) => wanted === undefined || name.includes(wanted);
const all: Played[] = [];
/** Most dialogues that are shown of one family. */
const shownDialogues = 3;

describe('replies out of step', { concurrency: true }, () => {
  for (const { about, scenarios } of families) {
    test(about, async () => {
      const played = await Promise.all(scenarios.filter(isWanted).map(play));
      all.push(...played);
      if (wanted !== undefined) for (const one of played) console.log(show(one));
      const failed = played.filter(isFailed);
      if (failed.length > 0) assert.fail(report(about, played, failed));
    });
  }
  after(() => console.log(summary('replies out of step', all)));
});

test('every excuse is needed', { skip: wanted !== undefined && 'only some scenarios were played' }, () => {
  const needed = new Set(all.flatMap(({ found }) => found.flatMap(({ excuse }) => excuse ?? [])));
  assert.deepEqual(
    excuses.filter((excuse) => !needed.has(excuse)).map(({ reason }) => reason),
    [],
  );
});

test('no two scenarios have the same name', () => {
  const names = families.flatMap(({ scenarios }) => scenarios.map(({ name }) => name));
  const twins = names.filter((name, index) => names.indexOf(name) !== index);
  assert.deepEqual(twins, []);
});

function isFailed({ found, complaints }: Played): boolean {
  return complaints.length > 0 || found.some(({ finding, excuse }) => excuse === undefined && isFault(finding));
}

function isFault(finding: Finding): boolean {
  return faults.some((fault) => fault === finding);
}

function count(played: readonly Played[], finding: Finding): number {
  const found = played.flatMap((one) => one.found);
  return found.filter((one) => one.finding === finding && one.excuse === undefined).length;
}

/** One line of counts. */
function summary(about: string, played: readonly Played[]): string {
  const verdicts = played.reduce((sum, one) => sum + one.verdicts, 0);
  const excused = excuses.map(
    (excuse) => played.flatMap((one) => one.found).filter((one) => one.excuse === excuse).length,
  );
  const counts = [...faults, 'in doubt' as const].map((finding) => `${finding} ${count(played, finding)}`);
  const complaints = played.reduce((sum, one) => sum + one.complaints.length, 0);
  return `${about}: ${played.length} scenarios, ${verdicts} verdicts: ${counts.join(', ')}, complaints ${complaints}, excused ${excused.join(' + ')}`;
}

/** The faults of a family: counts, the dialogues of the shortest scenarios, the names of all. */
function report(about: string, played: readonly Played[], failed: readonly Played[]): string {
  const shortest = failed.toSorted((a, b) => a.transcript.length - b.transcript.length);
  return [
    summary(about, played),
    ...shortest.slice(0, shownDialogues).map(show),
    `${failed.length} of ${played.length} failed:`,
    ...failed.map(({ scenario }) => `  ${scenario.name}`),
  ].join('\n');
}

function show({ scenario, found, complaints, transcript }: Played): string {
  const findings = found.map(({ finding, message, recipient, verdict, excuse }) => {
    const decision = decisionsFor(scenario, message)[recipient];
    const { status, dsn, text, inDoubt } = verdict;
    const doubt = inDoubt === true ? ', in doubt' : '';
    const pardon = excuse === undefined ? '' : ' (excused)';
    return `  message ${message} recipient ${recipient + 1} (${decision}): ${finding}${pardon}: ${status} ${dsn}${doubt}: ${text}`;
  });
  return [
    `\n${scenario.name}`,
    ...findings,
    ...complaints.map((complaint) => `  ${complaint}`),
    ...transcript.map((line) => `    ${line}`),
  ].join('\n');
}
