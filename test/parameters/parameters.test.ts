import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ParameterError,
  type ParameterName,
  parameterNames,
  parametersFromEnvironment,
  parameterTable,
  parseParameters,
  parseTime,
  variableName,
} from '../../functions/parameters/parameters.ts';

const second = 1000;

/** Returns the error of a set of values. */
function fault(values: Record<string, string>): ParameterError {
  try {
    parseParameters(values);
  } catch (error) {
    assert.ok(error instanceof ParameterError, String(error));
    assert.ok(error.message.startsWith(`${error.parameter}: `), error.message);
    return error;
  }
  return assert.fail(`accepted: ${JSON.stringify(values)}`);
}

test('an unset parameter has its default, and every default is allowed', () => {
  const parameters = parseParameters({});
  assert.deepEqual(Object.keys(parameters).sort(), [...parameterNames].sort());
  assert.equal(parameters.lmtp_tcp_port, 24);
  assert.equal(parameters.lmtp_mail_timeout, 300 * second);
  assert.equal(parameters.lmtp_data_done_timeout, 600 * second);
  assert.equal(parameters.maximal_queue_lifetime, 5 * 86_400 * second);
  assert.equal(parameters.soft_bounce, false);
  assert.equal(parameters.lmtp_skip_5xx_greeting, true);
  assert.deepEqual(parameters.lmtp_discard_lhlo_keywords, []);
});

describe('a time is a number of seconds, minutes, hours, days or weeks', () => {
  for (const [text, seconds] of [
    ['0', 0],
    ['300', 300],
    ['300s', 300],
    ['5m', 300],
    ['2h', 7200],
    ['5d', 432_000],
    ['1w', 604_800],
    [' 10s ', 10],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(parseTime(text), seconds * second));
  }
  for (const text of ['', 's', '1.5s', '-1', '+1', '1 s', '1S', '1y', '0x10', '1e3', '1s1s', '9999999999']) {
    test(`${JSON.stringify(text)} is not a time`, () => assert.equal(parseTime(text), undefined));
  }
});

test('a value may refer to that of another, as in main.cf', () => {
  const parameters = parseParameters({
    myhostname: 'mail.example.org',
    default_destination_recipient_limit: '7',
    maximal_queue_lifetime: '3d',
    bounce_queue_lifetime: '$maximal_queue_lifetime',
    maximal_backoff_time: '$' + '{minimal_backoff_time}',
  });
  assert.equal(parameters.lmtp_lhlo_name, 'mail.example.org');
  assert.equal(parameters.lmtp_destination_recipient_limit, 7);
  assert.equal(parameters.bounce_queue_lifetime, parameters.maximal_queue_lifetime);
  assert.equal(parameters.maximal_backoff_time, parameters.minimal_backoff_time);
});

describe('a wrong name or value is reported, with what is allowed', () => {
  for (const [values, parameter, words] of [
    [{ lmtp_mail_timeuot: '1s' }, 'lmtp_mail_timeuot', /is not a parameter/],
    [{ LMTP_MAIL_TIMEOUT: '1s' }, 'LMTP_MAIL_TIMEOUT', /is not a parameter/],
    [{ constructor: '1' }, 'constructor', /is not a parameter/],
    [{ lmtp_mail_timeout: 'soon' }, 'lmtp_mail_timeout', /"soon" is not a time: write a number and s, m, h, d or w/],
    [{ lmtp_mail_timeout: '' }, 'lmtp_mail_timeout', /"" is not a time/],
    [{ lmtp_mail_timeout: '0' }, 'lmtp_mail_timeout', /"0" is out of range: 1s or more/],
    [{ maximal_queue_lifetime: '101d' }, 'maximal_queue_lifetime', /out of range: 0s to 8640000s/],
    [{ lmtp_tcp_port: '0' }, 'lmtp_tcp_port', /out of range: 1 to 65535/],
    [{ lmtp_tcp_port: '65536' }, 'lmtp_tcp_port', /out of range/],
    [{ lmtp_tcp_port: 'lmpt' }, 'lmtp_tcp_port', /not a whole number, nor a name of known_tcp_ports \(lmtp, smtp,/],
    [{ lmtp_tcp_port: '24.5' }, 'lmtp_tcp_port', /not a whole number/],
    [{ lmtp_tcp_port: '-1' }, 'lmtp_tcp_port', /not a whole number/],
    [{ soft_bounce: 'true' }, 'soft_bounce', /"true" is neither yes nor no/],
    [{ soft_bounce: 'YES' }, 'soft_bounce', /neither yes nor no/],
    [
      { lmtp_discard_lhlo_keywords: 'pipelining, pipeline' },
      'lmtp_discard_lhlo_keywords',
      /"pipeline" is not allowed; allowed are 8bitmime/,
    ],
    [{ lmtp_destination_concurrency_limit: '0' }, 'lmtp_destination_concurrency_limit', /out of range: 1 to/],
    [{ lmtp_lhlo_name: '$missing' }, 'lmtp_lhlo_name', /refers to \$missing, which is not a parameter/],
    [{ myhostname: '$lmtp_lhlo_name' }, 'lmtp_lhlo_name', /refers to itself/],
    [{ myhostname: '$myhostname' }, 'myhostname', /refers to itself/],
    [{ lmtp_lhlo_name: 'two words' }, 'lmtp_lhlo_name', /not a host name/],
    [{ lmtp_lhlo_name: 'x\r\nMAIL FROM:<>' }, 'lmtp_lhlo_name', /not a host name/],
    [{ lmtp_lhlo_name: '' }, 'lmtp_lhlo_name', /not a host name/],
    [{ minimal_backoff_time: '2h' }, 'minimal_backoff_time', /longer than maximal_backoff_time/],
    [{ lmtp_tls_wrappermode: 'yes' }, 'lmtp_tls_wrappermode', /"yes" needs lmtp_tls_security_level=encrypt or higher/],
    [
      { lmtp_tls_wrappermode: 'yes', lmtp_tls_security_level: 'may' },
      'lmtp_tls_wrappermode',
      /needs lmtp_tls_security_level=encrypt or higher, not "may"/,
    ],
    [
      { lmtp_tls_security_level: 'dane-only' },
      'lmtp_tls_security_level',
      /"dane-only" cannot be set here: DANE needs DNS answers validated with DNSSEC.*allowed are .*secure/,
    ],
    [
      { lmtp_tls_fingerprint_digest: 'md5' },
      'lmtp_tls_fingerprint_digest',
      /"md5" cannot be set here: MD5 is broken.*allowed are sha256, sha384, sha512/,
    ],
    [
      { lmtp_tls_CAfile: 'sytem' },
      'lmtp_tls_CAfile',
      /"sytem" is not empty, system, a path, s3:\/\/BUCKET\/KEY, or secr/,
    ],
    [{ lmtp_tls_CAfile: 'secretsmanager:' }, 'lmtp_tls_CAfile', /is not empty, system/],
    [{ lmtp_tls_verify_cert_match: '' }, 'lmtp_tls_verify_cert_match', /"" is not a list of hostname, nexthop/],
    [{ lmtp_tls_servername: '10.0.0.1:24' }, 'lmtp_tls_servername', /is not hostname, nexthop, a name, or empty/],
    [{ lmtp_tls_fingerprint_cert_match: 'sha256:AB' }, 'lmtp_tls_fingerprint_cert_match', /is not a list of fingerp/],
    [{ lmtp_tls_protocols: '>=TLSv1.4' }, 'lmtp_tls_protocols', /">=TLSv1\.4" is not allowed; allowed are SSLv2/],
    [{ lmtp_tls_protocols: '!TLSv1.2' }, 'lmtp_tls_protocols', /leaves TLSv1, TLSv1\.1, TLSv1\.3 without TLSv1\.2: /],
    [{ lmtp_tls_protocols: 'SSLv3' }, 'lmtp_tls_protocols', /"SSLv3" leaves no version of TLSv1, /],
  ] as const satisfies readonly (readonly [Record<string, string>, string, RegExp])[]) {
    test(JSON.stringify(values), () => {
      const error = fault(values);
      // A circle is found from whichever of its parameters is read first.
      if (!/refers to itself/.test(error.message)) assert.equal(error.parameter, parameter);
      assert.match(error.message, words);
    });
  }
});

test('keywords are accepted in any letter case, with commas and blanks', () => {
  const { lmtp_discard_lhlo_keywords: keywords } = parseParameters({
    lmtp_discard_lhlo_keywords: 'PIPELINING, dsn  size,',
  });
  assert.deepEqual(keywords, ['pipelining', 'dsn', 'size']);
});

test('the environment contains each under its name in capitals, beside other variables', () => {
  const parameters = parametersFromEnvironment({
    LMTP_MAIL_TIMEOUT: '7s',
    LMTP_TLS_CAFILE: 'system',
    soft_bounce: 'yes',
    PATH: '/bin',
    HOME: '$missing',
  });
  assert.equal(parameters.lmtp_mail_timeout, 7 * second);
  assert.equal(parameters.lmtp_tls_CAfile, 'system');
  assert.equal(parameters.soft_bounce, false);
  assert.equal(variableName('lmtp_mail_timeout'), 'LMTP_MAIL_TIMEOUT');
});

describe('the table', () => {
  for (const name of parameterNames) {
    test(`describes ${name} in a sentence`, () => {
      const { meaning, default: value } = parameterTable[name];
      assert.match(name, /^2?[a-z][A-Za-z0-9_]*$/);
      assert.match(meaning, /^\S.*[.]$/s);
      // Its default, written out, is the default.
      assert.deepEqual(parseParameters({ [name]: value })[name], parseParameters({})[name]);
    });
  }
});

test('any wrong value raises a ParameterError and no other error, and none is accepted out of its bounds', () => {
  const name = fc.constantFrom<ParameterName>(...parameterNames);
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat().map(String),
    fc.constantFrom('yes', 'no', '1s', '$myhostname', '$lmtp_lhlo_name', '$default_destination_recipient_limit', 'dsn'),
  );
  fc.assert(
    fc.property(name, value, (parameter, text) => {
      try {
        const taken = parseParameters({ [parameter]: text })[parameter];
        const row = parameterTable[parameter];
        if (typeof taken !== 'number') return;
        assert.ok(taken >= ('min' in row ? row.min : 0));
        assert.ok(taken <= ('max' in row ? row.max : Number.MAX_SAFE_INTEGER));
      } catch (error) {
        assert.ok(error instanceof ParameterError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
