/** Plays a scenario against our client, and reports where its decisions differ from those of Postfix. */
import { type Agent, chatOptions, makeAgent, timeLimits } from '../../functions/delivery/agent.ts';
import { deliver } from '../../functions/delivery/deliver.ts';
import { inspectContent, type Message, openGate } from '../../functions/delivery/message.ts';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import type { Notify } from '../../functions/lmtp/commands.ts';
import { isParameterName, parseParameters } from '../../functions/parameters/parameters.ts';
import type { Delivery } from '../../functions/request/delivery.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import { DnsNameService } from '../../functions/session/name-service.ts';
import { decodeXtext } from '../../functions/smtp/xtext.ts';
import type { ConnectionTranscript } from '../support/scripted-server.ts';
import { testify } from '../support/witness.ts';
import {
  messageToDeliver,
  type ObservedConnection,
  type ObservedRecipient,
  type Scenario,
  type ScenarioRequest,
} from './scenario.ts';
import { type Stage, setStage } from './stage.ts';

/** What may differ. */
export type Aspect = 'verdict' | 'words' | 'commands' | 'contents';

/** One difference. */
export interface Difference {
  readonly aspect: Aspect;
  readonly detail: string;
}

interface Concluded extends Verdict {
  readonly message: number | undefined;
  readonly recipient: string;
}

type SeenConnection = (ConnectionTranscript | ObservedConnection) & { readonly server?: string };

/** The outcome of a scenario. */
export interface Played {
  readonly differences: readonly Difference[];
  /** How many recipients are in doubt. */
  readonly inDoubt: number;
}

/** Plays a scenario; `strict`: with strict_postfix_verdicts=yes, else with our own defaults. */
export async function replay(scenario: Scenario, strict: boolean): Promise<Played> {
  await using stage = await setStage(scenario);
  const agent = makeScenarioAgent(stage, strict);
  const requests = scenario.requests.map((request, index) => () => play(scenario, request, index, stage, agent));
  const concluded: Concluded[] = [];
  if (scenario.inject === 'together') concluded.push(...(await Promise.all(requests.map((run) => run()))).flat());
  else for (const run of requests) concluded.push(...(await run()));
  await agent.sessions.close(chatOptions(agent, timeLimits(agent, noDeadline)));
  await stage.settled(1000);
  const seen = stage.transcript();
  const differences = [
    ...compareVerdicts(scenario, concluded),
    ...compareLists('commands', scenario.observed.connections.map(envelopeOf), seen.map(envelopeOf)),
    ...compareLists('contents', scenario.observed.connections.flatMap(contentsOf), seen.flatMap(contentsOf)),
  ];
  return { differences, inDoubt: concluded.filter((verdict) => verdict.inDoubt === true).length };
}

/** Postfix's settings when the scenarios were recorded; sessions are cached only where a scenario asks for it. */
function makeScenarioAgent(stage: Stage, strict: boolean): Agent {
  const parameters = parseParameters({
    myhostname: 'client.example',
    lmtp_randomize_addresses: 'no',
    lmtp_connect_timeout: '0s',
    allow_local_destinations: 'yes',
    lmtp_cache_connection: 'no',
    max_idle: '2s',
    strict_postfix_verdicts: strict ? 'yes' : 'no',
    ...Object.fromEntries(
      Object.entries(stage.params).filter(([name]) => isParameterName(name) || !notTheAgents.has(name)),
    ),
  });
  return makeAgent(parameters, {
    transcript: (side, line) => testify(`${side}: ${line}`),
    names: new DnsNameService({ servers: [stage.dns.address], timeout: 5000, tries: 2 }),
  });
}

/** Parameters of the Postfix around lmtp(8), and those that we refuse with a reason. */
const notTheAgents = new Set([
  'transport_maps',
  'default_destination_concurrency_limit',
  'notify_classes',
  'lmtp_generic_maps',
  'lmtp_send_xforward_command',
]);

async function play(
  scenario: Scenario,
  request: ScenarioRequest,
  index: number,
  stage: Stage,
  agent: Agent,
): Promise<readonly Concluded[]> {
  const octets = messageToDeliver(scenario, index);
  const message: Message = {
    ...inspectContent(octets),
    async *open() {
      yield octets;
    },
  };
  const delivery = toDelivery(request, stage.destination);
  const { verdicts } = await deliver(delivery, agent, { message, gate: openGate, deadline: noDeadline });
  testify(JSON.stringify(verdicts));
  return verdicts.map((verdict, recipient) => ({
    ...verdict,
    text: stage.restore(verdict.text),
    message: scenario.requests.length > 1 ? index + 1 : undefined,
    recipient: delivery.recipients[recipient]?.address ?? '',
  }));
}

function toDelivery(
  { sender, recipients, body, smtputf8, ret, envid }: ScenarioRequest,
  destination: string,
): Delivery {
  return {
    sender,
    destination,
    recipients: recipients.map((recipient) => {
      if (typeof recipient === 'string') return { address: recipient };
      const { address, notify, orcpt } = recipient;
      return {
        address,
        ...(notify === undefined ? {} : { notify: notify.split(',') as Notify[] }),
        ...(orcpt === undefined ? {} : { orcpt: plainOriginal(orcpt) }),
      };
    }),
    dsn: {
      ...(ret === undefined ? {} : { ret }),
      ...(envid === undefined ? {} : { envid: decodeXtext(envid) ?? envid }),
    },
    ...(body === undefined ? {} : { body }),
    ...(smtputf8 === undefined ? {} : { smtputf8 }),
  };
}

function plainOriginal(orcpt: string): string {
  const semicolon = orcpt.indexOf(';') + 1;
  return orcpt.slice(0, semicolon) + (decodeXtext(orcpt.slice(semicolon)) ?? orcpt.slice(semicolon));
}

function compareVerdicts(scenario: Scenario, concluded: readonly Concluded[]): readonly Difference[] {
  const unmatched = [...concluded];
  return scenario.observed.recipients.flatMap((observed) => {
    const place = unmatched.findIndex(
      ({ recipient, message }) => recipient === observed.recipient && message === observed.message,
    );
    const [ours] = place < 0 ? [] : unmatched.splice(place, 1);
    return ours === undefined
      ? [{ aspect: 'verdict' as const, detail: `no verdict on ${observed.recipient}` }]
      : compareVerdict(scenario, observed, ours);
  });
}

function compareVerdict(scenario: Scenario, observed: ObservedRecipient, ours: Concluded): readonly Difference[] {
  const status = observed.status === 'SOFTBOUNCE' ? 'deferred' : observed.status;
  const detail = `${observed.recipient}: Postfix ${status} ${observed.dsn} (${observed.text}); we ${ours.status} ${ours.dsn} (${ours.text})`;
  if (status !== ours.status || observed.dsn !== ours.dsn) return [{ aspect: 'verdict', detail }];
  const { caveats } = scenario;
  if (caveats.includes('resolver-words') || caveats.includes('sasl-words')) return [];
  const isPrefix = caveats.includes('long-text') || observed.text_cut_by_log === true;
  const words = isPrefix ? ours.text.slice(0, observed.text.length) : ours.text;
  return words === observed.text ? [] : [{ aspect: 'words', detail }];
}

/**
 * AUTH, MAIL and RCPT with their parameters, and whether a DIGEST-MD5 response was right. The grouping of
 * commands, RSET, QUIT and the abort of an exchange are not compared.
 */
function envelopeOf({ server, commands, digest_response_correct: digest }: SeenConnection): readonly string[] {
  const compared = commands.filter((command) => /^(AUTH|MAIL|RCPT) /.test(command));
  return [server ?? '', ...compared, ...(digest === undefined ? [] : [`digest response correct: ${digest}`])];
}

function contentsOf({ contents }: SeenConnection): readonly string[] {
  return contents.map((content) => (content.complete ? content.sha256 : 'incomplete'));
}

function compareLists(aspect: Aspect, observed: readonly unknown[], ours: readonly unknown[]): readonly Difference[] {
  const [theirs, mine] = [JSON.stringify(observed), JSON.stringify(ours)];
  return theirs === mine ? [] : [{ aspect, detail: `Postfix ${theirs}; we ${mine}` }];
}
