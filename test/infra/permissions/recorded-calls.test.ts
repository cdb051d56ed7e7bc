/**
 * Every request of a stack to AWS, compared with the policies of its template, both ways: what is not
 * permitted is refused and reported, and what is permitted is needed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { applies } from '../../../infra/local/template/permits.ts';
import type { Statement } from '../../../infra/local/template/statements.ts';
import { missingPermissions, parts, unusedPermissions } from '../../support/compare-permissions.ts';
import { type RecordedStack, startRecordedStack } from '../../support/recorded-stack.ts';
import { deliveryStories } from './recorded/delivery-stories.ts';
import { denialStories } from './recorded/denial-stories.ts';
import { exceptions } from './recorded/exceptions.ts';
import { peopleStories, refusalStories } from './recorded/people-stories.ts';
import { sweepStories } from './recorded/sweep-stories.ts';

let recorded: RecordedStack;
before(async () => {
  recorded = await startRecordedStack();
});
after(() => recorded?.[Symbol.asyncDispose]());

describe('mail', () => deliveryStories(() => recorded));
describe('the sweep', () => sweepStories(() => recorded));
describe('people', () => peopleStories(() => recorded));

describe('the policies of the template', () => {
  test('permit every needed permission', () => {
    const { callers, needed, unknown } = recorded.stack.permissions;
    assert.deepEqual(unknown, []);
    assert.deepEqual(missingPermissions(callers, needed), []);
  });

  test('permit nothing else', () => {
    const { callers, needed } = recorded.stack.permissions;
    assert.deepEqual(unusedPermissions(callers, needed, exceptions), []);
  });

  test('would miss each removed permission, by caller, action and resource', () => {
    const { callers, needed } = recorded.stack.permissions;
    let taken = 0;
    for (const caller of callers) {
      const all = caller.statements.flatMap(parts);
      const denials = caller.statements.filter(({ effect }) => effect === 'Deny');
      for (const part of all) {
        const uses = needed.filter((need) => need.caller === caller.name && applies(part, need.wish));
        if (uses.length === 0) continue; // one of the exceptions
        // Two statements may permit the same; it is one permission.
        const others = all.filter((other) => !isDeepStrictEqual(other, part));
        const poorer = { ...caller, statements: [...denials, ...others] };
        const missing = missingPermissions([poorer], uses);
        const [action = ''] = part.actions;
        assert.notDeepEqual(missing, [], `${caller.name}: ${action} on ${part.resources}`);
        for (const line of missing) assert.ok(line.startsWith(`${caller.name}: ${action} on arn:aws:`), line);
        taken += 1;
      }
    }
    assert.ok(taken > 100, `${taken} permissions`);
  });

  test('would show an unused permission', () => {
    const { callers, needed } = recorded.stack.permissions;
    const extra = { effect: 'Allow', actions: ['s3:DeleteBucket'], resources: ['arn:aws:s3:::bodies'], conditions: {} };
    const richer = callers.map((caller) =>
      caller.name === 'Delivery/Functions/Lmtp'
        ? { ...caller, statements: [...caller.statements, extra as Statement] }
        : caller,
    );
    assert.deepEqual(unusedPermissions(richer, needed, exceptions), [
      'Delivery/Functions/Lmtp: s3:DeleteBucket on arn:aws:s3:::bodies is permitted, and was never needed',
    ]);
  });

  test('are compared with many calls', (t) => {
    const { callers, needed } = recorded.stack.permissions;
    const permitted = callers.flatMap(({ statements }) => statements.flatMap(parts)).length;
    const count = new Set(needed.map(({ caller, wish }) => `${caller} ${wish.action}`)).size;
    t.diagnostic(
      `${needed.length} different requests of ${callers.length} callers, ${count} caller and action; ` +
        `${permitted} permissions of action and resource, ${exceptions.length} exceptions`,
    );
  });
});

describe('roles with few permissions', () => refusalStories(() => recorded));
describe('without a permission', () => denialStories(() => recorded));
