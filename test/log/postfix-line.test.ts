import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { isDeliveryLine, postfixLine } from '../../functions/log/postfix-line.ts';

const record: DeliveryLine = {
  id: '4bXq1',
  recipient: 'bob@example.com',
  orig: null,
  relay: 'lmtp.internal[10.0.1.7]:24',
  delay: 0.34,
  delays: [0.1, 0, 0.02, 0.22],
  dsn: '2.0.0',
  status: 'sent',
  text: '250 2.0.0 <bob@example.com> Saved',
};

test('a delivery reads as in a Postfix log', () => {
  assert.equal(
    postfixLine(record),
    '4bXq1: to=<bob@example.com>, relay=lmtp.internal[10.0.1.7]:24, delay=0.34, delays=0.1/0/0.02/0.22, dsn=2.0.0, ' +
      'status=sent (250 2.0.0 <bob@example.com> Saved)',
  );
});

test('the original recipient and a reused connection are named, a missing session is "none"', () => {
  const line = postfixLine({ ...record, orig: 'b@example.com', relay: null, conn_use: 2 });
  assert.match(line, /^4bXq1: to=<bob@example.com>, orig_to=<b@example.com>, relay=none, conn_use=2, delay=/);
});

test('the same address in other letter case is not shown as original recipient, nor a first use of a connection as reuse', () => {
  assert.doesNotMatch(postfixLine({ ...record, orig: 'Bob@Example.com', conn_use: 1 }), /orig_to|conn_use/);
});

test('times are shown as in the log', () => {
  assert.match(
    postfixLine({ ...record, delay: 1.1, delays: [0, 0.01, 10, 300] }),
    /delay=1\.1, delays=0\/0\.01\/10\/300,/,
  );
});

test('a reply cannot break the line or move the cursor', () => {
  const text = '550 5.1.1 no\r\n4bXq2: to=<x> \u001b[2J\u202eevil';
  assert.match(postfixLine({ ...record, text }), /\(550 5\.1\.1 no 4bXq2: to=<x> \\u001b\[2J\\u202eevil\)$/);
});

test('diagnostics of the log are not deliveries', () => {
  assert.equal(isDeliveryLine({ level: 'INFO', message: 'hello' }), false);
  assert.equal(isDeliveryLine(null), false);
  assert.equal(isDeliveryLine(record), true);
});
