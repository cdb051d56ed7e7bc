import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedCosts } from '../../../infra/cost/fixed.ts';
import { type Figures, recordedMeasurement, ways } from '../../../infra/cost/measurement.ts';
import { assumptions, blend, costOf, submissionCost, totalOf } from '../../../infra/cost/model.ts';

const idle = { invocations: 0, cpu: 0, calls: 0 };
const nothing: Figures = {
  functions: { qmgr: idle, lmtp: idle, bounce: idle, sweep: idle },
  sqsStandard: 0,
  sqsFifo: 0,
  s3Gets: 0,
  s3Puts: 0,
  snsPublishes: 0,
  readUnits: 0,
  writeUnits: 0,
  indexUnits: 0,
  logOctets: 0,
};

const million = 1_000_000;
const close = (actual: number, wanted: number) => assert.ok(Math.abs(actual - wanted) < 1e-6, `${actual}, ${wanted}`);

test('each counted unit costs its price', () => {
  const costs = costOf({ ...nothing, sqsFifo: 2, s3Gets: 1, s3Puts: 1, readUnits: 8, writeUnits: 2, indexUnits: 4 }, 0);
  close(costs.sqsFifo * million, 1);
  close(costs.s3 * million, 5.4);
  close(costs.reads * million, 1);
  close(costs.writes * million, 1.25);
  close(costs.indexes * million, 2.5);
  close(totalOf(costs) * million, 11.15);
});

test('an invocation is charged, its batch received and deleted, its start and end logged', () => {
  const lmtp = { ...idle, invocations: 0.1 };
  const costs = costOf({ ...nothing, functions: { ...nothing.functions, lmtp } }, 0);
  close(costs.lambdaRequests * million, 0.02);
  close(costs.sqsFifo * million, 0.1);
  close(costs.logs * million, 45 * 0.0005);
});

test('the duration is that of the CPU at the share of the memory, of waiting for AWS, and of the mail server', () => {
  const lmtp = { ...idle, cpu: 0.01, calls: 5 };
  const costs = costOf({ ...nothing, functions: { ...nothing.functions, lmtp } }, 2);
  const seconds = 0.01 / assumptions.cpuShare + 5 * assumptions.call + 2;
  close(costs.lambdaTime * million, seconds * 0.5 * 13.3334);
  assert.ok(costOf(nothing, 2).lambdaTime > costOf(nothing, 1).lambdaTime);
});

test('a tenth of another kind of delivery costs a tenth of its price', () => {
  const [one, other] = [costOf({ ...nothing, writeUnits: 1 }, 0), costOf({ ...nothing, writeUnits: 11 }, 0)];
  close(blend(one, other, 0.1).writes * million, 2 * 0.625);
});

test('a submission costs the body and the request', () => {
  close(submissionCost() * million, 5 + 0.4 + 0.46);
});

test('an alarm is charged by its metrics, and a destination has its own metrics', () => {
  const alarm = (Properties: object) => ({ Type: 'AWS::CloudWatch::Alarm', Properties });
  const Resources = {
    one: alarm({ MetricName: 'Sent' }),
    other: alarm({ Metrics: [{ MetricStat: {} }, { MetricStat: {} }, { Expression: 'm1 + m2' }] }),
  };
  const costs = (destinations: number) =>
    Object.fromEntries(fixedCosts({ Resources }, destinations, nothing).map(({ what, dollars }) => [what, dollars]));
  close(costs(0)['alarms'] ?? 0, 0.3);
  assert.ok((costs(2)['metrics'] ?? 0) > (costs(1)['metrics'] ?? 0));
});

test('every kind of delivery was measured', () => {
  const { figures, deliveries } = recordedMeasurement();
  for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
    assert.ok(deliveries[way] >= 50, way);
    assert.ok(figures[way].functions.lmtp.cpu > 0 && figures[way].writeUnits > 0, way);
  }
});
