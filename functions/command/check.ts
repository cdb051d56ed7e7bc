/**
 * `lambda-lmtp check`: what stands between the agent and a destination, step by step; from this machine, or from inside the
 * VPC by the function of a stack. Nothing is delivered.
 */

import { Command } from 'commander';
import { RemoteCheckError, remoteCheck } from '../aws/remote-check.ts';
import { check, checkTimeouts } from '../check/check.ts';
import type { Probe } from '../check/recipients.ts';
import { type CheckReport, type Outcome, progressOf } from '../check/report.ts';
import { makeAgent } from '../delivery/agent.ts';
import { DestinationError } from '../request/destination.ts';
import { addressFault } from '../smtp/path.ts';
import { outcomeText, progressText } from '../texts/check-text.ts';
import { forTerminal } from '../texts/terminal.ts';
import { commandSecrets } from './command-secrets.ts';
import { exitCodes } from './exit-codes.ts';
import { collect, type ParameterOptions, readParameters, withParameterOptions, writeTranscript } from './options.ts';

/** The options as commander hands them over. */
export interface CheckCommandOptions extends ParameterOptions {
  readonly recipient: readonly string[];
  readonly sender?: string;
  readonly pending?: true;
  readonly function?: string;
  readonly json?: true;
  readonly transcript?: true;
}

/** Defines the command. */
export function checkCommand(): Command {
  const command = new Command('check')
    .description('Say step by step what stands between the agent and a destination; nothing is delivered')
    .argument('<destination>', 'inet:host:port, inet:[address]:port or unix:/path')
    .option(
      '--recipient <address>',
      'ask whether it would be taken (MAIL, RCPT, RSET); may be given several times',
      collect,
      [],
    )
    .option('--sender <address>', 'envelope sender to ask with; the null sender if not given')
    .option('--pending', 'try the passwords that a rotation is about to put in place (AWSPENDING)')
    .option('--function <name>', 'ask from inside the VPC: name of the check function (output CheckFunctionName)');
  return withParameterOptions(command)
    .option('--json', 'print one JSON object')
    .option('--transcript', 'write the dialogue to standard error, without secrets')
    .addHelpText('after', `\n${exitHelp}`)
    .action(checkAction);
}

const exitHelp = `Exit status: 0 = all is well; 75 = mail would wait, or the check could not be made; 69 = mail would bounce;
64 = wrong use. Time limits are those of a check (connecting: ${checkTimeouts.lmtp_connect_timeout}) unless --parameter says otherwise.`;

async function checkAction(destination: string, options: CheckCommandOptions, command: Command): Promise<void> {
  const probe = readProbe(options, command);
  const report =
    options.function === undefined
      ? await checkHere(destination, probe, options, command)
      : await checkThere(destination, probe, options.function, options, command);
  if (report === undefined) return;
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : forTerminal(outcomeText(report)));
  process.exitCode = exitOf[report.outcome];
}

const exitOf: Readonly<Record<Outcome, number>> = {
  well: exitCodes.ok,
  deferred: exitCodes.tempFail,
  bounced: exitCodes.unavailable,
};

async function checkHere(
  destination: string,
  probe: Probe | undefined,
  options: CheckCommandOptions,
  command: Command,
): Promise<CheckReport> {
  const parameters = readParameters(options, command, checkTimeouts);
  const agent = makeAgent(parameters, {
    secrets: commandSecrets(),
    ...(options.transcript && { transcript: writeTranscript }),
  });
  try {
    return await check(destination, agent, {
      place: 'command',
      pending: options.pending ?? false,
      ...(probe === undefined ? {} : { probe }),
      ...(options.json
        ? {}
        : { onProgress: (progress) => void process.stdout.write(forTerminal(progressText(progress))) }),
    });
  } catch (error) {
    if (error instanceof DestinationError) command.error(`error: destination: ${error.message}`);
    throw error;
  }
}

async function checkThere(
  destination: string,
  probe: Probe | undefined,
  functionName: string,
  options: CheckCommandOptions,
  command: Command,
): Promise<CheckReport | undefined> {
  const { parameter, saslPasswordMaps, transcript, pending = false, json } = options;
  if (parameter.length > 0 || saslPasswordMaps !== undefined || transcript !== undefined) {
    command.error(
      'error: --function goes without --parameter, --sasl-password-maps and --transcript: the function has its own',
    );
  }
  try {
    const report = await remoteCheck(functionName, { destination, pending, ...probe });
    if (!json) process.stdout.write(forTerminal(progressOf(report).map(progressText).join('')));
    return report;
  } catch (error) {
    if (!(error instanceof RemoteCheckError)) throw error;
    if (error.isUsage) command.error(`error: ${error.message}`);
    process.stderr.write(`error: --function: ${error.message}\n`);
    process.exitCode = exitCodes.tempFail;
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
