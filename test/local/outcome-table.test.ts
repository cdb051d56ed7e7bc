/** What `npm start` shows of many messages: a line each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { FoldedLines, folded } from '../../infra/local/folded-lines.ts';
import type { Outcome } from '../../infra/local/outcome.ts';
import { outcomeTable, outcomeWords } from '../../infra/local/outcome-table.ts';

const none = { sent: [], bounced: [], waiting: [] };
const nothing: Outcome = {
  recipients: none,
  deferrals: 0,
  attempts: 1,
  corrupt: undefined,
  reportedTo: [],
  settled: true,
};
const readers = (count: number) => Array.from({ length: count }, (_, n) => `reader-${n}@x`);

describe('what became of a message is told in a few words:', () => {
  const outcomes: Readonly<Record<string, Partial<Outcome>>> = {
    sent: { recipients: { ...none, sent: ['a@x'] } },
    'sent; 2 tries': { recipients: { ...none, sent: ['a@x'] }, attempts: 2 },
    'bounced; report': { recipients: { ...none, bounced: ['a@x'] }, reportedTo: ['z@x'] },
    '40 recipients: sent': { recipients: { ...none, sent: readers(40) } },
    '38 sent, 2 bounced (b@x, c@x)': { recipients: { ...none, sent: readers(38), bounced: ['b@x', 'c@x'] } },
    '20 sent, 20 bounced': { recipients: { ...none, sent: readers(20), bounced: readers(20) } },
    '2 sent, 2 bounced; 2 tries; 2 reports': {
      recipients: { ...none, sent: readers(2), bounced: readers(2) },
      ...{ attempts: 2, reportedTo: ['y@x', 'z@x'] },
    },
    '1 sent, 1 waiting': { recipients: { ...none, sent: ['a@x'], waiting: ['b@x'] } },
    corrupt: { corrupt: 'recipient: is not allowed' },
  };
  for (const [words, outcome] of Object.entries(outcomes)) {
    test(words, () => assert.equal(outcomeWords({ ...nothing, ...outcome }), words));
  }
});

test('the table marks what did not end as declared, and cuts a name that is too long for it', () => {
  const submission = {
    name: 'x'.repeat(80),
    recipients: ['a@x'],
    content: Buffer.alloc(0),
    expected: { verdicts: {} },
  };
  const outcome = { ...nothing, recipients: { ...none, waiting: ['a@x'] } };
  const table = outcomeTable([
    { submission, shows: 'your message', outcome, differences: ['a@x: should be sent and is waiting'] },
    { submission: { ...submission, name: 'b' }, shows: 'x', outcome, differences: [] },
  ]);
  const [, first, second] = table.split('\n');
  assert.equal(first, `✗ ${'x'.repeat(29)}…  your message  waiting`);
  assert.match(second ?? '', /^✓ b {2,}x {2,}waiting$/);
});

function record(recipient: string, given: Partial<DeliveryLine> = {}): DeliveryLine {
  const rest = {
    orig: null,
    relay: 'h[1]:24',
    delay: 1,
    delays: [0, 0, 0, 1] as const,
    dsn: '2.0.0',
    text: '250 ok',
  } as const;
  return { id: 'm', recipient, status: 'sent', attempt: 1, ...rest, ...given };
}

test('recipients that ended alike are one line, those that did not have a line each', () => {
  const lines: string[] = [];
  const printed = new FoldedLines((line) => lines.push(line));
  for (const recipient of readers(39)) printed.add(record(recipient));
  printed.add(record('full@x', { status: 'deferred', dsn: '4.2.2', text: '452 full' }));
  printed.add(record('other@x', { id: 'n' }));
  printed.flush('m');
  assert.deepEqual(lines, [
    'm: to=<reader-0@x> and 38 more, relay=h[1]:24, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    'm: to=<full@x>, relay=h[1]:24, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (452 full)',
  ]);
  printed.flush();
  assert.match(lines[2] ?? '', /^n: to=<other@x>, relay=/);
});

test('three recipients are three lines, with the addresses that they had before', () => {
  assert.equal(folded(readers(3).map((recipient) => record(recipient))).length, 3);
  const [line] = folded(readers(4).map((recipient) => record(recipient, { orig: 'list@x' })));
  assert.match(line ?? '', /^m: to=<reader-0@x> and 3 more, orig_to=<list@x>, relay=/);
});
