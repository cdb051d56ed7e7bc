/**
 * What `npm start` does: brings a stack up, sends messages through it, says what happens, and compares that with what was declared.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { environmentNames, variableWords } from '../../functions/parameters/environment.ts';
import { forOutput } from '../../functions/texts/terminal.ts';
import { bringUp, startTroubledStack } from './bring-up-trouble.ts';
import { type DeployedStack, startDeployedStack } from './deployed-stack.ts';
import { keepRunning } from './keep-running.ts';
import { differences, missingMail, type Outcome, outcomeOf, type Submission } from './outcome.ts';
import { outcomeTable, type TableRow } from './outcome-table.ts';
import { describeReplaced } from './replaced-variables.ts';
import { mailboxVerdict, type Sample, samples, sendersDomains } from './samples/samples.ts';
import { type LocalStack, type LocalStackOptions, startLocalStack } from './stack.ts';
import { TemplateError } from './template/intrinsics.ts';
import { troubleLines } from './trouble/overview.ts';
import { Watch } from './watch.ts';

const exitStatus = { asDeclared: 0, different: 1, usage: 64, interrupted: 130 };

/** How long all messages together may take, in milliseconds. */
const patience = 120_000;

interface Options {
  readonly recipient: readonly string[];
  readonly sender: string;
  readonly destination?: string;
  readonly from?: string;
  readonly stack?: string;
  readonly keep: boolean;
  readonly trouble: boolean;
}

interface Choice {
  readonly samples: readonly Sample[];
  readonly options: Options;
}

const say = (line: string) => process.stdout.write(`${forOutput(line, process)}\n`);

/**
 * Runs the samples, or the message that the arguments name, through a stack of its own.
 *
 * @param changes options of the stack, for tests
 * @returns exit status: 0 if every message ended as declared, 1 if not, 64 on a usage error, 130 when interrupted
 */
export async function runLocally(args: readonly string[], changes: LocalStackOptions = {}): Promise<number> {
  const choice = readArguments(args);
  if (typeof choice === 'number') return choice;
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort()).on('SIGTERM', () => interrupted.abort());
  const started = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'lambda-lmtp-'));
  if (choice.options.trouble) return await runTrouble(directory, interrupted.signal, changes);
  const stack = await startStack(choice.options, directory, changes);
  if (typeof stack === 'number') return stack;
  const submissions = choice.samples.map((sample) => ({ ...sample, content: sample.content() }));
  const watch = new Watch(stack, submissions, say);
  try {
    say(`Local stack up after ${secondsSince(started)} s, working in ${directory}`);
    say(`Sending ${submissions.length === 1 ? 'a message' : `${submissions.length} messages`}\n`);
    for (const submission of submissions) await submit(stack, submission);
    await watch.settle(patience, interrupted.signal);
    if (interrupted.signal.aborted) return exitStatus.interrupted;
    const status = await compare(stack, watch, submissions, choice.options);
    const place = choice.options.destination ?? `${join(directory, 'mail')}/RECIPIENT/Maildir/new`;
    say(`Took ${secondsSince(started)} s. The mail is in ${place}`);
    if (choice.options.keep) await keepRunning(stack, interrupted.signal, say);
    return status;
  } finally {
    watch.close();
    await stack.close();
  }
}

/** What the samples need: mail that waits does so briefly, and senders are told of mail of theirs that fails. */
const parameters = { minimal_backoff_time: '1s', maximal_backoff_time: '2s', relay_domains: sendersDomains };

/** A stack of its own, or one from a template; or the exit status, where the template cannot be built. */
async function startStack(
  { destination, from, stack: stackName }: Options,
  directory: string,
  changes: LocalStackOptions,
): Promise<LocalStack | number> {
  const common: Pick<LocalStackOptions, 'directory' | 'mailStore' | 'onFailure'> = {
    directory,
    mailStore: { verdict: mailboxVerdict },
    onFailure: (name, { errorType, errorMessage }) => say(`${name}: invocation failed: ${errorType}: ${errorMessage}`),
  };
  if (from === undefined) {
    return await startLocalStack({
      ...common,
      ...(destination !== undefined && { destination }),
      parameters,
      sweepInterval: 1000,
      maximumConcurrency: { qmgr: 2, lmtp: 2 },
      ...changes,
    });
  }
  try {
    const stack = await startDeployedStack({ ...common, folder: from, stackName, wanted: { destination, parameters } });
    for (const line of deployedStackInWords(stack)) say(line);
    return stack;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    process.stderr.write(`error: --from: ${error.message}\n`);
    return exitStatus.usage;
  }
}

/** What was built, and where it is not as the template says. */
function deployedStackInWords({ place, blueprint, replaced }: DeployedStack): readonly string[] {
  const { queues, functions, mappings } = blueprint;
  return [
    `Stack ${place.stackName}: ${queues.length} queues, ${functions.length} functions from their bundles, ${mappings.length} event sources`,
    ...replaced.map((one) => `Replaced: ${describeReplaced(one)}`),
    ...(replaced.length === 0 ? ['Every variable of the functions is as the template has it'] : []),
    ...blueprint.unlike.map((words) => `Not shown: ${words}`),
  ];
}

/** What to send; or the exit status, where there is nothing to send. */
function readArguments(args: readonly string[]): Choice | number {
  const command = new Command('npm start --')
    .description('Runs lambda-lmtp on this machine and sends its samples, or FILE, through it.')
    .argument('[FILE]', 'message to send in place of the samples')
    .option('--recipient <address>', 'envelope recipient of FILE; may be repeated', collect, [])
    .option('--sender <address>', 'envelope sender of FILE; "" is the null sender', 'sender@example.org')
    .option('--destination <next-hop>', 'deliver there (inet:host:port), not into the local Maildirs')
    .option('--from <folder>', 'build the stack from a synthesized app, such as cdk.out')
    .option('--stack <name>', 'stack of the app, where it has several')
    .option('--keep', 'leave everything running until Ctrl-C', false)
    .option('--trouble', 'bring a stack into every trouble, to try commands and screens on; implies --keep', false)
    .exitOverride();
  try {
    command.parse(args, { from: 'user' });
    const options = command.opts<Options>();
    const [file] = command.args;
    if (options.stack !== undefined && options.from === undefined) command.error('error: --stack wants a --from');
    if (options.trouble && (file ?? options.destination ?? options.from) !== undefined) {
      command.error('error: --trouble goes without FILE, --destination and --from: it has mail and servers of its own');
    }
    if (file === undefined && options.recipient.length > 0) command.error('error: --recipient wants a FILE');
    if (file === undefined) return { samples, options };
    if (options.recipient.length === 0) command.error('error: FILE wants a --recipient');
    return { samples: [ownMessage(file, options, command)], options };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : exitStatus.usage;
  }
}

function collect(value: string, sofar: readonly string[]): readonly string[] {
  return [...sofar, value];
}

/** A message of the user's own, which should simply arrive. */
function ownMessage(file: string, { recipient, sender }: Options, command: Command): Sample {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    command.error(`error: cannot read ${file}: ${(error as Error).message}`);
  }
  const recipients = [...new Set(recipient)];
  return {
    name: basename(file)
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .slice(-80),
    shows: 'your message',
    sender,
    recipients,
    content: () => content,
    expected: {
      verdicts: Object.fromEntries(recipients.map((address) => [address, { status: 'sent', attempts: 1 }])),
    },
  };
}

/** A sample whose content is at hand. */
type Message = Omit<Sample, 'content'> & Submission;

/** Shows what became of all messages, and holds it against what was declared. */
async function compare(
  stack: LocalStack,
  watch: Watch,
  submissions: readonly Message[],
  options: Options,
): Promise<number> {
  const rows: TableRow[] = [];
  for (const submission of submissions) {
    const outcome = outcomeOf(submission, watch);
    const found = [...differences(submission, watch), ...(await lostMail(stack, submission, outcome, options))];
    rows.push({ submission, shows: submission.shows, outcome, differences: found });
  }
  say(`\n${outcomeTable(rows)}`);
  const wrong = rows.filter(({ differences: found }) => found.length > 0);
  for (const { submission, differences: found } of wrong) {
    for (const difference of found) say(`${submission.name}: ${difference}`);
  }
  say(
    wrong.length === 0
      ? 'Every message ended as declared.'
      : `${wrong.length} of ${rows.length} did not end as declared.`,
  );
  return wrong.length === 0 ? exitStatus.asDeclared : exitStatus.different;
}

/** Looks for the mail in the Maildirs, unless it went elsewhere. */
async function lostMail(
  { mailStore }: LocalStack,
  submission: Submission,
  { recipients }: Outcome,
  { destination }: Options,
): Promise<readonly string[]> {
  if (destination !== undefined) return [];
  return missingMail(submission, recipients.sent, (recipient) => mailStore.maildirOf(recipient));
}

async function submit(stack: LocalStack, { name: id, sender, recipients, request, content }: Message): Promise<void> {
  // Where the stack lets bodies lie.
  const [prefix = 'in/'] = variableWords(stack.variables, environmentNames.bodyPrefixes);
  const message = await stack.putMessage(`${prefix}${id}.eml`, content);
  await stack.submit({ version: 1, id, sender, recipients, message, ...request });
}

/** Brings a stack into trouble, says how to look at it, and leaves it so. */
async function runTrouble(directory: string, signal: AbortSignal, changes: LocalStackOptions): Promise<number> {
  const started = performance.now();
  await using troubled = await startTroubledStack(directory, changes);
  if (signal.aborted) return exitStatus.interrupted;
  say(`Local stack up after ${secondsSince(started)} s, working in ${directory}`);
  say('Sending mail into trouble; all of it is there in about a quarter of a minute.');
  const unreached = await bringUp(troubled, { milliseconds: patience, signal });
  if (signal.aborted) return exitStatus.interrupted;
  say(`In trouble after ${secondsSince(started)} s. It stays so; mail is tried again every half minute.`);
  await keepRunning(troubled.stack, signal, say, troubleLines(troubled.destinations, unreached));
  return unreached.length === 0 ? exitStatus.asDeclared : exitStatus.different;
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}
