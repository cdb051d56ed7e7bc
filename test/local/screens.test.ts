/** The page with the screens: only for a browser on this machine. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { LocalEndpoint } from '../../infra/local/calls/local-endpoint.ts';
import { serveScreens } from '../../infra/local/screens.ts';

let server: LocalEndpoint;
let port: number;
const called: [string, unknown][] = [];

const recording = (name: string) => ({
  name: `stack-${name}`,
  invoke: async (event: unknown) => {
    called.push([name, event]);
    if (name === 'postsuper') {
      return { kind: 'failed', errorType: 'Error', errorMessage: '<b>no</b>', trace: '', reason: 'thrown' } as never;
    }
    return { kind: 'returned', value: '<p>drawn</p>' } as never;
  },
});

before(async () => {
  server = await serveScreens({ showq: recording('showq'), postsuper: recording('postsuper') });
  port = Number(new URL(server.endpoint).port);
});
after(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request of a browser, or of a program that claims to be one. */
async function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
  });
  sent.on('error', reject);
  sent.end(body);
  return await promise;
}

const own = () => ({
  host: `127.0.0.1:${port}`,
  origin: `http://127.0.0.1:${port}`,
  'content-type': 'application/json',
});
const callOf = (endpoint: unknown) => JSON.stringify({ endpoint, event: { screen: 'all' } });

test('its files run no other script than their own, and cannot be framed', async () => {
  for (const [path, type] of [
    ['/', /^text\/html/],
    ['/page.js', /^text\/javascript/],
    ['/page.css', /^text\/css/],
  ] as const) {
    const { status, headers } = await send('GET', path, { host: `localhost:${port}` });
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), type);
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
    );
  }
});

test('its own page may call both functions, also by their names in the stack', async () => {
  called.length = 0;
  for (const endpoint of ['showq', 'arn:aws:lambda:eu-central-1:0:function:stack-showq']) {
    assert.deepEqual((await send('POST', '/call', own(), callOf(endpoint))).body, '"<p>drawn</p>"');
  }
  const failed = await send('POST', '/call', own(), callOf('arn:aws:lambda:eu-central-1:0:function:postsuper'));
  assert.deepEqual(
    [failed.status, failed.body],
    [502, '"<p>stack-postsuper failed: Error: &#60;b&#62;no&#60;/b&#62;</p>"'],
  );
  assert.deepEqual(
    called.map(([name]) => name),
    ['showq', 'showq', 'postsuper'],
  );
});

describe('refused is', () => {
  const refused: Readonly<Record<string, () => readonly [string, string, Record<string, string>, string?]>> = {
    'a page request under another host name': () => ['GET', '/', { host: `mail.example.com:${port}` }],
    'a call under another name': () => ['POST', '/call', { ...own(), host: 'evil.example' }, callOf('showq')],
    'a call from a page elsewhere': () => [
      'POST',
      '/call',
      { ...own(), origin: 'http://evil.example' },
      callOf('showq'),
    ],
    'a call from a page at another port': () => [
      'POST',
      '/call',
      { ...own(), origin: 'http://127.0.0.1:1' },
      callOf('showq'),
    ],
    'a call without an origin': () => [
      'POST',
      '/call',
      { host: own().host, 'content-type': 'application/json' },
      callOf('showq'),
    ],
    'a form': () => ['POST', '/call', { ...own(), 'content-type': 'text/plain' }, callOf('showq')],
    'a call that reads': () => ['GET', '/call', own()],
    'another function': () => ['POST', '/call', own(), callOf('arn:aws:lambda:eu-central-1:0:function:lmtp')],
    'a call of an unknown function': () => ['POST', '/call', own(), callOf(['showq', 1])],
    'another file': () => ['GET', '/../screens.ts', own()],
    'a body that is not JSON': () => ['POST', '/call', own(), 'showq'],
    'an endless body': () => ['POST', '/call', own(), `${callOf('showq')}${' '.repeat(200_000)}`],
  };
  for (const [who, make] of Object.entries(refused)) {
    test(who, async () => {
      called.length = 0;
      const { status } = await send(...make());
      assert.ok([403, 404, 500].includes(status ?? 0), String(status));
      assert.deepEqual(called, []);
    });
  }
});
