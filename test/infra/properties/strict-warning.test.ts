import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { LmtpDelivery } from '../../../infra/construct/lmtp-delivery.ts';
import { stubCode } from '../synthesize.ts';

function warningsOf(parameters: Record<string, string>) {
  const stack = new Stack();
  new LmtpDelivery(stack, 'Delivery', { destination: 'inet:lmtp.example.com', parameters, code: stubCode });
  return Annotations.fromStack(stack).findWarning(
    '*',
    Match.stringLikeRegexp('strict_postfix_verdicts=yes is harmful'),
  );
}

test('strict_postfix_verdicts=yes causes a warning at synth, and no other setting does', () => {
  assert.equal(warningsOf({ strict_postfix_verdicts: 'yes' }).length, 1);
  assert.equal(warningsOf({}).length, 0);
});
