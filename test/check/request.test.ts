/** The request of the check function. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mostRecipients, readCheckRequest } from '../../functions/check/request.ts';
import { RequestError } from '../../functions/request/request-error.ts';

test('a destination is sufficient', () => {
  assert.deepEqual(readCheckRequest({ destination: 'inet:x:24' }), { destination: 'inet:x:24' });
});

test('the other fields are returned', () => {
  const request = { destination: 'inet:x:24', sender: '', recipients: ['a@x'], pending: true };
  assert.deepEqual(readCheckRequest(request), request);
});

describe('an invalid field is named:', () => {
  const destination = 'inet:x:24';
  const cases: [string, unknown, RegExp][] = [
    ['no object', 'inet:x:24', /^request: "inet:x:24" is not an object/],
    ['nothing', null, /^request: null is not an object/],
    ['no destination', {}, /^destination: is missing/],
    ['a destination that is not a string', { destination: 24 }, /^destination: 24 is not allowed/],
    ['an unknown field', { destination, recipient: 'a@x' }, /^recipient: is not a field; allowed are .*recipients/],
    ['recipients that are not a list', { destination, recipients: 'a@x' }, /^recipients: "a@x" is not allowed/],
    ['too many recipients', { destination, recipients: Array(mostRecipients + 1).fill('a@x') }, /at most 100/],
    [
      'a recipient that ends a command line',
      { destination, recipients: ['a@x', 'b@x\r\nDATA'] },
      /^recipients\[1\]: .*control/,
    ],
    ['a sender that ends a command line', { destination, sender: 'a\nDATA' }, /^sender: .*control/],
    ['pending in words', { destination, pending: 'yes' }, /^pending: "yes" is not allowed; expected true or false/],
  ];
  for (const [what, event, said] of cases) {
    test(what, () => {
      assert.throws(
        () => readCheckRequest(event),
        (error: unknown) => error instanceof RequestError && said.test(error.message),
      );
    });
  }
});

test('any input is read or refused with a RequestError, and no address ends a command', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ destination: fc.string(), recipients: fc.array(fc.string()) })),
      (event) => {
        try {
          for (const recipient of readCheckRequest(event).recipients ?? []) assert.doesNotMatch(recipient, /[\r\n\0]/);
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
        }
      },
    ),
  );
});
