/** What the sweep finds in a recorded stack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { RecordedStack } from '../../../support/recorded-stack.ts';
import { awaitEvent, awaitState, itemsOf, patience, submitMail } from '../../../support/story.ts';
import { waitUntil } from '../../../support/wait-until.ts';

export function sweepStories(recorded: () => RecordedStack): void {
  const stack = () => recorded().stack;

  /** Sets a time back, as if that much of it had passed. */
  async function makeOverdue(id: string): Promise<void> {
    await stack().clients.documents.send(
      new UpdateCommand({
        TableName: stack().outputs.QueueTableName,
        Key: { id, delivery: '0000' },
        UpdateExpression: 'SET due = :past',
        ExpressionAttributeValues: { ':past': Date.now() - 1 },
      }),
    );
  }

  async function sweep(): Promise<void> {
    assert.equal((await stack().sweep()).kind, 'returned');
  }

  test('a delivery that is due before the next sweep is woken', async () => {
    await submitMail(stack(), { id: 'swept', recipients: ['full@example.com'] });
    await awaitState(stack(), 'swept', 'deferred');
    await sweep();
  });

  test('a delivery that is in active for too long is sent there again', async () => {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action.startsWith('dynamodb:');
    await submitMail(stack(), { id: 'lost', recipients: ['bob@example.com'] });
    await awaitState(stack(), 'lost', 'active');
    await makeOverdue('lost');
    await sweep();
    permissions.outage = undefined;
    await awaitState(stack(), 'lost', 'done');
  });

  test('unpublished events are published', async () => {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action === 'sns:Publish';
    await submitMail(stack(), { id: 'untold', recipients: ['nobody@example.com'] });
    await waitUntil(
      'its event is pending',
      async () => Object.keys((await itemsOf(stack(), 'untold'))[0]?.pending ?? {}).length > 0,
      patience,
    );
    await makeOverdue('untold');
    await sweep();
    await awaitEvent(stack(), 'untold');
    // Not before: lmtp receives its message again after some seconds, and would publish it itself.
    permissions.outage = undefined;
  });
}
