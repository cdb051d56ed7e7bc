/** The agent of a function, set up for tests: loopback allowed, addresses in the given order. */
import { type Agent, makeAgent } from '../../functions/delivery/agent.ts';
import { type Attempt, type DeliveryOutcome, deliver } from '../../functions/delivery/deliver.ts';
import { inspectContent, type Message, openGate } from '../../functions/delivery/message.ts';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import type { Delivery } from '../../functions/request/delivery.ts';
import type { Transcript } from '../../functions/session/chat.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import type { Lookup, NameService, ServiceLookup } from '../../functions/session/name-service.ts';
import { testify } from './witness.ts';

/** Makes an agent; parameters in Postfix's notation. */
export function testAgent(
  parameters: Readonly<Record<string, string>> = {},
  given: Partial<Omit<Agent, 'parameters'>> = {},
): Agent {
  const set = { allow_local_destinations: 'yes', lmtp_randomize_addresses: 'no', lmtp_lhlo_name: 'client.example' };
  const transcript: Transcript = (side, line) => {
    testify(`${side}: ${line}`);
    given.transcript?.(side, line);
  };
  return makeAgent(parseParameters({ ...set, ...parameters }), { ...given, transcript });
}

/** A message in memory. */
export function makeMessage(text = 'Subject: test\n\nHello.\n'): Message {
  const octets = Buffer.from(text);
  return {
    ...inspectContent(octets),
    async *open() {
      yield octets;
    },
  };
}

/** Options of a test, beside server and recipients. */
export type Asked = Partial<Omit<Delivery, 'destination' | 'recipients'> & Attempt>;

/** Makes one attempt with the simplest message, gate and deadline. */
export async function deliverTo(
  destination: string,
  recipients: readonly (string | Delivery['recipients'][number])[],
  agent: Agent,
  asked: Asked = {},
): Promise<DeliveryOutcome> {
  const delivery: Delivery = {
    sender: 'alice@example.org',
    ...asked,
    destination,
    recipients: recipients.map((recipient) => (typeof recipient === 'string' ? { address: recipient } : recipient)),
  };
  const given = { message: makeMessage(), gate: openGate, deadline: noDeadline, ...asked };
  const outcome = await deliver(delivery, agent, given);
  testify(JSON.stringify(outcome));
  return outcome;
}

/**
 * Names of a test: each with its addresses, or why it has none; those of the system resolver are under
 * `native:NAME`.
 */
export function nameService(
  names: Readonly<Record<string, readonly string[] | 'unknown' | 'no data' | 'try again'>>,
  services: Readonly<Record<string, ServiceLookup>> = {},
): NameService {
  const find = async (host: string): Promise<Lookup> => {
    const found = names[host] ?? 'unknown';
    return typeof found === 'string' ? { kind: found, type: 'AAAA' } : { kind: 'found', addresses: found };
  };
  return {
    lookUp: find,
    canonicalName: async (host) => (host.startsWith('alias.') ? host.replace('alias.', 'real.') : undefined),
    lookUpNative: (host) => find(`native:${host}`),
    lookUpService: async (service, host) => services[`_${service}._tcp.${host}`] ?? { kind: 'no data', type: 'SRV' },
  };
}

/** Verdicts in a few words: `sent 2.0.0`, `deferred 4.4.2 in doubt`. */
export function shortVerdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }): readonly string[] {
  return verdicts.map(({ status, dsn, inDoubt }) => `${status} ${dsn}${inDoubt === true ? ' in doubt' : ''}`);
}
