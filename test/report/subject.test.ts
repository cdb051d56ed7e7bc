/** What senders are told of the stack's own troubles. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { subjectOf } from '../../functions/report/subject.ts';
import { bounced, delayed, type Said } from '../support/report-events.ts';

const details =
  'AccessDenied: s3:GetObject on s3://mail/in/x.eml is denied: grant it. AWS: User: arn:aws:sts::1:x/y may not';

describe('a report tells the sender that a body cannot be read, and not of which bucket and for which right:', () => {
  const texts = {
    'a body that was denied': ['the message body cannot be read', details],
    'a body that broke off': [
      'the message could not be read to its end while sending message body to ::1[::1]',
      'S3 gave no whole answer to s3:GetObject on s3://mail/in/x.eml: it is temporary. The cause was: aborted',
    ],
  } as const;
  for (const [name, [told, untold]] of Object.entries(texts)) {
    test(name, () => {
      const { remoteMta: _, ...said }: Said = { dsn: '4.3.0', text: `${told}: ${untold}`, status: 'deferred' };
      for (const events of [delayed({ said }), bounced({ said })]) {
        for (const { diagnosticCode } of subjectOf(events).recipients) {
          assert.match(diagnosticCode, /^(?:X-Postfix|smtp); /);
          assert.equal(diagnosticCode.slice(diagnosticCode.indexOf(' ') + 1), told);
        }
      }
    });
  }
});

test("a server's reply is reported as it is, colons included", () => {
  const text = 'host a[10.0.0.1] said: 550 5.7.1 refused: see https://example.com/why: policy';
  const [recipient] = subjectOf(bounced({ said: { text } })).recipients;
  assert.equal(recipient?.diagnosticCode, `smtp; ${text}`);
});
