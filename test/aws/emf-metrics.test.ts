import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EmfMetrics, metricsFromEnvironment } from '../../functions/aws/emf-metrics.ts';
import { isDeliveryLine } from '../../functions/log/postfix-line.ts';
import { type MetricName, type MetricRow, metricTable } from '../../functions/metrics/catalogue.ts';
import { type EmfLine, parseEmf } from '../support/emf.ts';

const watched = ['inet:one.example:24', 'inet:two.example:24,inet:three.example:24'];

function collect(destinations: readonly string[] = watched) {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const metrics = new EmfMetrics({
    namespace: 'LambdaLmtp/Test',
    transport: 'lmtp',
    destinations,
    write,
    now: () => 77,
  });
  return {
    metrics,
    flush: (): readonly EmfLine[] => {
      metrics.flush();
      return lines.splice(0).map(parseEmf);
    },
  };
}

test('an invocation is one line, with the metadata that CloudWatch needs to find the values', () => {
  const { metrics, flush } = collect();
  metrics.add('Sent', 2);
  metrics.add('Delay', 0.5);
  metrics.add('Delay', 1.5);
  assert.deepEqual(flush(), [
    {
      _aws: {
        Timestamp: 77,
        CloudWatchMetrics: [
          {
            Namespace: 'LambdaLmtp/Test',
            Dimensions: [['transport']],
            Metrics: [
              { Name: 'Sent', Unit: 'Count' },
              { Name: 'Delay', Unit: 'Seconds' },
            ],
          },
        ],
      },
      transport: 'lmtp',
      Sent: 2,
      Delay: [0.5, 1.5],
    },
  ]);
});

test('a watched destination has a line of its own, and counts for its transport too', () => {
  const { metrics, flush } = collect();
  metrics.add('Sent', 1, 'inet:one.example:24');
  metrics.add('Sent', 4, 'inet:other.example:24');
  metrics.add('Bytes', 9, 'inet:one.example:24');
  const [own, rest, ...others] = flush();
  assert.deepEqual(own?._aws.CloudWatchMetrics[0]?.Dimensions, [['transport'], ['transport', 'destination']]);
  assert.equal(own?.['destination'], 'inet:one.example:24');
  assert.equal(own?.['Sent'], 1);
  assert.deepEqual(rest?._aws.CloudWatchMetrics[0]?.Dimensions, [['transport']]);
  assert.equal(rest?.['destination'], undefined);
  // Bytes are not counted by destination.
  assert.deepEqual([rest?.['Sent'], rest?.['Bytes']], [4, 9]);
  assert.deepEqual(others, []);
});

test('counts are added up; a maximum and a minimum keep one value', () => {
  const { metrics, flush } = collect();
  for (const days of [30, 12, 80]) metrics.add('CertificateDays', days);
  for (const seconds of [30, 120, 80]) metrics.add('OldestDeferred', seconds);
  for (const octets of [30, 12, 80]) metrics.add('Bytes', octets);
  const [line] = flush();
  assert.deepEqual([line?.['CertificateDays'], line?.['OldestDeferred'], line?.['Bytes']], [12, 120, 122]);
});

test('nothing is written without a count, and nothing is written twice', () => {
  const { metrics, flush } = collect();
  assert.deepEqual(flush(), []);
  metrics.add('Sent');
  assert.equal(flush().length, 1);
  assert.deepEqual(flush(), []);
});

test('a value that is not a number is left out, because CloudWatch would refuse the whole line', () => {
  const { metrics, flush } = collect();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) metrics.add('Delay', value);
  assert.deepEqual(flush(), []);
});

test('at most twenty destinations are watched, and none that CloudWatch refuses as a dimension', () => {
  const many = Array.from({ length: 30 }, (_, index) => `inet:host${index}.example:24`);
  for (const [destinations, expected] of [
    [many, many.slice(0, 20)],
    [[':24', ' ', 'inet:ü.example:24', 'a'.repeat(1025), 'inet:fine.example:24'], ['inet:fine.example:24']],
  ] as const) {
    const { metrics, flush } = collect(destinations);
    for (const destination of destinations) metrics.add('Sent', 1, destination);
    const told = flush().flatMap((line) => (line['destination'] === undefined ? [] : [line['destination']]));
    assert.deepEqual(told, expected);
  }
});

test('no metric line is mistaken for a line of the delivery log', () => {
  const { metrics, flush } = collect();
  for (const name of Object.keys(metricTable)) metrics.add(name as MetricName, 1, 'inet:one.example:24');
  for (const line of flush()) assert.equal(isDeliveryLine(line), false);
});

test('a function of a stack without a namespace writes no metrics', () => {
  assert.equal(metricsFromEnvironment({}, 'lmtp'), undefined);
  assert.equal(metricsFromEnvironment({ METRICS_NAMESPACE: '' }, 'lmtp'), undefined);
  assert.ok(metricsFromEnvironment({ METRICS_NAMESPACE: 'LambdaLmtp/Test' }, 'lmtp') instanceof EmfMetrics);
});

const names = Object.keys(metricTable) as MetricName[];

const additions = fc.array(
  fc.record({
    name: fc.constantFrom(...names),
    // Halves add up exactly.
    value: fc.integer({ min: 0, max: 2 ** 30 }).map((value) => value / 2),
    times: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 450 }) },
    ),
    destination: fc.oneof(
      fc.constantFrom(...watched, 'inet:other.example:24', '', 'toString', '__proto__'),
      fc.string({ unit: 'binary' }),
      fc.constant(undefined),
    ),
    ends: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('the lines of all invocations together add up to what was counted, by transport and by destination', () => {
  fc.assert(
    fc.property(additions, (all) => {
      const { metrics, flush } = collect();
      const lines: EmfLine[] = [];
      for (const { name, value, times, destination, ends } of all) {
        for (let nth = 0; nth < times; nth += 1) metrics.add(name, value, destination);
        if (ends) lines.push(...flush());
      }
      lines.push(...flush());
      for (const name of names) {
        const { statistic, perDestination }: MetricRow = metricTable[name];
        const added = all.filter((one) => one.name === name);
        if (statistic === 'Maximum' || statistic === 'Minimum') {
          const extreme = (values: readonly number[]) =>
            values.length === 0 ? undefined : Math[statistic === 'Maximum' ? 'max' : 'min'](...values);
          assert.equal(extreme(valuesOf(lines, name)), extreme(added.map(({ value }) => value)));
          continue;
        }
        assert.equal(sum(valuesOf(lines, name)), sum(added.map(({ value, times }) => value * times)));
        for (const destination of watched) {
          const own = lines.filter((line) => line['destination'] === destination);
          const expected = perDestination === true ? added.filter((one) => one.destination === destination) : [];
          assert.equal(sum(valuesOf(own, name)), sum(expected.map(({ value, times }) => value * times)));
        }
        if (statistic === 'p99') assert.equal(valuesOf(lines, name).length, sum(added.map(({ times }) => times)));
      }
    }),
  );
});

test('with any mail, CloudWatch accepts every line, and the dimensions are the configured ones', () => {
  fc.assert(
    fc.property(additions, (all) => {
      const { metrics, flush } = collect();
      for (const { name, value, times, destination } of all) {
        for (let nth = 0; nth < times; nth += 1) metrics.add(name, value, destination);
      }
      for (const line of flush()) {
        const [directive, ...others] = line._aws.CloudWatchMetrics;
        assert.ok(directive !== undefined && others.length === 0);
        const told = directive.Metrics.map(({ Name }) => Name);
        assert.equal(new Set(told).size, told.length);
        assert.ok(told.length > 0 && told.length <= 100);
        for (const { Name, Unit } of directive.Metrics) {
          const values = valuesOf([line], Name as MetricName);
          assert.ok(values.length > 0 && values.length <= 100);
          assert.equal(Unit, metricTable[Name as MetricName].unit);
        }
        const { _aws, ...members } = line;
        assert.deepEqual(
          Object.keys(members)
            .filter((name) => !told.includes(name))
            .toSorted(),
          directive.Dimensions.at(-1)?.toSorted(),
        );
        assert.equal(line['transport'], 'lmtp');
        const { destination } = line as { destination?: string };
        assert.ok(destination === undefined || watched.includes(destination));
      }
    }),
  );
});

function valuesOf(lines: readonly EmfLine[], name: MetricName): readonly number[] {
  return lines.flatMap((line) => (line[name] === undefined ? [] : [line[name]].flat())) as number[];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
