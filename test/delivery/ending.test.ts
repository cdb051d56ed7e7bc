/**
 * error:, retry: and discard: in the transport map give verdicts without a server (Postfix error(8),
 * retry(8), discard(8)).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';

for (const [destination, parameters, wanted] of [
  ['error:5.1.6 this domain has moved', {}, 'bounced 5.1.6'],
  ['error:5.0.0 no mail here', {}, 'bounced 5.0.0'],
  ['error:5.1.6 this domain has moved', { soft_bounce: 'yes' }, 'deferred 4.1.6'],
  ['retry:4.3.2 the mailboxes are being moved', {}, 'deferred 4.3.2'],
  ['discard:no longer needed', {}, 'sent 2.0.0'],
] as const) {
  const how = 'soft_bounce' in parameters ? ', with soft_bounce' : '';
  test(`${destination}${how}: ${wanted}`, async () => {
    const outcome = await deliverTo(destination, ['a@x', 'b@x'], testAgent(parameters));
    assert.deepEqual(shortVerdicts(outcome), [wanted, wanted]);
    const [, words] = /^\w+:(?:\d\S+ )?(.*)$/.exec(destination) ?? [];
    assert.deepEqual(
      outcome.verdicts.map(({ text, relay, remoteMta }) => [text, relay, remoteMta]),
      [
        [words, undefined, undefined],
        [words, undefined, undefined],
      ],
    );
    assert.equal(outcome.blame, undefined);
  });
}

test('a requested success report is sent for discarded mail, too', async () => {
  const { verdicts } = await deliverTo('discard:x', ['a@x'], testAgent());
  assert.equal(verdicts[0]?.relayed, true);
});
