/** A note at synth names the time-outs that are longer than the time-out of the lmtp function. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { parseParameters } from '../../../functions/parameters/parameters.ts';
import { LmtpDelivery } from '../../../infra/construct/lmtp-delivery.ts';
import { unreachedTimeouts } from '../../../infra/properties/unreached-timeouts.ts';
import { stubCode } from '../synthesize.ts';

function textOf(seconds: number, parameters: Readonly<Record<string, string>> = {}): string {
  return unreachedTimeouts(seconds * 1000, parseParameters(parameters)) ?? '';
}

/** The time-outs that a note names. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/(lmtp_\w+_timeout) \(/g)].map(([, name = '']) => name);
}

test('the defaults are explained with each value, what happens instead, and what to change', () => {
  assert.equal(
    textOf(300),
    'functionTimeout: 300 s ends before these time-outs do: lmtp_lhlo_timeout (300 s), lmtp_starttls_timeout (300 s), ' +
      'lmtp_mail_timeout (300 s), lmtp_rcpt_timeout (300 s), lmtp_data_done_timeout (600 s), lmtp_quit_timeout (300 s). ' +
      'The lmtp function waits for a server for at most 268 s; it needs the rest of its time to write the results. ' +
      'A wait that lasts until then counts as a failure of the destination if the server was ' +
      'silent for at least 60 s (after the final dot: 120 s). A shorter silence does not. In both cases the ' +
      'recipients are deferred, and no mail is lost. Connecting, STARTTLS and the TLS handshake end after 60 s. ' +
      'To make the time-outs effective, set each of these parameters to at most 268 s, or functionTimeout to ' +
      'at least 632 s.',
  );
});

describe('the note names', () => {
  test('every time-out of a function that is shorter than all', () => {
    assert.deepEqual(namesIn(textOf(30)), [
      'lmtp_connect_timeout',
      'lmtp_lhlo_timeout',
      'lmtp_starttls_timeout',
      'lmtp_mail_timeout',
      'lmtp_rcpt_timeout',
      'lmtp_data_init_timeout',
      'lmtp_data_xfer_timeout',
      'lmtp_data_done_timeout',
      'lmtp_data_done_next_timeout',
      'lmtp_quit_timeout',
    ]);
    assert.match(textOf(30), /silent for at least 10 s \(after the final dot: 15 s\)/);
  });
  test('an unlimited connect time-out, without proposing a function timeout', () => {
    const text = textOf(900, { lmtp_connect_timeout: '0' });
    assert.match(text, /lmtp_connect_timeout \(0: no limit\)\./);
    assert.match(text, /set lmtp_connect_timeout to at most 868 s\.$/);
  });
  test('no function timeout beyond the maximum of Lambda', () => {
    assert.match(textOf(900, { lmtp_mail_timeout: '896s' }), /set lmtp_mail_timeout to at most 868 s\.$/);
  });
  test('the further final replies only if they have their own time-out', () => {
    assert.ok(namesIn(textOf(60)).includes('lmtp_data_done_next_timeout'));
    assert.ok(!namesIn(textOf(60, { strict_postfix_verdicts: 'yes' })).includes('lmtp_data_done_next_timeout'));
    assert.ok(!namesIn(textOf(30, { lmtp_data_done_timeout: '26s' })).includes('lmtp_data_done_next_timeout'));
  });
});

test('there is no note if every time-out fits', () => {
  assert.equal(textOf(900), '');
});

describe('synth', () => {
  const infosOf = (seconds: number) => {
    const stack = new Stack();
    const functionTimeout = Duration.seconds(seconds);
    new LmtpDelivery(stack, 'Delivery', { destination: 'inet:lmtp.example.com', functionTimeout, code: stubCode });
    return Annotations.fromStack(stack).findInfo('*', Match.stringLikeRegexp('before these time-outs do'));
  };
  test('prints it once, in the summary, and not as a warning', () => {
    assert.equal(infosOf(300).length, 1);
  });
  test('prints none for a function that outlasts them all', () => {
    assert.deepEqual(infosOf(900), []);
  });
});
