import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReplaced, localPortOf, replace, replacedVariables } from '../../infra/local/replaced-variables.ts';

const store = { destination: 'inet:127.0.0.1:2424', isPlain: true };

test('a template that was made for this machine has nothing replaced', () => {
  const made = {
    TRANSPORT_MAP: '* lmtp:inet:127.0.0.1:2424',
    ALLOW_LOCAL_DESTINATIONS: 'yes',
    MINIMAL_BACKOFF_TIME: '1s',
  };
  assert.deepEqual(replacedVariables(made, store, { minimal_backoff_time: '1s' }), []);
  assert.equal(localPortOf(made.TRANSPORT_MAP), 2424);
});

test('of another, mail is sent here, and what the local store has no part in is left out; each is told', () => {
  const theirs = {
    TRANSPORT_MAP: 'a.example lmtp:inet:a:24\n* lmtp:inet:127.0.0.1:24',
    TRANSPORT_MAP_SOURCE: 's3://maps/transport',
    LMTP_TLS_SECURITY_LEVEL: 'verify',
    LMTP_SASL_AUTH_ENABLE: 'yes',
    LMTP_CONNECT_TIMEOUT: '5s',
  };
  const replaced = replacedVariables(theirs, store, {});
  assert.deepEqual(replace(theirs, replaced), {
    TRANSPORT_MAP: '* lmtp:inet:127.0.0.1:2424',
    ALLOW_LOCAL_DESTINATIONS: 'yes',
    LMTP_CONNECT_TIMEOUT: '5s',
  });
  assert.ok(
    replaced.map(describeReplaced).includes('LMTP_TLS_SECURITY_LEVEL is not set here, and "verify" in the template'),
  );
  assert.equal(localPortOf(theirs.TRANSPORT_MAP), undefined);
});

test('a server of your own is spoken to as the template says', () => {
  const theirs = { LMTP_TLS_SECURITY_LEVEL: 'verify' };
  const replaced = replacedVariables(theirs, { destination: 'inet:mail.example:24', isPlain: false }, {});
  assert.equal(replace(theirs, replaced)['LMTP_TLS_SECURITY_LEVEL'], 'verify');
});
