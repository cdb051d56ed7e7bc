/** Properties that are each allowed, but not together: the error names both, and the remedy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import type { LmtpDeliveryProps } from '../../../infra/construct/delivery-props.ts';
import { settingsOf } from '../../../infra/construct/delivery-settings.ts';
import { PropsError } from '../../../infra/properties/props-error.ts';

const destination = 'inet:lmtp.example.com:24';
const two = { destination, transportMap: 'lists.example.com lmtp:inet:mailman.example.com:8024' };

/** Properties, and the whole sentence. */
const contradictions: readonly [string, LmtpDeliveryProps, string][] = [
  [
    'more sessions than the mail store has',
    { destination, sessionBudget: 100 },
    'sessionBudget: 100 is less than maximumConcurrency and lmtp_connection_cache_size allow: 40 functions × 4 sessions × 2 ' +
      '(new containers start before old ones close their sessions) = 320; set a maximumConcurrency of at most 12, or an ' +
      'lmtp_connection_cache_size of at most 1, or a sessionBudget of at least 320',
  ],
  [
    'a budget that no size of the cache would fit',
    { destination, sessionBudget: 50, maximumConcurrency: 30, parameters: { lmtp_connection_cache_size: '2' } },
    'sessionBudget: 50 is less than maximumConcurrency and lmtp_connection_cache_size allow: 30 functions × 2 sessions × 2 ' +
      '(new containers start before old ones close their sessions) = 120; set a maximumConcurrency of at most 12, or a sessionBudget of at least 120',
  ],
  [
    'a budget of one container',
    { destination, sessionBudget: 3, parameters: { lmtp_cache_connection: 'no' } },
    'sessionBudget: 3 is less than maximumConcurrency and lmtp_connection_cache_size allow: 40 functions × 1 sessions × 2 ' +
      '(new containers start before old ones close their sessions) = 80; set a sessionBudget of at least 80',
  ],
  [
    'one destination of two that may take everything',
    { ...two, maximumConcurrency: 20 },
    'parameters: lmtp_destination_concurrency_limit: 20 contradicts maximumConcurrency: 20: one slow destination would occupy every lmtp ' +
      'function, and mail for the others would wait; set a limit of at most 19, or a maximumConcurrency above 20 (twice that is recommended)',
  ],
  [
    'the same by the parameter of all transports',
    { ...two, parameters: { default_destination_concurrency_limit: '60' } },
    'parameters: default_destination_concurrency_limit: 60 contradicts maximumConcurrency: 40: one slow destination would occupy every lmtp ' +
      'function, and mail for the others would wait; set a limit of at most 39, or a maximumConcurrency above 60 (twice that is recommended)',
  ],
  [
    'bodies that expire before their mail',
    { destination, bodyRetention: Duration.days(18) },
    'bodyRetention: 18 days contradict maximal_queue_lifetime: mail may wait 14 days in a dead-letter queue and is then tried for 5 more; ' +
      'set a bodyRetention of at least 19 days, or a shorter maximal_queue_lifetime',
  ],
  [
    'bodies of reports that expire before them',
    { destination, bodyRetention: Duration.days(19), parameters: { bounce_queue_lifetime: '121h' } },
    'bodyRetention: 19 days contradict bounce_queue_lifetime: mail may wait 14 days in a dead-letter queue and is then tried for 6 more; ' +
      'set a bodyRetention of at least 20 days, or a shorter bounce_queue_lifetime',
  ],
];

describe('refused, with both names', () => {
  for (const [what, props, sentence] of contradictions) {
    test(what, () => {
      assert.throws(
        () => settingsOf(props),
        (error: unknown) => error instanceof PropsError && assert.equal(error.message, sentence) === undefined,
      );
    });
  }

  for (const [what, props] of [
    ["the recipients' own domains", { transportMap: '.example.com lmtp:' }],
    [
      'an object that may contain any destination',
      { destination, transportMapObject: { bucket: {} as never, key: 'transport' } },
    ],
    ['a list of destinations', { destination, allowedDestinations: ['inet:other.example.com:24'] }],
  ] as const) {
    test(`several destinations are also ${what}`, () => {
      assert.throws(() => settingsOf({ ...props, maximumConcurrency: 20 }), /concurrency_limit: 20 contradicts/);
      assert.doesNotThrow(() => settingsOf({ ...props, maximumConcurrency: 21 }));
    });
  }
});

/** The same, just within the limits. */
const agreements: readonly [string, LmtpDeliveryProps][] = [
  ['as many sessions as the mail store has', { destination, sessionBudget: 320 }],
  ['the proposal of the first sentence', { destination, sessionBudget: 100, maximumConcurrency: 12 }],
  ['or that', { destination, sessionBudget: 100, parameters: { lmtp_connection_cache_size: '1' } }],
  ['one destination, which may take everything', { destination, maximumConcurrency: 2 }],
  [
    'one destination that is named twice',
    { destination, allowedDestinations: ['lmtp.example.com:24'], maximumConcurrency: 5 },
  ],
  [
    'mail for another transport',
    { ...two, transport: 'other', otherTransports: { lmtp: {} as never }, maximumConcurrency: 5 },
  ],
  [
    'a connect time-out longer than the function: the silence of a server counts before',
    { destination, functionTimeout: Duration.seconds(30), parameters: { lmtp_connect_timeout: '0' } },
  ],
  ['bodies for as long as mail can need them', { destination, bodyRetention: Duration.days(19) }],
];

describe('allowed', () => {
  for (const [what, props] of agreements) {
    test(what, () => {
      assert.doesNotThrow(() => settingsOf(props));
    });
  }
});
