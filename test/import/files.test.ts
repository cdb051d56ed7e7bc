/** main.cf, master.cf, tables and streams as Postfix reads them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMainCf } from '../../functions/import/main-cf.ts';
import { parseMasterCf } from '../../functions/import/master-cf.ts';
import { splitSections } from '../../functions/import/sections.ts';
import { readTables, shownSpecification, textEntries } from '../../functions/import/tables.ts';

const settings = (text: string) => [...parseMainCf(text).settings.values()].map(({ name, value }) => [name, value]);

describe('main.cf', () => {
  test('comments and blank lines do not end a value that continues', () => {
    assert.deepEqual(settings('# top\na = x\n# comment\n   y\n  # also\n\n\tz\nb=1\n'), [
      ['a', 'x   y\tz'],
      ['b', '1'],
    ]);
  });

  test('the last of two values counts, and the first is named', () => {
    const { settings: all, faults } = parseMainCf('a = 1\r\nb = 2\r\na = 3\r\n');
    assert.equal(all.get('a')?.value, '3');
    assert.match(faults[0]?.text ?? '', /replaces the value of line 1/);
  });

  test('a line without = is a fault that does not quote the line', () => {
    const { faults } = parseMainCf('lmtp_sasl_password_maps static:joe:hunter22\n');
    assert.equal(faults.length, 1);
    assert.doesNotMatch(JSON.stringify(faults), /hunter22/);
  });

  test('any text is read without an exception', () => {
    const part = fc.constantFrom(
      'a',
      '=',
      ' ',
      '\n',
      '#',
      '{',
      '}',
      '$',
      '\t',
      '-o',
      'unix',
      '\r',
      ',',
      '"',
      '\\',
      '==> x <==\n',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        parseMainCf(text);
        parseMasterCf(text);
        splitSections(text);
        textEntries(text);
        readTables(text, () => text);
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});

describe('master.cf', () => {
  const text = [
    '# service type private unpriv chroot wakeup maxproc command',
    'lmtp      unix  -       -       y       -       -       lmtp',
    'mail.man  unix  -       -       n       -       4       /usr/lib/postfix/lmtp -v',
    '  -o lmtp_a=1,2 -o lmtp_b=x -olmtp_c=',
    '# comment',
    '  -o { lmtp_d = x y, z }',
    '  flags=DRX',
    'smtp      inet  n       -       y       -       -       smtpd',
  ].join('\n');

  test('services have their program, options with blanks and other words', () => {
    const { transports, services, faults } = parseMasterCf(text);
    assert.deepEqual([...transports.keys()], ['lmtp', 'mail.man']);
    assert.equal(services.length, 3);
    assert.deepEqual(faults, []);
    assert.deepEqual(transports.get('mail.man'), {
      name: 'mail.man',
      type: 'unix',
      processes: '4',
      program: 'lmtp',
      line: 3,
      options: [
        { name: 'lmtp_a', value: '1,2' },
        { name: 'lmtp_b', value: 'x' },
        { name: 'lmtp_c', value: '' },
        { name: 'lmtp_d', value: 'x y, z' },
      ],
      words: ['-v', 'flags=DRX'],
    });
  });

  test('a line with too few columns is a fault', () => {
    assert.match(parseMasterCf('lmtp unix - - y\n').faults[0]?.text ?? '', /8 columns or more, and this one 5/);
  });
});

describe('tables', () => {
  test('of two entries with one key the first counts, as in postmap', () => {
    const { entries, faults } = textEntries('# x\nA.test  lmtp:one\n  more\na.test lmtp:two\nbad\n');
    assert.deepEqual(entries, [{ key: 'a.test', value: 'lmtp:one  more' }]);
    assert.equal(faults.length, 2);
  });

  test('a specification is shown without passwords, users and words of an unknown kind', () => {
    for (const [given, shown] of [
      ['hash:/etc/postfix/x', 'hash:/etc/postfix/x'],
      ['proxy:mysql:/etc/postfix/x.cf', 'proxy:mysql:/etc/postfix/x.cf'],
      ['static:joe:hunter22', 'static:'],
      ['inline:{ { a = joe:hunter22 } }', 'inline:'],
      ['hunter22:x', '(hidden)'],
      ['hunter22', '(hidden)'],
    ] as const) {
      assert.equal(shownSpecification(given), shown);
    }
  });

  test('pcre: is read where its patterns mean the same in regexp:, and else not', () => {
    const kind = (text: string) => readTables('pcre:/x', () => text)[0]?.kind;
    assert.equal(kind('/^a@(b|c)$/ lmtp:x\n'), 'patterns');
    assert.equal(kind('/^a\\d@b$/ lmtp:x\n'), 'opaque');
    assert.equal(kind('/^(?:a)@b$/ lmtp:x\n'), 'opaque');
  });
});

describe('a stream', () => {
  test('has what postconf -n and postconf -M print', () => {
    const { main, master } = splitSections('a = 1\nb = 2\nlmtp unix - - y - - lmtp\n    -o x=1\n');
    assert.equal(main, 'a = 1\nb = 2');
    assert.match(master, /^lmtp unix - - y - - lmtp +-o x=1$/);
  });

  test('has files with their names, as tail -v prints them', () => {
    const text = '==> /etc/postfix/main.cf <==\na = 1\n\n==> /etc/postfix/transport <==\nx.test lmtp:y\n';
    const { main, files } = splitSections(text);
    assert.match(main, /^\s*a = 1\s*$/);
    assert.deepEqual([...files], [['/etc/postfix/transport', 'x.test lmtp:y\n']]);
  });
});
