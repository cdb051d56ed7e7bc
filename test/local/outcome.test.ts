import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import {
  bouncesOf,
  differences,
  type Heard,
  missingMail,
  outcomeOf,
  type Submission,
} from '../../infra/local/outcome.ts';

const submission: Submission = {
  name: 'four-fates',
  recipients: ['a@x', 'b@x'],
  content: Buffer.from('Subject: x\r\n\r\nhello\r\n'),
  expected: { verdicts: { 'a@x': { status: 'sent', attempts: 2 }, 'b@x': { status: 'bounced', attempts: 1 } } },
};

function record(recipient: string, status: DeliveryLine['status']): DeliveryLine {
  const rest = { orig: null, relay: null, delay: 0, delays: [0, 0, 0, 0] as const, dsn: '2.0.0', text: '' } as const;
  return { id: submission.name, recipient, status, ...rest };
}

const told = { id: submission.name, recipient: 'b@x', status: '5.1.1', diagnostic: '' };
const asDeclared: Heard = {
  deliveries: [record('a@x', 'deferred'), record('b@x', 'bounced'), record('a@x', 'sent')],
  bounces: [told],
  reports: [],
  corrupt: [],
};

test('a submission that ends as declared has no differences, and is settled', () => {
  assert.deepEqual(differences(submission, asDeclared), []);
  assert.deepEqual(outcomeOf(submission, asDeclared), {
    recipients: { sent: ['a@x'], bounced: ['b@x'], waiting: [] },
    deferrals: 1,
    attempts: 2,
    corrupt: undefined,
    reportedTo: [],
    settled: true,
  });
});

test('a report is awaited until it is delivered, and must be the only one', () => {
  const wanted = { ...submission, expected: { ...submission.expected, reportTo: 'alice@x' } } as Submission;
  const report = { id: submission.name, report: 'r1', address: 'alice@x' };
  const handedOver = { ...asDeclared, reports: [report] };
  const delivered = {
    ...handedOver,
    deliveries: [...asDeclared.deliveries, { ...record('alice@x', 'sent'), id: 'r1' }],
  };
  for (const heard of [asDeclared, handedOver]) {
    assert.ok(!outcomeOf(wanted, heard).settled);
    assert.deepEqual(differences(wanted, heard), ['alice@x should have one report and has 0']);
  }
  assert.ok(outcomeOf(wanted, delivered).settled);
  assert.deepEqual(outcomeOf(wanted, delivered).reportedTo, ['alice@x']);
  assert.deepEqual(differences(wanted, delivered), []);
  const twice = { ...delivered, reports: [report, report] };
  assert.deepEqual(differences(wanted, twice), ['alice@x should have one report and has 2']);
});

for (const [name, heard, wanted] of [
  [
    'a recipient that still waits',
    { ...asDeclared, deliveries: [record('a@x', 'deferred'), record('b@x', 'bounced')] },
    'a@x: should be sent and is waiting',
  ],
  [
    'one attempt too few',
    { ...asDeclared, deliveries: [record('a@x', 'sent'), record('b@x', 'bounced')] },
    'a@x: should take 2 attempts and took 1',
  ],
  [
    'a delivery after the last one',
    { ...asDeclared, deliveries: [...asDeclared.deliveries, record('a@x', 'sent')] },
    'a@x: should take 2 attempts and took 3',
  ],
  ['a bounce without a report', { ...asDeclared, bounces: [] }, 'b@x: no bounce on the topic'],
  [
    'a request that should not be corrupt',
    { ...asDeclared, corrupt: [{ id: 'four-fates', reason: 'sender: missing' }] },
    'should be delivered and is corrupt: sender: missing',
  ],
] as const) {
  test(`${name} is a difference`, () => assert.deepEqual(differences(submission, heard), [wanted]));
}

test('a request that should be corrupt must be, with the declared reason', () => {
  const corrupt = { ...submission, expected: { corrupt: 'recipient' } };
  const because = (reason: string) => ({ ...asDeclared, corrupt: [{ id: 'four-fates', reason }] });
  assert.deepEqual(differences(corrupt, because('recipient: unknown field')), []);
  assert.equal(differences(corrupt, because('sender: missing')).length, 1);
  assert.deepEqual(differences(corrupt, asDeclared), ['should be corrupt and is not']);
});

test('a bounce that was not published yet is waited for', () => {
  assert.equal(outcomeOf(submission, { ...asDeclared, bounces: [] }).settled, false);
});

test('bounces are read from the events of the topic', () => {
  const bounce = { bouncedRecipients: [{ emailAddress: 'b@x', status: '5.1.1', diagnosticCode: 'smtp; 550 no' }] };
  const event = { notificationType: 'Bounce', bounce, queueId: 'four-fates' };
  assert.deepEqual(bouncesOf(event, [submission]), [{ ...told, diagnostic: 'smtp; 550 no' }]);
  assert.deepEqual(bouncesOf({ notificationType: 'Delivery' }, [submission]), []);
});

const folder = await mkdtemp(join(tmpdir(), 'outcome-'));
after(() => rm(folder, { recursive: true }));

test('mail must be in the Maildir once, as submitted', async () => {
  const file = async (recipient: string, name: string, text: string) => {
    await mkdir(join(folder, recipient, 'new'), { recursive: true });
    await writeFile(join(folder, recipient, 'new', name), text);
  };
  const good = 'Return-Path: <>\nSubject: x\n\nhello\n';
  await file('good', '1', good);
  await file('good', '2', 'Return-Path: <>\nanother message\n');
  await file('twice', '1', good);
  await file('twice', '2', good);
  await file('changed', '1', good.replace('hello', 'hello '));
  const copies = async (recipient: string) => {
    const found = await missingMail(submission, [recipient], () => join(folder, recipient));
    return found.map((difference) => difference.split(' in ')[0]);
  };
  assert.deepEqual(await copies('good'), []);
  assert.deepEqual(await copies('twice'), ['twice: 2 copies']);
  assert.deepEqual(await copies('changed'), ['changed: 0 copies']);
  assert.deepEqual(await copies('nowhere'), ['nowhere: 0 copies']);
});
