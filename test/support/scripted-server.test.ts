/**
 * Plays raw dialogues against the scripted server. Both sides of them were recorded with the server of
 * Postfix's scenarios: only a server with the same behaviour makes those comparable.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type ClientStep, type ClientView, playDialogue } from './play-dialogue.ts';
import { type ConnectionTranscript, type ServerScript, startScriptedServer } from './scripted-server.ts';
import { waitUntil } from './wait-until.ts';

interface RecordedDialogue {
  readonly name: string;
  readonly script: ServerScript;
  /** One after another. */
  readonly clients: readonly (ClientView & { readonly host?: string; readonly steps: readonly ClientStep[] })[];
  readonly settled: boolean;
  readonly transcript: readonly ConnectionTranscript[];
  readonly content_bytes: readonly number[];
}

const recordings = new URL('scripted-dialogues.json', import.meta.url);
const dialogues = JSON.parse(readFileSync(recordings, 'utf8')) as readonly RecordedDialogue[];

describe('a scripted server sends and records what was recorded', () => {
  for (const { name, script, clients, settled, transcript, content_bytes } of dialogues) {
    test(name, async () => {
      await using server = await startScriptedServer(script);
      for (const { host = '127.0.0.1', steps, received, ended } of clients) {
        const { port, path } = server;
        const view = await playDialogue(path === '' ? { host, port } : { path }, steps);
        assert.deepEqual(view, { received, ended });
      }
      assert.equal(await server.settled(3000), settled);
      assert.deepEqual(server.transcript(), transcript);
      assert.deepEqual(
        server.rawContents.map((content) => content.length),
        content_bytes,
      );
    });
  }
});

test('a connection that stays open is not settled, and is reset when the server is closed', async () => {
  await using server = await startScriptedServer({});
  const open = playDialogue({ port: server.port }, [{ await: 'ready' }, { await_end: true }]);
  await waitUntil('the connection is there', () => server.transcript().length === 1);
  assert.equal(await server.settled(20), false);
  await server.close();
  assert.equal((await open).ended, 'end');
  assert.equal(server.transcript()[0]?.end, 'open');
});

test('the socket that a server created is removed when it is closed', async () => {
  const server = await startScriptedServer({ listen: 'unix' });
  assert.ok(existsSync(server.path));
  await server.close();
  assert.equal(existsSync(server.path), false);
});

test('the port of a closed server refuses connections', async () => {
  const server = await startScriptedServer({});
  await server.close();
  assert.deepEqual(await playDialogue({ port: server.port }, [{ await_end: true }]), { received: '', ended: 'reset' });
});
