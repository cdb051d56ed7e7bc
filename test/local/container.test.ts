import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { InvocationResult } from '../../infra/local/container.ts';
import { LambdaFunction, type LambdaFunctionOptions } from '../../infra/local/lambda-function.ts';

const file = fileURLToPath(new URL('./handlers/scripted.mjs', import.meta.url));
const open: LambdaFunction[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((fn) => fn.close()));
});

function deploy(options: Partial<LambdaFunctionOptions> = {}): LambdaFunction {
  const fn = new LambdaFunction({
    name: 'lmtp',
    file,
    environment: { LMTP_MAIL_TIMEOUT: '300s' },
    timeout: 5000,
    maximumConcurrency: 2,
    ...options,
  });
  open.push(fn);
  return fn;
}

interface Report {
  readonly served: number;
  readonly pid: number;
  readonly environment: Record<string, string>;
  readonly left: number;
}

function report(result: InvocationResult): Report {
  assert.equal(result.kind, 'returned', JSON.stringify(result));
  return (result as { value: Report }).value;
}

function errorType(result: InvocationResult): string {
  return result.kind === 'failed' ? result.errorType : `returned ${JSON.stringify(result.value)}`;
}

test('a warm container serves the next invocation, with its memory unchanged', async () => {
  const fn = deploy();
  const first = report(await fn.invoke({ do: 'report' }));
  const second = report(await fn.invoke({ do: 'report' }));
  assert.deepEqual([first.served, second.served], [1, 2]);
  assert.equal(first.pid, second.pid);
  assert.equal(fn.started, 1);
});

test('a function sees its own variables and those of Lambda, and none of its parent', async () => {
  process.env['POSTMASTER_SECRET'] = 'of the parent';
  const { environment, left } = report(await deploy().invoke({ do: 'report' }));
  assert.equal(environment['LMTP_MAIL_TIMEOUT'], '300s');
  assert.equal(environment['AWS_LAMBDA_FUNCTION_NAME'], 'lmtp');
  assert.equal(environment['POSTMASTER_SECRET'], undefined);
  assert.ok(left > 4000 && left <= 5000, `${left} ms left of 5000`);
});

test('concurrent invocations get a container each, up to the maximum; the others wait for one', async () => {
  const fn = deploy();
  const reports = (await Promise.all([1, 2, 3, 4, 5].map(() => fn.invoke({ do: 'report' })))).map(report);
  assert.equal(new Set(reports.map(({ pid }) => pid)).size, 2);
  assert.equal(fn.started, 2);
});

test('every log line is passed on before the invocation ends, without the end mark', async () => {
  const lines: string[] = [];
  const fn = deploy({ onLine: (line) => lines.push(line) });
  const { pid } = report(await fn.invoke({ do: 'report' }));
  assert.deepEqual(lines, [JSON.stringify({ served: 1, pid })]);
});

test('a handler that throws fails the invocation and keeps its container', async () => {
  const fn = deploy();
  const result = await fn.invoke({ do: 'throw' });
  assert.deepEqual(
    { ...result, trace: '' },
    { kind: 'failed', errorType: 'RangeError', errorMessage: 'the mailbox is on fire', trace: '' },
  );
  assert.equal(report(await fn.invoke({ do: 'report' })).served, 2);
});

test('a handler that exceeds its time-out is killed, and the next invocation gets a new container', async () => {
  const lines: string[] = [];
  const fn = deploy({ timeout: 300, onLine: (line) => lines.push(line) });
  const result = await fn.invoke({ do: 'hang' });
  assert.equal(errorType(result), 'Sandbox.Timedout');
  assert.deepEqual(lines, ['hanging']);
  assert.equal(fn.containers.length, 0);
  assert.equal(report(await fn.invoke({ do: 'report' })).served, 1);
  assert.equal(fn.started, 2);
});

test('a process that exits fails the invocation, and its last output is kept', async () => {
  const lines: string[] = [];
  const fn = deploy({ onLine: (line) => lines.push(line) });
  const result = await fn.invoke({ do: 'exit' });
  assert.equal(errorType(result), 'Runtime.ExitError');
  assert.deepEqual(lines, ['no line feed']);
  assert.equal(report(await fn.invoke({ do: 'report' })).served, 1);
});

test('a container killed in the middle of an invocation fails it at once', async () => {
  const heard = Promise.withResolvers<string>();
  const fn = deploy({ onLine: heard.resolve });
  const running = fn.invoke({ do: 'hang' });
  await heard.promise;
  await fn.kill();
  assert.equal(errorType(await running), 'Runtime.ExitError');
});

test('a frozen container runs no timers until it is thawed', async () => {
  const count = async (freeze: boolean) => {
    const fn = deploy({ freeze });
    await fn.invoke({ do: 'tick' });
    await sleep(200);
    const result = await fn.invoke({ do: 'tick' });
    return (result as { value: number }).value;
  };
  const [frozen, awake] = await Promise.all([count(true), count(false)]);
  assert.ok(awake >= 10, `${awake} ticks in 200 ms awake`);
  assert.ok(frozen <= 3, `${frozen} ticks in 200 ms frozen`);
});

test('code that cannot be loaded fails every invocation, with the reason', async () => {
  const result = await deploy({ exportName: 'absent' }).invoke({});
  assert.match(result.kind === 'failed' ? result.errorMessage : '', /exports no function absent/);
});
