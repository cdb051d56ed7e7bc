/**
 * A check as lines of text: a heading for each next-hop and address, then each step. Below a failed step follows what to do next.
 */

import { type CheckReport, outcomeOf, type Progress, type Step, stepsOf } from '../check/report.ts';
import { escapeControls } from '../smtp/control-characters.ts';

const marks = { ok: '  ', warning: '! ', failed: '✗ ' } as const;

/** Length of the longest step name. */
const column = 11;

/** Returns the lines for one piece of progress, each with its line end. */
export function progressText(progress: Progress): string {
  switch (progress.kind) {
    case 'hop':
      return `${escapeControls(progress.hop)}\n`;
    case 'server':
      return `\n${escapeControls(progress.relay)}\n`;
    case 'step':
      return stepText(progress.step);
    default:
      return progress satisfies never;
  }
}

/** Returns the last line: whether mail would be delivered, deferred or bounced. */
export function outcomeText({ hops, outcome }: CheckReport): string {
  const steps = stepsOf(hops);
  const servers = hops.flatMap((hop) => hop.servers);
  const well = servers.filter((server) => outcomeOf(server.steps) === 'well').length;
  if (outcome === 'well') {
    const isWarned = steps.some(({ result }) => result === 'warning');
    return `\nAll is well${isWarned ? ', but see the lines marked with !' : ''}. Nothing was delivered.\n`;
  }
  const worst = steps.flatMap((step) =>
    step.result === 'failed' && step.verdict.status === outcome ? [step.verdict] : [],
  )[0];
  const count = servers.length > 1 ? `${well} of ${servers.length} addresses are well. ` : '';
  const verdict = `Mail would be ${outcome} (${worst?.dsn}): ${worst?.text}`;
  return `\n${count}${escapeControls(verdict)}\n`;
}

/** The mark of the result, the name of the step, and its text; further lines are indented below the first. */
function stepText(step: Step): string {
  const label = `${marks[step.result]}${step.step}`.padEnd(column + 4);
  const rest = ' '.repeat(column + 4);
  const [first = '', ...more] = step.text.split('\n').map(escapeControls);
  const next = step.result === 'ok' ? [] : step.next.split('\n').map(escapeControls);
  return [
    `${label}${first}`,
    ...more.map((line) => `${rest}${line}`),
    ...next.map((line, index) => `${rest}${index === 0 ? '→ ' : '  '}${line}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
