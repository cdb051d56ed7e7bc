/**
 * The scripted server over TLS, and the certificates of the tests, seen by a client with the runtime's own
 * TLS library.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type TestCertificates, testCertificates } from './certificates.ts';
import { startScriptedServer } from './scripted-server.ts';
import type { TlsScript } from './scripted-tls.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

/** A script with the right certificate. */
const script = (tls: Partial<TlsScript> = {}): TlsScript => ({ certificate: certificates.right, ...tls });

/** A client that sends a line and returns the input until a pattern matches, or the connection ends. */
class Client {
  #socket: Socket;
  #heard = '';
  #ended = '';

  constructor(port: number) {
    this.#socket = connectPlain({ host: '127.0.0.1', port });
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (octets) => {
      this.#heard += octets.toString('latin1');
    });
    this.#socket.on('end', () => {
      this.#ended ||= 'end';
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#ended = error.code ?? error.message;
    });
    this.#socket.on('close', () => {
      this.#ended ||= 'close';
    });
  }

  async say(line: string, until: RegExp = /^\d{3} .*\r\n/m): Promise<string> {
    if (line !== '') this.#socket.write(`${line}\r\n`);
    while (!until.test(this.#heard) && this.#ended === '') await new Promise((wait) => setTimeout(wait, 2));
    const match = until.exec(this.#heard);
    if (match === null) return this.#ended;
    const end = match.index + match[0].length;
    const said = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end);
    return said;
  }

  async secure(options: ConnectionOptions = {}): Promise<TLSSocket> {
    this.#socket.removeAllListeners();
    const secured = connectTls({
      socket: this.#socket,
      rejectUnauthorized: false,
      servername: 'localhost',
      ...options,
    });
    this.#socket = secured;
    await once(secured, 'secureConnect');
    this.#listen();
    return secured;
  }

  end(): void {
    this.#socket.end();
  }
}

/** A client that has sent LHLO and STARTTLS. */
async function startTls(port: number): Promise<Client> {
  const client = new Client(port);
  await client.say('');
  await client.say('LHLO client.example');
  await client.say('STARTTLS');
  return client;
}

test('STARTTLS is offered until it was used, and everything before it is forgotten', async () => {
  await using server = await startScriptedServer({ tls: script({ capabilities: ['PIPELINING', 'AUTH PLAIN'] }) });
  const client = new Client(server.port);
  assert.match(await client.say(''), /^220 /);
  assert.match(await client.say('LHLO client.example'), /250 STARTTLS\r\n$/);
  assert.match(await client.say('MAIL FROM:<>'), /^250 /);
  assert.match(await client.say('STARTTLS'), /^220 .*\r\n$/);
  const secured = await client.secure({ ca: certificates.authority.cert });
  assert.equal(secured.authorizationError, null);
  assert.match(await client.say('RCPT TO:<a@example.com>'), /^503 5\.5\.1 MAIL first/);
  assert.equal(await client.say('LHLO client.example'), '250-lmtp.test\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n');
  assert.match(await client.say('STARTTLS'), /^503 /);
  assert.match(await client.say('QUIT'), /^221 /);
  client.end();
  assert.equal(await server.settled(3000), true);
  const [transcript] = server.transcript();
  const hello = 'LHLO client.example';
  assert.deepEqual(transcript?.commands, [
    ...[hello, 'MAIL FROM:<>', 'STARTTLS', '<TLS>'],
    ...['RCPT TO:<a@example.com>', hello, 'STARTTLS', 'QUIT'],
  ]);
  assert.deepEqual(transcript?.tls, { protocol: 'TLSv1.3', servername: 'localhost' });
  assert.equal(transcript?.behind_starttls, undefined);
  assert.equal(transcript?.end, 'server closed');
});

test('a whole message passes over TLS', async () => {
  await using server = await startScriptedServer({ tls: script() });
  const client = await startTls(server.port);
  await client.secure();
  for (const line of ['LHLO c', 'MAIL FROM:<>', 'RCPT TO:<a@example.com>']) await client.say(line);
  assert.match(await client.say('DATA'), /^354 /);
  assert.match(await client.say('Subject: x\r\n\r\nhello\r\n.'), /^250 2\.0\.0 delivered/);
  client.end();
  assert.equal(await server.settled(3000), true);
  assert.equal(String(server.rawContents[0]), 'Subject: x\r\n\r\nhello\r\n');
  assert.equal(server.transcript()[0]?.end, 'client closed');
});

test('with implicit TLS the greeting comes after the handshake, and STARTTLS is not offered', async () => {
  await using server = await startScriptedServer({ tls: script({ begins: 'implicit' }) });
  const client = new Client(server.port);
  await client.secure();
  assert.match(await client.say(''), /^220 /);
  assert.doesNotMatch(await client.say('LHLO client.example'), /STARTTLS/);
  client.end();
  assert.equal(await server.settled(3000), true);
  assert.deepEqual(server.transcript()[0]?.commands, ['<TLS>', 'LHLO client.example']);
});

test('a client that speaks plain text instead of TLS gets no reply', async () => {
  await using server = await startScriptedServer({ tls: script({ begins: 'implicit' }) });
  const client = new Client(server.port);
  assert.match(await client.say('LHLO client.example'), /^(?:end|close|ECONNRESET)$/);
  assert.equal(await server.settled(3000), true);
  assert.match(server.transcript()[0]?.handshake_error ?? '', /wrong version number|http request|packet length/);
});

test('input after STARTTLS is recorded, and not read', async () => {
  await using server = await startScriptedServer({ tls: script() });
  const client = new Client(server.port);
  await client.say('');
  await client.say('STARTTLS\r\nMAIL FROM:<injected@example.com>');
  await client.secure();
  assert.match(await client.say('QUIT'), /^221/);
  client.end();
  assert.equal(await server.settled(3000), true);
  const [transcript] = server.transcript();
  assert.equal(transcript?.behind_starttls, 'MAIL FROM:<injected@example.com>\r\n');
  assert.deepEqual(transcript?.commands, ['STARTTLS', '<TLS>', 'QUIT']);
});

test('plain text can be sent directly after the 220, in one write with it', async () => {
  await using server = await startScriptedServer({ tls: script({ injected: '250 injected\r\n' }) });
  const client = new Client(server.port);
  await client.say('');
  const both = /^220 .*\r\n250 injected\r\n/;
  assert.match(await client.say('STARTTLS', both), both);
  client.end();
});

test('a refused STARTTLS changes nothing, and the next may be accepted', async () => {
  const starttls = { each: ['454 4.7.0 not now', '501 5.5.4 no', '220 go'] };
  await using server = await startScriptedServer({ starttls, tls: script() });
  const client = new Client(server.port);
  await client.say('');
  assert.equal(await client.say('STARTTLS'), '454 4.7.0 not now\r\n');
  assert.equal(await client.say('STARTTLS'), '501 5.5.4 no\r\n');
  assert.match(await client.say('MAIL FROM:<>'), /^250/);
  await client.say('STARTTLS');
  await client.secure();
  assert.match(await client.say('QUIT'), /^221/);
  client.end();
  assert.equal(await server.settled(3000), true);
});

test('STARTTLS may be accepted without being offered, and without TLS it is a verb like any other', async () => {
  await using server = await startScriptedServer({
    connections: { 1: { tls: script({ offered: false }) }, 2: {} },
  });
  const first = new Client(server.port);
  await first.say('');
  assert.doesNotMatch(await first.say('LHLO c'), /STARTTLS/);
  assert.match(await first.say('STARTTLS'), /^220 /);
  first.end();
  const second = new Client(server.port);
  assert.match(await second.say(''), /^220 /);
  assert.match(await second.say('STARTTLS'), /^500 /);
  second.end();
});

describe('a handshake may be replaced by', () => {
  for (const [handshake, hello, said, end] of [
    ['close', '', /^end$/, 'server closed'],
    ['reset', '', /^ECONNRESET$/, 'server reset'],
    ['garbage', 'the first octets of a handshake', /no TLS here/, 'client closed'],
  ] as const) {
    test(handshake, async () => {
      await using server = await startScriptedServer({ tls: script({ handshake }) });
      const client = await startTls(server.port);
      assert.match(await client.say(hello, /no TLS here/), said);
      client.end();
      assert.equal(await server.settled(3000), true);
      assert.equal(server.transcript()[0]?.end, end);
      assert.equal(server.transcript()[0]?.tls, undefined);
    });
  }

  test('silence', async () => {
    await using server = await startScriptedServer({ tls: script({ handshake: 'silence' }) });
    const client = await startTls(server.port);
    client.end();
    assert.equal(await client.say('', /./), 'end');
    assert.equal(await server.settled(3000), true);
    assert.equal(server.transcript()[0]?.end, 'client closed');
  });
});

test('a server speaks the configured versions', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  await using server = await startScriptedServer({
    connections: { 1: { tls: script({ maxVersion: 'TLSv1.2' }) }, default: { tls: script(old) } },
  });
  const first = await startTls(server.port);
  assert.equal((await first.secure()).getProtocol(), 'TLSv1.2');
  first.end();
  const second = await startTls(server.port);
  await assert.rejects(second.secure({ minVersion: 'TLSv1.2' }), /protocol version/);
  const third = await startTls(server.port);
  const lenient = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  assert.equal((await third.secure(lenient)).getProtocol(), 'TLSv1.1');
  third.end();
  assert.equal(await server.settled(3000), true);
  assert.match(server.transcript()[1]?.handshake_error ?? '', /unsupported protocol/);
});

describe("a client's certificate", () => {
  test('is recorded if it is requested', async () => {
    const tls = script({ clientCertificate: 'ask', ca: certificates.authority.cert });
    await using server = await startScriptedServer({ tls });
    for (const options of [{ ...pair(certificates.client) }, {}]) {
      const client = await startTls(server.port);
      await client.secure(options);
      assert.match(await client.say('QUIT'), /^221/);
      client.end();
    }
    assert.equal(await server.settled(3000), true);
    const [first, second] = server.transcript();
    assert.equal(first?.tls?.client_certificate, 'CN=lambda-lmtp');
    assert.equal(first?.tls?.client_trusted, true);
    assert.equal(second?.tls?.client_certificate, undefined);
  });

  test('may be required, and clients without one are refused', async () => {
    const tls = script({ clientCertificate: 'require', ca: certificates.authority.cert });
    await using server = await startScriptedServer({ tls });
    const client = await startTls(server.port);
    await client.secure();
    // In TLS 1.3 the client has finished before the server checks it.
    assert.match(await client.say('QUIT'), /CERTIFICATE_REQUIRED|^close$|ECONNRESET/);
    assert.equal(await server.settled(3000), true);
    assert.match(server.transcript()[0]?.handshake_error ?? '', /did not return a certificate/);
  });
});

describe('each certificate has its own fault:', () => {
  for (const [name, error] of [
    ['right', null],
    ['intermediate', null],
    ['wrongName', null],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['notYetValid', 'CERT_NOT_YET_VALID'],
    ['unknownAuthority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['untrustedRoot', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['intermediateMissing', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['intermediateExpired', 'CERT_HAS_EXPIRED'],
    ['client', 'INVALID_PURPOSE'],
  ] as const) {
    test(name, async () => {
      await using server = await startScriptedServer({ tls: script({ certificate: certificates[name] }) });
      const client = await startTls(server.port);
      const secured = await client.secure({
        ca: certificates.authority.cert,
        checkServerIdentity: () => undefined,
      });
      assert.equal(secured.authorizationError, error);
      assert.equal(secured.getPeerX509Certificate()?.fingerprint256, certificates[name].x509.fingerprint256);
      client.end();
    });
  }
});

function pair({ cert, key }: { readonly cert: string; readonly key: string }): { cert: string; key: string } {
  return { cert, key };
}
