/** Kinds of values: how each row reads a text, and its error for a wrong one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowedValues } from '../../functions/parameters/describe.ts';
import {
  expand,
  ParameterError,
  type ParameterName,
  parameterNames,
  parseParameters,
  rowOf,
  type WrittenParameters,
} from '../../functions/parameters/parameters.ts';

const noFile = { readFile: () => assert.fail('no file should be read') };

/** Returns the error of a wrong value. */
function complaint(values: WrittenParameters): string {
  try {
    parseParameters(values, noFile);
  } catch (error) {
    assert.ok(error instanceof ParameterError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(values)}`);
}

/** A wrong value for a row, and what the error must say about allowed values. */
function wrongValue(name: ParameterName): { readonly value: string; readonly said: RegExp } | undefined {
  const row = rowOf(name);
  switch (row.kind) {
    case 'time':
      return { value: '5 years', said: /write a number and s, m, h, d or w/ };
    case 'number':
    case 'size':
      return { value: 'many', said: /whole number/ };
    case 'port':
      return { value: 'lmpt', said: /known_tcp_ports \(lmtp, smtp/ };
    case 'ports':
      return { value: 'lmtp:24', said: /write name=port/ };
    case 'switch':
      return { value: 'perhaps', said: /neither yes nor no/ };
    case 'text':
      return row.wanted === undefined ? undefined : { value: 'a b!', said: new RegExp(RegExp.escape(row.wanted)) };
    case 'choice':
    case 'flags':
      return { value: 'Q', said: /allowed are/ };
    case 'words':
      return { value: 'unix:/run', said: new RegExp(RegExp.escape(row.wanted ?? 'allowed are')) };
    case 'protocols':
      return { value: 'TLSv9', said: /allowed are SSLv2, SSLv3, TLSv1, TLSv1\.1, TLSv1\.2, TLSv1\.3/ };
    case 'passwords':
      return {
        value: 'hash:/etc/map',
        said: /there is no map type "hash"; texthash: reads .* secretsmanager:, texthash:, /,
      };
    case 'maps':
      return { value: 'hash:/etc/map', said: /static:, inline:, texthash:, regexp: are allowed/ };
    case 'patterns':
      return { value: 'hash:/etc/map', said: /static:, inline:, texthash:, regexp: are allowed/ };
    default:
      return row.kind satisfies never;
  }
}

describe('a wrong value is reported with parameter, value and what is allowed:', () => {
  for (const name of parameterNames) {
    const wrong = wrongValue(name);
    if (wrong === undefined) continue;
    test(name, () => {
      const said = complaint({ [name]: wrong.value });
      assert.ok(said.startsWith(`${name}: `), said);
      assert.ok(said.includes(rowOf(name).secret ? '(hidden)' : wrong.value), said);
      assert.match(said, wrong.said);
    });
  }
});

describe('a value out of bounds is reported with the bounds:', () => {
  for (const name of parameterNames) {
    const { kind, min, max } = rowOf(name);
    if (!['time', 'number', 'size', 'port'].includes(kind)) continue;
    const unit = kind === 'time' ? 1000 : 1;
    const outside = [
      ...(min !== undefined && min > 0 ? [min / unit - 1] : []),
      ...(max === undefined ? [] : [max / unit + 1]),
    ];
    for (const value of outside) {
      test(`${name}=${value}`, () =>
        assert.match(complaint({ [name]: String(value) }), /is out of range: .* is allowed/));
    }
    if (max !== undefined) {
      test(`${name}=${max / unit} is just within them`, () => {
        const together = name === 'minimal_backoff_time' ? { maximal_backoff_time: String(max / unit) } : {};
        assert.equal(parseParameters({ ...together, [name]: String(max / unit) })[name], max);
      });
    }
  }
});

test('every row describes what is allowed in words that fit into a table', () => {
  for (const name of parameterNames) {
    const { meaning, differs = '' } = rowOf(name);
    assert.match(allowedValues(rowOf(name)), /^[^|\n]+$/, name);
    assert.doesNotMatch(meaning + differs, /[|\n]/, name);
    if (differs !== '') assert.match(differs, /\.$/, name);
  }
});

test('every time is accepted in seconds, minutes, hours, days and weeks', () => {
  for (const name of parameterNames.filter((each) => rowOf(each).kind === 'time')) {
    const both = (value: string) => ({ minimal_backoff_time: '1', maximal_backoff_time: '9w', [name]: value });
    const values = ['700000', '700000s', '7m', '3h', '2d', '1w'].map((text) => parseParameters(both(text))[name]);
    assert.deepEqual(
      values,
      [700_000, 700_000, 420, 10_800, 172_800, 604_800].map((seconds) => seconds * 1000),
      name,
    );
  }
});

describe('a port may have a name:', () => {
  test('one of known_tcp_ports', () =>
    assert.equal(parseParameters({ lmtp_tcp_port: 'Submission' }).lmtp_tcp_port, 587));
  test('an added one', () => {
    const parameters = parseParameters({ known_tcp_ports: 'lmtp=24, mail=post=2400', lmtp_tcp_port: 'post' });
    assert.equal(parameters.lmtp_tcp_port, 2400);
    assert.deepEqual(
      [...parameters.known_tcp_ports],
      [
        ['lmtp', 24],
        ['mail', 2400],
        ['post', 2400],
      ],
    );
  });
  test('not a removed one', () => {
    assert.match(complaint({ known_tcp_ports: '', lmtp_tcp_port: 'lmtp' }), /^lmtp_tcp_port: "lmtp" is not a whole/);
  });
  for (const element of ['24', 'lmtp', 'lmtp=', '=24', 'lmtp=0', 'lmtp=65536', '24=24', 'a b=24', 'lmtp=24=25x']) {
    test(`"${element}" is not a port`, () => {
      assert.ok(complaint({ known_tcp_ports: element }).startsWith(`known_tcp_ports: "${element}" is not allowed`));
    });
  }
});

test('flags are letters, with or without commas and blanks, and letters only', () => {
  for (const text of ['DOR', 'D O R', 'D,O, R', 'RROD']) {
    assert.deepEqual([...parseParameters({ lmtp_flags: text }).lmtp_flags].sort(), ['D', 'O', 'R'], text);
  }
  assert.equal(parseParameters({}).lmtp_flags.size, 0);
  assert.match(complaint({ lmtp_flags: 'dor' }), /"dor" has the flag "d"; allowed are D, O, R, X$/);
});

test('a list of destinations is tried in order, and none of them may begin with inet: or unix:', () => {
  const { lmtp_fallback_relay: relays } = parseParameters({
    lmtp_fallback_relay: '[10.0.0.1]:24, B.test,[2001:db8::1]',
  });
  assert.deepEqual(relays, ['[10.0.0.1]:24', 'b.test', '[2001:db8::1]']);
  assert.match(complaint({ lmtp_fallback_relay: 'a.test inet:b.test' }), /"inet:b.test" is not .* without inet:/);
});

test('a list that must not be empty is not', () => {
  assert.match(complaint({ inet_protocols: ' ' }), /^inet_protocols: " " is empty; allowed are all, ipv4, ipv6/);
  assert.match(complaint({ lmtp_host_lookup: ',' }), /is empty; allowed are dns, native/);
});

describe('$name is expanded as in main.cf:', () => {
  test('in all three forms', () => {
    const values = { myhostname: 'a.test', lmtp_lhlo_name: '$myhostname.$' + '{myhostname}.$(myhostname)' };
    assert.equal(expand('lmtp_lhlo_name', values), 'a.test.a.test.a.test');
  });
  test('$$ is a dollar sign, so that an inline expression can have its groups', () => {
    const { lmtp_reply_filter: filter } = parseParameters({
      lmtp_reply_filter: 'regexp:{ { /^550 5\\.1\\.1 (.*)$$/ 450 4.1.1 $$1 } }',
    });
    assert.equal(filter.find('550 5.1.1 no such user'), '450 4.1.1 no such user');
  });
  test('the specification of a map is expanded before the map is opened, and $$ not twice', () => {
    const parameters = parseParameters({ default_delivery_status_filter: 'regexp:{ { /^4(.*)/ 5$$1 } }' });
    assert.equal(parameters.lmtp_delivery_status_filter.find('4.2.2 full'), '5.2.2 full');
  });
  test('a lone $ is reported', () => {
    assert.match(
      complaint({ lmtp_reply_filter: 'regexp:{{/a$/ b}}' }),
      /a \$ must be followed by a name.*doubled \(\$\$\)/,
    );
    assert.match(
      complaint({ lmtp_reply_filter: 'regexp:{{/(a)/ $1}}' }),
      /\$1, which is not a parameter; write \$\$ for/,
    );
    assert.match(complaint({ myhostname: '$' + '{myhostname?yes}' }), /a \$ must be followed/);
  });
});

test('an address map is looked up unchanged, and a file is read once', () => {
  let reads = 0;
  const readFile = (path: string) => {
    reads++;
    assert.equal(path, '/opt/maps/keywords');
    return '# slow when pipelined\n10.0.1.7\tpipelining\n    size\n';
  };
  const maps = parseParameters(
    { lmtp_discard_lhlo_keyword_address_maps: 'texthash:/opt/maps/keywords' },
    { readFile },
  ).lmtp_discard_lhlo_keyword_address_maps;
  assert.equal(maps.find('10.0.1.7'), 'pipelining    size');
  assert.equal(maps.find('10.0.1.8'), undefined);
  assert.equal(reads, 1);
});

describe('passwords', () => {
  test('are looked up in maps of their own, which may be secrets', async () => {
    const { lmtp_sasl_password_maps: maps } = parseParameters({
      lmtp_sasl_password_maps: 'secretsmanager:lmtp/mail, static:joe|secret',
      lmtp_sasl_password_result_delimiter: '|',
    });
    assert.deepEqual(maps.secretNames, ['lmtp/mail']);
    const found = await maps.find(['a'], { fetch: async () => ({ text: 'b x|y', version: '1' }) });
    assert.deepEqual(found?.credentials, { user: 'joe', secret: 'secret', kind: 'password' });
  });
  test('cannot come from a secret in other maps and patterns, and the error says so', () => {
    for (const name of ['lmtp_reply_filter', 'debug_peer_list'] as const) {
      assert.match(
        complaint({ [name]: 'secretsmanager:lmtp/mail' }),
        /secretsmanager: is for passwords and TLS keys only; static:, inline:, texthash:, regexp: are allowed$/,
      );
    }
  });
  for (const [value, said] of [
    ['static:joe:hunter2 b', '"static:(hidden), (hidden)" cannot be used: map 2: its type may not contain'],
    ['static:{joe:hunter2', '"static:(hidden)" cannot be used: static map: its braces do not match'],
    ['static:joe:$hunter2', 'the value refers to a name that is not a parameter; write $$ for a dollar sign'],
    ['static:joe:hunter2$', 'the value: a $ must be followed by a name, {name} or (name), or be doubled ($$)'],
    ['static:joe:hunter2$lmtp_sasl_password_maps', 'the value refers to itself'],
  ] as const) {
    test(`are not shown where they are wrong: ${said}`, () => {
      const words = complaint({ lmtp_sasl_password_maps: value });
      assert.ok(words.startsWith(`lmtp_sasl_password_maps: ${said}`), words);
      assert.doesNotMatch(words, /hunter2/);
    });
  }
  test('are not shown by another parameter that refers to them', () => {
    const values = { lmtp_sasl_password_maps: 'static:joe:hunter2', myhostname: 'a.$' + '{lmtp_sasl_password_maps}' };
    assert.match(complaint(values), /^myhostname: .* refers to \$lmtp_sasl_password_maps, which is secret$/);
  });
  test('may refer to other parameters, and double their dollar signs', async () => {
    const values = { myhostname: 'mx.test', lmtp_sasl_password_maps: 'static:$myhostname:pa$$word' };
    const found = await parseParameters(values).lmtp_sasl_password_maps.find(['a'], { fetch: assert.fail });
    assert.deepEqual([found?.credentials.user, found?.credentials.secret], ['mx.test', 'pa$word']);
  });
  test('are required where AUTH is switched on', () => {
    assert.match(complaint({ lmtp_sasl_auth_enable: 'yes' }), /^lmtp_sasl_auth_enable: "yes" needs lmtp_sasl_password/);
    assert.ok(parseParameters({ lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: 'static:joe:x' }));
    assert.ok(parseParameters({ lmtp_sasl_password_maps: 'static:joe:x' }));
  });
});

test('the security options over TLS default to those without TLS; the empty list is allowed too', () => {
  const strict = parseParameters({ lmtp_sasl_security_options: 'Mutual_Auth, nodictionary' });
  assert.deepEqual(strict.lmtp_sasl_tls_verified_security_options, ['mutual_auth', 'nodictionary']);
  const { lmtp_sasl_security_options: options } = parseParameters({});
  assert.deepEqual(options, ['noplaintext', 'noanonymous']);
  const over = parseParameters({ lmtp_sasl_tls_security_options: '' });
  assert.deepEqual(over.lmtp_sasl_tls_verified_security_options, []);
  assert.match(
    complaint({ lmtp_sasl_tls_security_options: 'noplain' }),
    /"noplain" is not allowed; allowed are noplaintext, noactive, nodictionary, noanonymous, mutual_auth, forward_secrecy$/,
  );
});
