/** The dashboard: what it shows, in which order, and that all of it exists. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metricTable } from '../../../../functions/metrics/catalogue.ts';
import { prices as listPrices } from '../../../../infra/cost/prices.ts';
import { alarmNames } from '../../../../infra/watching/alarms/catalogue.ts';
import { evaluateMath } from '../../../support/metric-math.ts';
import { appStack, asText, construct, type Resource, resource, resourcesOf } from '../../synthesize.ts';

type MetricEntry = readonly [string | Options, ...(string | Options)[]];
interface Options {
  readonly expression?: string;
  readonly id?: string;
  readonly label?: string;
  readonly stat?: string;
  readonly visible?: boolean;
}
interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly metrics?: readonly MetricEntry[];
    readonly alarms?: readonly string[];
  };
}

function widgetsOf(resources: Record<string, Resource>): readonly Widget[] {
  const body = asText(resource(resources, 'AWS::CloudWatch::Dashboard', 'Dashboard')['DashboardBody']);
  return (JSON.parse(body) as { widgets: readonly Widget[] }).widgets;
}

const widgets = widgetsOf(resourcesOf(appStack({ memorySize: '512' })));

function widget(title: string, from = widgets): Widget {
  const found = from.find(({ properties }) => properties.title === title);
  assert.ok(found, `there is no "${title}"`);
  return found;
}

test('the first lines answer whether mail is lost or late; then mail, servers, functions, queues and cost', () => {
  assert.deepEqual(
    widgets.map(({ properties }) => properties.title),
    [
      'Mail in the queue',
      'Is mail being lost or late?',
      'Waiting mail',
      'Do the functions work?',
      'Arrival and departure, recipients',
      'Verdicts, recipients',
      'Why recipients were deferred',
      'Why recipients bounced',
      'From arrival to delivery',
      'Parts of the delay (delays=a/b/c/d), p95',
      'Deferred by destination',
      'Age of the oldest waiting mail, by destination',
      'Octets sent',
      'Waiting deliveries',
      'Sessions',
      'Session failures',
      'Concurrent lmtp functions',
      'Days until the first certificate expires',
      'Function errors, throttles and invocations dropped as recursive',
      'Function durations, p99',
      'Invocations of functions',
      'Containers started, and attempts',
      'Waiting in the queues',
      'Corrupt requests and dead letters',
      'Cost, estimated at list prices',
    ],
  );
});

test('each line fits, and no widget overlaps another', () => {
  for (const one of widgets) {
    assert.ok(one.x + one.width <= 24);
    for (const other of widgets) {
      if (one === other) continue;
      const isApart =
        one.x + one.width <= other.x ||
        other.x + other.width <= one.x ||
        one.y + one.height <= other.y ||
        other.y + other.height <= one.y;
      assert.ok(isApart, `${one.properties.title} and ${other.properties.title}`);
    }
  }
});

test('every alarm is in the line that answers, once', () => {
  const titles = ['Is mail being lost or late?', 'Do the functions work?'];
  const shown = titles.flatMap((title) => widget(title).properties.alarms ?? []);
  const { delivery } = appStack();
  assert.equal(shown.length, delivery.alarms.all.length);
  assert.equal(new Set(shown).size, shown.length);
  assert.match(shown[0] ?? '', /AlarmsNothingDelivered/);
});

/** The metrics of a widget: namespace and name, then dimensions and options. */
function metricsIn({ properties }: Widget): readonly (readonly [string, string, readonly unknown[]])[] {
  return (properties.metrics ?? []).flatMap(([namespace, name, ...rest]) =>
    typeof namespace === 'string' && typeof name === 'string' ? [[namespace, name, rest] as const] : [],
  );
}

const ofAws = new Set([
  ...['Errors', 'Throttles', 'Invocations', 'Duration', 'ConcurrentExecutions', 'RecursiveInvocationsDropped'],
  ...['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesDelayed'],
  ...['NumberOfMessagesSent', 'NumberOfMessagesReceived', 'NumberOfMessagesDeleted', 'NumberOfEmptyReceives'],
  ...['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits', 'IncomingBytes'],
]);

test('every drawn metric exists: one of the catalogue, or one of AWS', () => {
  for (const one of widgets) {
    for (const [namespace, name, rest] of metricsIn(one)) {
      if (namespace.startsWith('AWS/')) assert.ok(ofAws.has(name), name);
      else {
        assert.ok(Object.hasOwn(metricTable, name), name);
        assert.match(namespace, /^LambdaLmtp\//);
        assert.equal(rest[rest.indexOf('transport') + 1], 'lmtp');
      }
    }
  }
});

test('every metric of the catalogue is drawn somewhere, except one that AWS has too', () => {
  const drawn = new Set(widgets.flatMap((one) => metricsIn(one).map(([, name]) => name)));
  const missing = Object.keys(metricTable).filter((name) => !drawn.has(name));
  assert.deepEqual(missing, ['Corrupt'], 'the corrupt queue shows it');
});

test('CloudWatch accepts the dashboard', () => {
  let sum = 0;
  for (const one of widgets) {
    const { metrics = [] } = one.properties;
    sum += metrics.length;
    assert.ok(metrics.length <= 500, one.properties.title);
    for (const [options] of metrics) {
      if (typeof options === 'object') assert.ok((options.expression ?? '').length <= 1024, options.label);
    }
  }
  assert.ok(sum <= 2500);
});

test('watched destinations have their own lines', () => {
  const { stack } = construct(() => ({
    destination: 'inet:a.example.com:24',
    allowedDestinations: ['inet:b.example.com:24'],
  }));
  const labels = (title: string) =>
    (widget(title, widgetsOf(resourcesOf(stack))).properties.metrics ?? []).map(
      (entry) => (entry.at(-1) as Options).label,
    );
  const all = ['all', 'inet:a.example.com:24', 'inet:b.example.com:24'];
  assert.deepEqual(labels('Deferred by destination'), all);
  assert.deepEqual(labels('Age of the oldest waiting mail, by destination'), all);
});

describe('expressions', () => {
  /** Returns the values of the expressions of a widget, by their labels, with the given metrics. */
  function values(
    one: Widget,
    figure: (namespace: string, name: string) => number | undefined,
  ): ReadonlyMap<string, number | undefined> {
    const entries = one.properties.metrics ?? [];
    const known = new Map<string, number | undefined>();
    for (const [namespace, name, ...rest] of entries) {
      const { id } = (rest.at(-1) ?? {}) as Options;
      if (typeof namespace === 'string' && id !== undefined) known.set(id, figure(namespace, String(name)));
    }
    const results = new Map<string, number | undefined>();
    const waiting = entries.flatMap(([options]) => (typeof options === 'object' ? [options] : []));
    // Expressions of expressions come after them.
    for (const { expression = '', id = '', label = '' } of [...waiting].reverse().concat(waiting)) {
      try {
        const value = evaluateMath(expression, known);
        known.set(id, value);
        results.set(label, value);
      } catch (error) {
        if (!/is not understood/.test(String(error))) throw error;
      }
    }
    return results;
  }

  test('a queue grows by arrivals that are neither sent nor expired', () => {
    const figures: Record<string, number> = { Arrived: 10, Sent: 6, Bounced: 1 };
    const found = values(widget('Arrival and departure, recipients'), (_, name) => figures[name]);
    assert.equal(found.get('growth of the queue'), 3);
  });

  test('cost is that of functions, queues, table and logs, by list prices', () => {
    const figures: Record<string, number> = {
      ...{ Duration: 1000, Invocations: 10 },
      ...{ NumberOfMessagesSent: 100, NumberOfMessagesReceived: 100, NumberOfMessagesDeleted: 100 },
      ...{ ConsumedReadCapacityUnits: 1000, ConsumedWriteCapacityUnits: 2000, IncomingBytes: 2 ** 30 },
    };
    const found = values(widget('Cost, estimated at list prices'), (_, name) => figures[name]);
    const price = (name: keyof typeof listPrices) => listPrices[name].dollars;
    const near = (label: string, dollars: number) =>
      assert.ok(
        Math.abs((found.get(label) ?? 0) - dollars) < dollars * 1e-6,
        `${label}: ${found.get(label)}, not ${dollars}`,
      );
    const functions = 7 * (0.5 * price('lambdaTime') + 10 * price('lambdaRequest'));
    const queues = 4 * 300 * price('sqsStandard') + 2 * 300 * price('sqsFifo');
    const table = 3 * (1000 * price('readUnit') + 2000 * price('writeUnit'));
    const logs = 7 * price('logGigabyte');
    near('functions', functions);
    near('queues', queues);
    near('table', table);
    near('logs', logs);
    near('total', functions + queues + table + logs);
  });

  test("prices may be the user's own", () => {
    const { stack } = construct(() => ({ destination: 'inet:a.example.com:24', prices: { logGigabyte: 2 } }));
    const found = values(widget('Cost, estimated at list prices', widgetsOf(resourcesOf(stack))), (_, name) =>
      name === 'IncomingBytes' ? 2 ** 30 : undefined,
    );
    assert.equal(Math.round((found.get('total') ?? 0) * 1000) / 1000, 14);
  });

  test('an invalid price stops synth', () => {
    const withPrices = (prices: object) => () => construct(() => ({ destination: 'inet:a.example.com:24', prices }));
    assert.throws(
      withPrices({ lambdaTime: -1 }),
      /^PropsError: prices\.lambdaTime: -1 is not allowed: expected a number of dollars/,
    );
    assert.throws(withPrices({ lambdaTime: '1' }), /prices\.lambdaTime: "1"/);
    assert.throws(withPrices({ lambda: 1 }), /^PropsError: prices\.lambda is not known: allowed are lambdaTime, /);
  });
});

test('a stack without alarms has metrics in their place', () => {
  const allOff = Object.fromEntries(alarmNames.map((name) => [name, false]));
  const { stack } = construct(() => ({ destination: 'inet:a.example.com:24', alarms: allOff }));
  const titles = widgetsOf(resourcesOf(stack)).map(({ properties }) => properties.title);
  assert.ok(titles.includes('Waiting mail') && !titles.includes('Do the functions work?'));
});
