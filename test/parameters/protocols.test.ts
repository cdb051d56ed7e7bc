/** Lists of TLS versions (lmtp_tls_protocols, and `protocols=` in a policy). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseProtocols, type TlsVersion, tlsVersions } from '../../functions/parameters/protocols.ts';
import { ParameterError } from '../../functions/parameters/row.ts';

describe('a list of versions becomes the lowest and the highest of them:', () => {
  for (const [text, min, max] of [
    ['', 'TLSv1', 'TLSv1.3'],
    ['>=TLSv1.2', 'TLSv1.2', 'TLSv1.3'],
    ['<=TLSv1.2', 'TLSv1', 'TLSv1.2'],
    ['>=TLSv1.1, <=TLSv1.2', 'TLSv1.1', 'TLSv1.2'],
    ['>=TLSv1.3 <=TLSv1.3', 'TLSv1.3', 'TLSv1.3'],
    ['>=tlsv1.2', 'TLSv1.2', 'TLSv1.3'],
    ['>=TLSv1.0', 'TLSv1', 'TLSv1.3'],
    // Postfix's default before 3.6.
    ['!SSLv2, !SSLv3', 'TLSv1', 'TLSv1.3'],
    ['!SSLv2,!SSLv3,!TLSv1,!TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
    ['!TLSv1.3:!TLSv1', 'TLSv1.1', 'TLSv1.2'],
    ['>=SSLv3', 'TLSv1', 'TLSv1.3'],
    ['TLSv1.2', 'TLSv1.2', 'TLSv1.2'],
    ['TLSv1.3, TLSv1.2', 'TLSv1.2', 'TLSv1.3'],
    ['SSLv3, TLSv1', 'TLSv1', 'TLSv1'],
    ['TLSv1.2 TLSv1.3 !TLSv1.2', 'TLSv1.3', 'TLSv1.3'],
    // The last bound of a kind counts.
    ['>=TLSv1, >=TLSv1.3', 'TLSv1.3', 'TLSv1.3'],
    ['>=TLSv1.3, >=TLSv1.2', 'TLSv1.2', 'TLSv1.3'],
  ] as const) {
    test(JSON.stringify(text), () => assert.deepEqual(parseProtocols('protocols', text), { min, max }));
  }
});

describe('an impossible list is reported with the reason:', () => {
  for (const [text, words] of [
    ['TLSv1.4', /^protocols: "TLSv1\.4" is not allowed; allowed are SSLv2, .*TLSv1\.3, optionally with >=, <= or ! in/],
    ['>TLSv1.2', /">TLSv1\.2" is not allowed/],
    ['>= TLSv1.2', /">=" is not allowed/],
    ['!', /"!" is not allowed/],
    ['!!TLSv1', /"!!TLSv1" is not allowed/],
    ['TLS1.2', /"TLS1\.2" is not allowed/],
    ['constructor', /"constructor" is not allowed/],
    ['TLSv1.1, TLSv1.3', /leaves TLSv1\.1, TLSv1\.3 without TLSv1\.2: /],
    ['!TLSv1.1, !TLSv1.2', /leaves TLSv1, TLSv1\.3 without TLSv1\.1, TLSv1\.2: /],
    ['SSLv2, SSLv3', /leaves no version of TLSv1, TLSv1\.1, TLSv1\.2, TLSv1\.3/],
    ['>=TLSv1.3, <=TLSv1.2', /leaves no version/],
    ['!TLSv1,!TLSv1.1,!TLSv1.2,!TLSv1.3', /leaves no version/],
  ] as const) {
    test(JSON.stringify(text), () =>
      assert.throws(
        () => parseProtocols('protocols', text),
        (error) => error instanceof ParameterError && words.test(error.message),
      ),
    );
  }
});

test('a version is between the two exactly if the list allows it, or the list has a gap', () => {
  const element = fc.record({
    operator: fc.constantFrom('', '!', '>=', '<='),
    version: fc.constantFrom<TlsVersion>(...tlsVersions),
  });
  fc.assert(
    fc.property(fc.array(element, { maxLength: 5 }), (elements) => {
      const text = elements.map(({ operator, version }) => operator + version).join(', ');
      const last = (operator: string) => elements.findLast((one) => one.operator === operator)?.version;
      const named = (operator: string) => elements.filter((one) => one.operator === operator).map((one) => one.version);
      // The allowed versions, computed differently: one by one, in the order of their names.
      const allowed = tlsVersions.filter(
        (version) =>
          version >= (last('>=') ?? version) &&
          version <= (last('<=') ?? version) &&
          !named('!').includes(version) &&
          (named('').length === 0 || named('').includes(version)),
      );
      try {
        const { min, max } = parseProtocols('x', text);
        assert.deepEqual(
          tlsVersions.filter((version) => version >= min && version <= max),
          allowed,
        );
      } catch (error) {
        assert.ok(error instanceof ParameterError, String(error));
        const indexes = allowed.map((version) => tlsVersions.indexOf(version));
        const hasHole = indexes.some((index, at) => at > 0 && index !== (indexes[at - 1] ?? 0) + 1);
        assert.ok(allowed.length === 0 || hasHole, `${text}: ${error.message}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test('any other text raises a ParameterError and no other error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseProtocols('x', text);
      } catch (error) {
        assert.ok(error instanceof ParameterError, String(error));
      }
    }),
  );
});
