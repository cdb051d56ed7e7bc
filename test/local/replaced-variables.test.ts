import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReplaced, localPortOf, replace, replacedVariables } from '../../infra/local/replaced-variables.ts';

const store = { destination: 'inet:127.0.0.1:2424', isPlain: true };

test('a template made for this machine has no replaced variables', () => {
  const made = {
    TRANSPORT_MAP: '* lmtp:inet:127.0.0.1:2424',
    ALLOW_LOCAL_DESTINATIONS: 'yes',
    MINIMAL_BACKOFF_TIME: '1s',
  };
  assert.deepEqual(replacedVariables(made, store, { minimal_backoff_time: '1s' }), []);
  assert.equal(localPortOf(made.TRANSPORT_MAP), 2424);
});

test('with another template, mail is sent to the local store, unsupported variables are left out, and each is reported', () => {
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

test("with the user's own server, the variables of the template are used", () => {
  const theirs = { LMTP_TLS_SECURITY_LEVEL: 'verify' };
  const replaced = replacedVariables(theirs, { destination: 'inet:mail.example:24', isPlain: false }, {});
  assert.equal(replace(theirs, replaced)['LMTP_TLS_SECURITY_LEVEL'], 'verify');
});
