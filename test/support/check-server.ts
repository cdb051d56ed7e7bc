/**
 * Checks of a scripted server: the report, and the commands that the server received. In every test, no check sends DATA, and no
 * report contains a secret.
 */
import assert from 'node:assert/strict';
import type { Place } from '../../functions/check/advice.ts';
import { type CheckOptions, check } from '../../functions/check/check.ts';
import { type CheckReport, type Step, stepsOf } from '../../functions/check/report.ts';
import type { Agent } from '../../functions/delivery/agent.ts';
import { outcomeText, progressText } from '../../functions/texts/check-text.ts';
import { testAgent } from './delivery-agent.ts';
import { type ConnectionTranscript, type ServerScript, startScriptedServer } from './scripted-server.ts';
import { testify } from './witness.ts';

/** How to check. */
export interface Checking extends Partial<Omit<CheckOptions, 'onProgress'>> {
  /** In Postfix's notation; time limits not given are short. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly agent?: Partial<Omit<Agent, 'parameters'>>;
  /** Default: by the address 127.0.0.1. */
  readonly destination?: (port: number) => string;
}

/** A finished check. */
export interface Checked {
  readonly report: CheckReport;
  /** All of its steps, in order. */
  readonly steps: readonly Step[];
  /** The same, shortened: `port ok`, `greeting failed: SMTP server`. */
  readonly summary: readonly string[];
  /** The text for an operator. */
  readonly text: string;
  readonly connections: readonly ConnectionTranscript[];
}

/** Short, and long enough for a busy machine. */
const limits = {
  lmtp_connect_timeout: '1s',
  lmtp_lhlo_timeout: '1s',
  lmtp_starttls_timeout: '1s',
  lmtp_quit_timeout: '1s',
};

/** Checks a server with this script. */
export async function checkServer(script: ServerScript, checking: Checking = {}): Promise<Checked> {
  await using server = await startScriptedServer(script);
  const { destination = (port: number) => `inet:127.0.0.1:${port}` } = checking;
  const checked = await checkDestination(destination(server.port), checking);
  await server.settled(1000);
  const connections = server.transcript();
  for (const { commands } of connections) assert.ok(!commands.some((command) => /^(DATA|BDAT)/i.test(command)));
  assert.deepEqual(server.rawContents, []);
  return { ...checked, connections };
}

/** Checks any server. */
export async function checkDestination(destination: string, checking: Checking = {}): Promise<Checked> {
  const { parameters, agent: given, destination: _, ...options } = checking;
  const agent = testAgent({ ...limits, ...parameters }, given);
  const place: Place = 'command';
  let text = '';
  const report = await check(destination, agent, {
    place,
    ...options,
    onProgress: (progress) => {
      text += progressText(progress);
    },
  });
  text += outcomeText(report);
  testify(text);
  testify(JSON.stringify(report));
  const steps = stepsOf(report.hops);
  return { report, steps, summary: steps.map(summarise), text, connections: [] };
}

/** Returns the one step of that name. */
export function stepNamed<Name extends Step['step']>(
  { steps }: Pick<Checked, 'steps'>,
  name: Name,
): Extract<Step, { step: Name }> {
  const found = steps.filter((step): step is Extract<Step, { step: Name }> => step.step === name);
  assert.equal(found.length, 1, `${found.length} steps ${name}`);
  const [step] = found;
  assert.ok(step);
  return step;
}

function summarise(step: Step): string {
  return step.result === 'ok' ? `${step.step} ok` : `${step.step} ${step.result}: ${step.finding}`;
}
