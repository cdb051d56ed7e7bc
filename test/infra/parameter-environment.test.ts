import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkParameters, parameterEnvironment } from '../../infra/parameter-environment.ts';
import { PropsError } from '../../infra/props-error.ts';

test('a map whose file is only where the functions run gets past synth', () => {
  const parameters = checkParameters({ lmtp_reply_filter: 'regexp:/opt/maps/replies, texthash:/opt/maps/more' });
  assert.equal(parameters.lmtp_reply_filter.isEmpty, false);
});

test('a map that is wrong in itself does not', () => {
  assert.throws(
    () => checkParameters({ lmtp_reply_filter: 'regexp:{{/(/ x}}' }),
    (error) =>
      error instanceof PropsError && /^parameters: lmtp_reply_filter: .* rule 1: .*not closed/.test(error.message),
  );
});

test('a parameter that cannot be set is refused with the reason', () => {
  assert.throws(
    () => checkParameters({ lmtp_bind_address: '10.0.0.1' }),
    /lmtp_bind_address: cannot be set here\. Which/,
  );
});

test('values travel as they are written: the functions follow $name and $$ themselves', () => {
  const value = 'regexp:{ { /^4(.*)$$/ 5$$1 } }';
  assert.deepEqual(parameterEnvironment({ lmtp_delivery_status_filter: value, lmtp_lhlo_name: '$myhostname' }), {
    LMTP_DELIVERY_STATUS_FILTER: value,
    LMTP_LHLO_NAME: '$myhostname',
  });
});
