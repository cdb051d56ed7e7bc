/** Events fit into a topic, and all of them into an item, for any number of recipients and any replies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounceEvents } from '../../../functions/queue/disposition/bounce-event.ts';
import { delayEvents } from '../../../functions/queue/disposition/delay-event.ts';
import { successEvents } from '../../../functions/queue/disposition/success-event.ts';
import type { QueuedRecipient } from '../../../functions/queue/items/item.ts';
import { cutText, planDeliveries } from '../../../functions/queue/items/plan.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import type { EnhancedStatus } from '../../../functions/smtp/enhanced-status.ts';
import { makeItem } from '../../support/delivery-item.ts';

const topicOctets = 256 * 1024;
const itemOctets = 400_000;
const transportMap = parseTransportMap('* lmtp:inet:store', 'lmtp', 24);

/** The largest delivery that a request of such recipients is split into. */
function largest(recipient: (n: number) => Omit<QueuedRecipient, 'n'>): readonly QueuedRecipient[] {
  const { deliveries } = planDeliveries(
    {
      sender: 'alice@example.org',
      recipients: Array.from({ length: 4000 }, (_, n) => recipient(n)),
      message: { bucket: 'messages', key: 'k' },
    },
    { transportMap, allowedDestinations: new Set(), recipientLimit: 0, defaultPort: 24 },
  );
  return deliveries.toSorted((a, b) => b.recipients.length - a.recipients.length)[0]?.recipients ?? [];
}

const long = 'x'.repeat(60);
for (const [what, recipient] of [
  ['short addresses', (n: number) => ({ address: `r${n}@x.test` })],
  [
    'ordinary addresses',
    (n: number) => ({ address: `some.body-${n}@mail.example.com`, notify: ['FAILURE', 'DELAY'] as const }),
  ],
  [
    'long addresses, with every field of an envelope',
    (n: number) => ({
      address: `${long}${n}@${long}.example`,
      original: `${long}${n}@${'y'.repeat(180)}.example`,
      orcpt: `rfc822;${long}${n}@${'z'.repeat(300)}.example`,
      notify: ['SUCCESS', 'FAILURE', 'DELAY'] as const,
    }),
  ],
] as const) {
  test(what, () => {
    const recipients = largest(recipient);
    assert.ok(recipients.length > 20 && recipients.length < 4000);
    const text = cutText(`host store.example[10.0.0.7] said: 550 ${'no '.repeat(2000)}`, recipients.length);
    const item = makeItem({ recipients });
    const facts = { item, attempt: 1, now: item.arrival, reportingMta: 'mail.example.org', transport: 'lmtp' };
    const details = ['1.1', '2.2', '2.3', '3.0', '4.1', '6.0', '7.1', '0.0'];
    const said = recipients.map((each, n) => {
      const dsn = `5.${details[n % details.length]}` as EnhancedStatus;
      return {
        recipient: each,
        verdict: { status: 'bounced' as const, dsn, text, remoteMta: 'store.example', relayed: true as const },
      };
    });
    const [failed, late, served] = [0, 1, 2].map((third) => said.filter((_, n) => n % 3 === third));
    const deferred = (late ?? []).map(({ recipient: each, verdict }) => ({
      recipient: each,
      verdict: { ...verdict, status: 'deferred' as const },
    }));
    const sent = (served ?? []).map(({ recipient: each, verdict }) => ({
      recipient: each,
      verdict: { ...verdict, status: 'sent' as const },
    }));
    for (const events of [
      bounceEvents(said, facts),
      [
        ...bounceEvents(failed ?? [], facts),
        ...delayEvents(deferred, facts, { maximal_queue_lifetime: 1 }),
        ...successEvents(sent, facts, false),
      ],
    ]) {
      for (const event of events) assert.ok(Buffer.byteLength(JSON.stringify(event)) < topicOctets);
      const last = {
        status: 'bounced',
        dsn: '5.1.1',
        text,
        at: 0,
        attempt: 1,
        remoteMta: 'store.example',
        relay: 'store.example[10.0.0.7]:24',
      } as const;
      const whole = { ...item, recipients: recipients.map((each) => ({ ...each, last })), pending: events };
      assert.ok(
        Buffer.byteLength(JSON.stringify(whole)) < itemOctets,
        `${Buffer.byteLength(JSON.stringify(whole))} octets`,
      );
    }
  });
}
