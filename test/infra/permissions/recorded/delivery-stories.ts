/** Mail through a recorded stack, in every way that calls AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Need } from '../../../../infra/local/template/permits.ts';
import { sesNotification } from '../../../support/front-door-messages.ts';
import type { RecordedStack } from '../../../support/recorded-stack.ts';
import { awaitEvent, awaitLines, awaitState, patience, smallMessage, submitMail } from '../../../support/story.ts';
import { waitUntil } from '../../../support/wait-until.ts';

/** A sender with SPF pass gets reports at any address. */
const pass = { authentication: { spf: 'PASS' } };

/** The place of a body. */
interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export function deliveryStories(recorded: () => RecordedStack): void {
  const stack = () => recorded().stack;
  const messages = () => stack().outputs.MessageBucketName;

  async function submit(id: string, recipient: string, message: Place, fields: object = {}): Promise<void> {
    await stack().submit({ version: 1, id, sender: 'alice@example.org', recipients: [recipient], message, ...fields });
  }

  async function put(bucket: string, key: string, body = smallMessage): Promise<Place> {
    await stack().clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    return { bucket, key };
  }

  /** Bodies in every place that a request may name. */
  const places: Readonly<Record<string, (id: string) => Promise<Place>>> = {
    'the message bucket': (id) => put(messages(), `in/${id}`),
    'the message bucket, from before its versioning': (id) => put(messages(), `in/unversioned-${id}`),
    'the message bucket, by its version': async (id) => ({ ...(await put(messages(), `in/${id}`)), versionId: 'v1' }),
    'another bucket': (id) => put(recorded().archive, id),
    'another bucket, by its version': async (id) => ({ ...(await put(recorded().archive, id)), versionId: 'v1' }),
  };

  for (const [index, [place, prepare]] of Object.entries(places).entries()) {
    test(`a body in ${place} is delivered, and returned in a report`, async () => {
      await submit(`place-${index}`, 'bob@example.com', await prepare(`place-${index}`));
      await submit(`returned-${index}`, 'nobody@example.com', await prepare(`returned-${index}`));
      assert.partialDeepStrictEqual(await awaitLines(stack(), `place-${index}`, 1), [{ status: 'sent' }]);
      await awaitEvent(stack(), `returned-${index}`);
      await stack().log.waitUntil(
        (lines) => lines.some(({ line }) => line.includes('"told"') && line.includes(`returned-${index}`)),
        patience.within,
      );
    });

    test(`a body in ${place} that is missing at its delivery makes it corrupt`, async () => {
      const body = await prepare(`gone-${index}`);
      await submit(`gone-${index}`, `busy-${index}@example.com`, body);
      await awaitLines(stack(), `gone-${index}`, 1);
      await stack().clients.s3.send(new DeleteObjectCommand({ Bucket: body.bucket, Key: body.key }));
      await awaitState(stack(), `gone-${index}`, 'corrupt');
    });
  }

  test('a body that is missing at the report is left out of it', async () => {
    for (const [id, bucket] of Object.entries({ here: messages(), there: recorded().archive })) {
      const body = await put(bucket, `in/vanishing-${id}`);
      recorded().onRecipient = (recipient) => {
        if (recipient !== `nobody-${id}@example.com`) return;
        void stack().clients.s3.send(new DeleteObjectCommand({ Bucket: body.bucket, Key: body.key }));
      };
      await submit(`vanishing-${id}`, `nobody-${id}@example.com`, body);
      await awaitEvent(stack(), `vanishing-${id}`);
      await stack().log.waitUntil(
        (lines) => lines.some(({ line }) => line.includes('"told"') && line.includes(`vanishing-${id}`)),
        patience.within,
      );
    }
  });

  test('a report waits for the other events of its request', async () => {
    await submitMail(stack(), { id: 'waiting', recipients: ['nobody@example.com', 'bob@mute.example'] });
    await awaitEvent(stack(), 'waiting');
    // The other delivery has no event yet: its server is silent.
    const isAsked = ({ caller, wish }: Need) =>
      caller.endsWith('Bounce') && wish.action === 'sqs:ChangeMessageVisibility';
    await waitUntil('its event is hidden', () => stack().permissions.needed.some(isAsked), patience);
  });

  test('an address that no server accepts bounces at admission', async () => {
    await submitMail(stack(), { id: 'door', recipients: ['bob@example.com\r'] });
    await awaitEvent(stack(), 'door');
  });

  test('more mail than active has places for waits', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `many-${index}`);
    await Promise.all(ids.map((id) => submitMail(stack(), { id, recipients: ['bob@example.com'] })));
    for (const id of ids) assert.partialDeepStrictEqual(await awaitLines(stack(), id, 1), [{ status: 'sent' }]);
  });

  test('missing bodies, and invalid requests, are corrupt', async () => {
    const absent = Object.entries({ here: messages(), there: recorded().archive });
    for (const [id, bucket] of absent) await submit(`absent-${id}`, 'bob@example.com', { bucket, key: 'in/absent' });
    await stack().submit('{ no JSON');
    await waitUntil('all are corrupt', () => stack().inspectQueue('corrupt').ready.length >= 3, patience);
  });

  test('an id that is used again is compared with everything about it', async () => {
    await submitMail(stack(), { id: 'used', recipients: ['bob@example.com'] });
    await awaitState(stack(), 'used', 'done');
    const before = stack().inspectQueue('corrupt').ready.length;
    await submitMail(stack(), { id: 'used', recipients: ['carol@example.com'] });
    await waitUntil('it is corrupt', () => stack().inspectQueue('corrupt').ready.length > before, patience);
  });

  test('mail goes where the map in its bucket sends it, and to another transport', async () => {
    await submitMail(stack(), { id: 'mapped', recipients: ['bob@elsewhere.example'] });
    assert.partialDeepStrictEqual(await awaitLines(stack(), 'mapped', 1), [{ status: 'sent' }]);
    await submitMail(stack(), { id: 'listed', recipients: ['bob@list.example'] });
    const mailman = stack().blueprint.queues.find(({ path }) => path === 'Mailman')?.url ?? '';
    const handedOn = async () => {
      const { Attributes = {} } = await stack().clients.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: mailman,
          AttributeNames: ['ApproximateNumberOfMessages'],
        }),
      );
      return Attributes['ApproximateNumberOfMessages'] === '1';
    };
    await waitUntil('mailman has it', handedOn, patience);
  });

  test('senders elsewhere get reports through SES, and SES bounces mail that it received', async () => {
    const sender = 'alice@elsewhere.example.net';
    await submitMail(stack(), { id: 'through-ses', sender, recipients: ['nobody@example.com'], ...pass });
    const messageId = 'o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1';
    await put(messages(), `ses/${messageId}`);
    const action = { bucketName: messages() };
    const timestamp = new Date(Date.now() - 1000).toISOString();
    await stack().submit(
      sesNotification({ messageId, source: sender, recipients: ['nobody@example.com'], timestamp, action }),
    );
    const asked = () => ['SendRawEmail', 'SendBounce'].every((one) => recorded().sesActions.includes(one));
    await waitUntil('SES was called for both', asked, patience);
  });

  test('mail inside a notification of SES is stored, delivered, and returned in a report', async () => {
    const action = { type: 'SNS', encoding: 'BASE64' };
    const timestamp = new Date(Date.now() - 1000).toISOString();
    for (const [name, recipient] of Object.entries({ stored: 'bob@example.com', returned: 'nobody@example.com' })) {
      const messageId = `${name}0il0e2ic28trm7dfhrc2v0clambda4nbp0g1`;
      const source = 'alice@example.com';
      const mail = { messageId, source, recipients: [recipient], timestamp, action };
      await stack().submit({ ...sesNotification(mail), content: Buffer.from(smallMessage).toString('base64') });
      await awaitState(stack(), messageId, 'done');
    }
  });

  test('a server out of step, and a bounce without an addressee, are reported to the postmaster', async () => {
    await submitMail(stack(), { id: 'odd', recipients: ['bob@odd.example'] });
    await submitMail(stack(), { id: 'null-sender', sender: '', recipients: ['nobody@example.com'] });
    for (const about of ['protocol', '2bounce']) {
      await stack().notices.waitFor(({ message }) => (message as { class: string }).class === about, patience.within);
    }
  });

  test('a removed permission makes good mail late, and never corrupt', async () => {
    const { permissions } = stack();
    const isKept = (id: string) => {
      const { ready, inFlight } = stack().inspectQueue('corrupt');
      return ![...ready, ...inFlight].some(({ body }) => body.includes(id));
    };
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action.startsWith('s3:');
    await submitMail(stack(), { id: 'denied-body', recipients: ['bob@example.com'] });
    await stack().log.waitUntil(
      (lines) => lines.some(({ line }) => line.includes('denied-body') || line.includes('received again')),
      patience.within,
    );
    assert.ok(isKept('denied-body'));
    permissions.outage = (caller, { action }) => caller.endsWith('Qmgr') && action.startsWith('s3:');
    await submitMail(stack(), { id: 'denied-door', recipients: ['bob@example.com'] });
    await stack().log.waitUntil(
      (lines) => lines.some(({ line }) => line.includes('record not handled')),
      patience.within,
    );
    permissions.outage = undefined;
    assert.ok(isKept('denied-door'));
    assert.ok(
      stack()
        .inspectQueue('incoming')
        .inFlight.some(({ body }) => body.includes('denied-door')),
    );
    await awaitState(stack(), 'denied-body', 'done');
  });

  test('a delivery whose settlement fails returns soon', async () => {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action === 'dynamodb:UpdateItem';
    await submitMail(stack(), { id: 'outage', recipients: ['bob@example.com'] });
    await stack().log.waitUntil(
      (lines) => lines.some(({ line }) => line.includes('it will be received again')),
      patience.within,
    );
    permissions.outage = undefined;
    await awaitState(stack(), 'outage', 'done');
  });

  test('a dead letter of active returns to the table', async () => {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action.startsWith('dynamodb:');
    await submitMail(stack(), { id: 'dead', recipients: ['bob@example.com'] });
    await awaitState(stack(), 'dead', 'active');
    const letter = await waitUntil(
      'its message is in active',
      () => {
        const { ready, inFlight } = stack().inspectQueue('active');
        return [...ready, ...inFlight].find(({ body }) => body.includes('"dead"'));
      },
      patience,
    );
    const { url = '' } = stack().blueprint.queues.find(({ path }) => path.endsWith('ActiveDeadLetters')) ?? {};
    const message = { MessageBody: letter.body, MessageGroupId: 'a', MessageDeduplicationId: 'dead' };
    await stack().clients.sqs.send(new SendMessageCommand({ QueueUrl: url, ...message }));
    const [line] = await awaitLines(stack(), 'dead', 1);
    assert.partialDeepStrictEqual(line, { status: 'deferred', dsn: '4.3.0' });
    permissions.outage = undefined;
    await awaitState(stack(), 'dead', 'done');
  });
}
