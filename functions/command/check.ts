/**
 * `lambda-lmtp check`: tests a destination step by step, from this machine or, by a stack's function, from inside the VPC.
 * Nothing is delivered.
 */

import type { Command } from 'commander';
import { RemoteCheckError, remoteCheck } from '../aws/remote-check.ts';
import { check } from '../check/check.ts';
import type { Probe } from '../check/recipients.ts';
import { type CheckReport, type Outcome, progressOf } from '../check/report.ts';
import { checkTimeouts } from '../check/time-limits.ts';
import { makeAgent } from '../delivery/agent.ts';
import { DestinationError } from '../request/destination.ts';
import { escapeControls, safeJson } from '../smtp/control-characters.ts';
import { addressFault } from '../smtp/path.ts';
import { outcomeText, progressText } from '../texts/check-text.ts';
import { forOutput } from '../texts/terminal.ts';
import { commandSecrets } from './command-secrets.ts';
import { exitCodes } from './exit-codes.ts';
import { awsFault, Failure } from './failure.ts';
import { type ParameterOptions, readParameters, transcriptTo } from './options.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface CheckCommandOptions extends ParameterOptions {
  readonly recipient: readonly string[];
  readonly sender?: string;
  readonly pending?: true;
  readonly function?: string;
  readonly json?: true;
  readonly transcript?: true;
}

/** Checks, and prints what was found step by step. */
export async function checkAction(
  run: Run,
  destination: string,
  options: CheckCommandOptions,
  command: Command,
): Promise<void> {
  const probe = readProbe(options, command);
  const report =
    options.function === undefined
      ? await checkHere(run, destination, { probe, options, command })
      : await checkThere(run, destination, options.function, { probe, options, command });
  if (report === undefined) return;
  run.stdout.write(options.json ? `${safeJson(report)}\n` : forOutput(outcomeText(report), run));
  run.exitCode = exitOf[report.outcome];
}

const exitOf: Readonly<Record<Outcome, number>> = {
  well: exitCodes.ok,
  deferred: exitCodes.tempFail,
  bounced: exitCodes.unavailable,
};

/** What is asked. */
interface Asked {
  readonly probe: Probe | undefined;
  readonly options: CheckCommandOptions;
  readonly command: Command;
}

async function checkHere(run: Run, destination: string, { probe, options, command }: Asked): Promise<CheckReport> {
  const parameters = readParameters(run, options, command, checkTimeouts);
  const agent = makeAgent(parameters, {
    secrets: commandSecrets(run),
    ...(options.transcript && { transcript: transcriptTo(run) }),
  });
  try {
    return await check(destination, agent, {
      place: 'command',
      pending: options.pending ?? false,
      ...(probe === undefined ? {} : { probe }),
      ...(options.json
        ? {}
        : { onProgress: (progress) => void run.stdout.write(forOutput(progressText(progress), run)) }),
    });
  } catch (error) {
    if (error instanceof DestinationError) command.error(`error: destination: ${error.message}`);
    throw error;
  }
}

async function checkThere(
  run: Run,
  destination: string,
  functionName: string,
  { probe, options, command }: Asked,
): Promise<CheckReport | undefined> {
  const { parameter, saslPasswordMaps, transcript, pending = false, json } = options;
  if (parameter.length > 0 || saslPasswordMaps !== undefined || transcript !== undefined) {
    command.error(
      'error: --function cannot be combined with --parameter, --sasl-password-maps or --transcript: the function has its own',
    );
  }
  try {
    const report = await remoteCheck(functionName, { destination, pending, ...probe }, run.aws);
    if (!json) run.stdout.write(forOutput(progressOf(report).map(progressText).join(''), run));
    return report;
  } catch (error) {
    const failure = awsFault(error, `${functionName} could not be invoked`);
    if (!(failure instanceof Failure) && !(failure instanceof RemoteCheckError)) throw failure;
    if (failure instanceof RemoteCheckError && failure.isUsage) command.error(`error: ${failure.message}`);
    run.stderr.write(`error: --function: ${escapeControls(failure.message)}\n`);
    // Whatever kept it from being made, a check that was not made says nothing about bounces.
    run.exitCode = exitCodes.tempFail;
    return undefined;
  }
}

function readProbe({ sender, recipient }: CheckCommandOptions, command: Command): Probe | undefined {
  if (sender === undefined && recipient.length === 0) return undefined;
  const faults = [
    ...(sender === undefined || sender === '' ? [] : [['--sender', sender] as const]),
    ...recipient.map((address) => ['--recipient', address] as const),
  ].flatMap(([option, address]) => {
    const fault = addressFault(address);
    return fault === undefined ? [] : [`${option}: ${JSON.stringify(address)} ${fault}`];
  });
  if (faults[0] !== undefined) command.error(`error: ${faults[0]}`);
  return { sender: sender ?? '', recipients: recipient };
}
