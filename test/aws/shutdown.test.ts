import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const module = fileURLToPath(new URL('../../functions/aws/shutdown.ts', import.meta.url));

test('a function that shuts down sends QUIT first: it registered an extension that subscribes to no events', async () => {
  const asked: string[] = [];
  const isReady = Promise.withResolvers<void>();
  const api = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url?.endsWith('/register')) response.setHeader('Lambda-Extension-Identifier', 'x1').end('{}');
    else isReady.resolve();
  });
  await once(api.listen(0, '127.0.0.1'), 'listening');
  const runtimeApi = `127.0.0.1:${(api.address() as AddressInfo).port}`;
  const program = `
    const { quitOnShutdown } = await import(${JSON.stringify(module)});
    await quitOnShutdown(async () => { process.stdout.write('goodbye'); }, ${JSON.stringify(runtimeApi)});
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await isReady.promise;
    const said = child.stdout.toArray();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    assert.equal(Buffer.concat(await said).toString(), 'goodbye');
    assert.deepEqual(asked, ['POST /2020-01-01/extension/register', 'GET /2020-01-01/extension/event/next']);
  } finally {
    child.kill('SIGKILL');
    api.closeAllConnections();
    api.close();
  }
});
