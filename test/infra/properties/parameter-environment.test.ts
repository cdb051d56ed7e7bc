import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkParameters, parameterEnvironment } from '../../../infra/properties/parameter-environment.ts';
import { PropsError } from '../../../infra/properties/props-error.ts';

test('a map whose file exists only where the functions run passes synth', () => {
  const parameters = checkParameters({ lmtp_reply_filter: 'regexp:/opt/maps/replies, texthash:/opt/maps/more' });
  assert.equal(parameters.lmtp_reply_filter.isEmpty, false);
});

test('a malformed map does not', () => {
  assert.throws(
    () => checkParameters({ lmtp_reply_filter: 'regexp:{{/(/ x}}' }),
    (error) =>
      error instanceof PropsError && /^parameters: lmtp_reply_filter: .* rule 1: .*not closed/.test(error.message),
  );
});

test('a parameter that cannot be set is refused with the reason', () => {
  assert.throws(
    () => checkParameters({ lmtp_bind_address: '10.0.0.1' }),
    /lmtp_bind_address: cannot be set here\. Subnets/,
  );
});

test('values are passed literally: the functions expand $name and $$ themselves', () => {
  const value = 'regexp:{ { /^4(.*)$$/ 5$$1 } }';
  assert.deepEqual(parameterEnvironment({ lmtp_delivery_status_filter: value, lmtp_lhlo_name: '$myhostname' }), {
    LMTP_DELIVERY_STATUS_FILTER: value,
    LMTP_LHLO_NAME: '$myhostname',
  });
});

test('a password in clear is refused, and not shown, because the environment of a function is visible', () => {
  for (const [maps, shown] of [
    ['static:joe:hunter2', 'static:(hidden)'],
    ['inline:{ {mail.test=joe:hunter2} }', 'inline:(hidden)'],
    ['regexp:{ {/mail/ joe:hunter2} }', 'regexp:(hidden)'],
    ['secretsmanager:lmtp/passwords, static:{joe:hunter2}', 'secretsmanager:lmtp/passwords, static:(hidden)'],
  ] as const) {
    assert.throws(
      () => checkParameters({ lmtp_sasl_password_maps: maps }),
      (error) => {
        assert.ok(error instanceof PropsError);
        assert.ok(error.message.startsWith(`parameters: lmtp_sasl_password_maps: "${shown}" is not allowed: `));
        assert.match(error.message, /secretsmanager:NAME$/);
        return !error.message.includes('hunter2');
      },
    );
  }
  assert.throws(
    () => checkParameters({ lmtp_sasl_password_maps: 'joe:hunter2' }),
    (error) => error instanceof PropsError && !error.message.includes('hunter2'),
  );
});

test('passwords may be in a secret, or in a file where the functions run', () => {
  const maps = 'secretsmanager:lmtp/passwords, texthash:/opt/maps/sasl_passwd regexp:/opt/maps/more';
  const parameters = checkParameters({ lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: maps });
  assert.deepEqual(parameters.lmtp_sasl_password_maps.secretNames, ['lmtp/passwords']);
});

test('AUTH without a map of passwords does not pass synth', () => {
  assert.throws(
    () => checkParameters({ lmtp_sasl_auth_enable: 'yes' }),
    /parameters: lmtp_sasl_auth_enable: "yes" needs lmtp_sasl_password_maps/,
  );
});
