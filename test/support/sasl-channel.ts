/** Channels, credentials and mechanisms for tests of SASL. */
import assert from 'node:assert/strict';
import { mechanisms } from '../../functions/sasl/choice.ts';
import type { Credentials } from '../../functions/sasl/credentials.ts';
import { SaslError } from '../../functions/sasl/errors.ts';
import type { Channel, Exchange, Mechanism } from '../../functions/sasl/mechanism.ts';
import type { ScramServer } from './scram-server.ts';

/** A connection in clear to 127.0.0.1. */
export const inClear: Channel = {
  host: '127.0.0.1',
  port: 24,
  ownName: 'client.example',
  isEncrypted: false,
  hasClientCertificate: false,
  bindings: [],
};

/** A connection under TLS with the same channel binding at both ends. */
export const overTls: Channel = {
  ...inClear,
  isEncrypted: true,
  bindings: [{ type: 'tls-exporter', data: Buffer.from('what both ends derive') }],
};

/** Credentials with a password. */
export function password(user: string, secret: string): Credentials {
  return { user, secret, kind: 'password' };
}

/** Credentials with a token. */
export function token(user: string, secret: string): Credentials {
  return { user, secret, kind: 'token' };
}

/** The mechanism of that name. */
export function mechanismNamed(name: string): Mechanism {
  const found = mechanisms.find((mechanism) => mechanism.name === name);
  assert.ok(found, `there is no mechanism ${name}`);
  return found;
}

/** Whether an error is a SASL error with the expected text. */
export function saslError(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SaslError, String(error));
    assert.match(error.message, words);
    return true;
  };
}

/** The whole exchange with a SCRAM server: its last reply, after the client has verified the server if that was 235. */
export function authenticate(name: string, exchange: Exchange, server: ScramServer, rounds = 10): string {
  const { initial } = exchange;
  let reply = server.answer(
    initial === undefined ? `AUTH ${name}` : `AUTH ${name} ${initial.toString('base64') || '='}`,
  );
  for (let round = 0; reply.startsWith('334 ') && round < rounds; round += 1) {
    reply = server.answer(exchange.respond(Buffer.from(reply.slice(4), 'base64')).toString('base64'));
  }
  if (reply.startsWith('235 ')) exchange.verifyServer();
  return reply;
}
