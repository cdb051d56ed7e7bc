/** The choices and responses of Postfix 3.7 with Cyrus in the recorded scenarios, compared with ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64 } from '../../functions/sasl/base64.ts';
import { chooseMechanism } from '../../functions/sasl/choice.ts';
import { SaslError } from '../../functions/sasl/errors.ts';
import type { Exchange } from '../../functions/sasl/mechanism.ts';
import { type SecurityOption, securityOptions } from '../../functions/sasl/security-options.ts';
import { parseCapabilities } from '../../functions/smtp/capabilities.ts';
import { ReplyAssembler } from '../../functions/smtp/reply.ts';
import { loadScenario, type Scenario, scenarioNames } from '../conformance/scenario.ts';
import { isDigestRight, parseDigestResponse, serverProof } from '../support/digest-md5.ts';
import { inClear, password } from '../support/sasl-channel.ts';
import type { ConnectionScript } from '../support/server-script.ts';

const joe = password('joe', 'secret');

/** `*`, which cancels, as the recording shows it: decoded as base64. */
const cancelled = 'AB\x13';

/** The options of a scenario; undefined if one of them is invalid. */
function requiredIn({ params }: Scenario): ReadonlySet<SecurityOption> | undefined {
  const words = (params['lmtp_sasl_security_options'] ?? 'noplaintext, noanonymous').split(/[ ,]+/).filter(Boolean);
  const options = securityOptions.filter((option) => words.includes(option));
  return options.length === words.length ? new Set(options) : undefined;
}

const scenarios = scenarioNames()
  .filter((name) => name.startsWith('auth-'))
  .map(loadScenario)
  // A filter is not applied here, and a password map without an entry for the server leads to no choice.
  .filter(({ params, observed }) => {
    const isPlainMap = params['lmtp_sasl_password_maps'] === 'static:joe:secret';
    const isAsked = params['lmtp_sasl_auth_enable'] === 'yes' && params['lmtp_sasl_mechanism_filter'] === undefined;
    return isAsked && isPlainMap && observed.connections.length === 1;
  });

for (const scenario of scenarios) {
  const required = requiredIn(scenario);
  if (required === undefined) continue;
  test(`${scenario.name}: the mechanism and the responses are those of Postfix`, () => {
    const [connection] = scenario.observed.connections;
    const { capabilities = [], auth = [] } = scenario.servers[''] ?? {};
    const mechanism = chooseMechanism(offeredBy(capabilities), required, joe, inClear);
    const chosen = connection?.commands.find((line) => line.startsWith('AUTH '))?.split(' ')[1];
    assert.equal(mechanism?.name, chosen);
    const said = mechanism === undefined ? [] : play(mechanism.start(joe, inClear), auth);
    assert.deepEqual(said.map(withoutChance), connection?.auth_decoded ?? []);
  });
}

test('there are recorded scenarios to compare with', () => {
  assert.ok(scenarios.length >= 20, String(scenarios.length));
});

function offeredBy(capabilities: readonly string[]): readonly string[] {
  const assembler = new ReplyAssembler();
  const lines = ['250-lmtp.test', ...capabilities.map((line) => `250-${line}`), '250 NOTHING'];
  const [reply] = lines.flatMap((line) => assembler.take(line) ?? []);
  assert.ok(reply, 'the capabilities make no reply');
  return parseCapabilities(reply).auth;
}

/** The responses of the client after the name of the mechanism, with a final {@link cancelled} if it gives up. */
function play(exchange: Exchange, replies: NonNullable<ConnectionScript['auth']>): readonly string[] {
  const said = exchange.initial === undefined ? [] : [String(exchange.initial)];
  for (const reply of replies) {
    const challenge = challengeIn(reply, said.at(-1) ?? '');
    if (challenge === undefined) break;
    const response = answer(exchange, challenge);
    if (response !== '') said.push(response);
    if (response === cancelled) break;
  }
  return said;
}

type AuthReply = NonNullable<ConnectionScript['auth']>[number];

/** The octets of a challenge, or that they are invalid; undefined if the reply is no challenge. */
function challengeIn(reply: AuthReply, lastSaid: string): Buffer | 'no base64' | undefined {
  if (typeof reply === 'object' && 'rspauth' in reply) {
    const fields = parseDigestResponse(lastSaid);
    assert.ok(isDigestRight(fields, 'secret'));
    return Buffer.from(`rspauth=${serverProof(fields, reply.rspauth === 'right' ? 'secret' : 'guess')}`);
  }
  const text = typeof reply === 'string' ? reply : '';
  return text.startsWith('334 ') ? (decodeBase64(text.slice(4)) ?? 'no base64') : undefined;
}

function answer(exchange: Exchange, challenge: Buffer | 'no base64'): string {
  if (challenge === 'no base64') return cancelled;
  try {
    return String(exchange.respond(challenge));
  } catch (error) {
    if (!(error instanceof SaslError)) throw error;
    return cancelled;
  }
}

/** A response as the recordings have it: without its random parts, and with NUL spelled out. */
function withoutChance(text: string): string {
  return text
    .replaceAll('\0', '\\0')
    .replace(/cnonce="[^"]*"/, 'cnonce="{cnonce}"')
    .replace(/response=\w+/, 'response={response}');
}
