import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { contentAsFiled, withoutTopLines } from '../../infra/local/samples/filed-content.ts';
import { mailboxVerdict, samples } from '../../infra/local/samples/samples.ts';

const sample = (name: string) =>
  samples
    .find((one) => one.name === name)
    ?.content()
    .toString('latin1') ?? '';
const hasBareLf = (text: string) => /(?<!\r)\n/.test(text);

test('every sample has a unique name that can be a queue id, and every file is a sample', () => {
  const names = samples.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => /^[A-Za-z0-9._-]{1,80}$/.test(name)));
  const files = readdirSync(new URL('../../infra/local/samples/', import.meta.url)).filter((file) =>
    file.endsWith('.eml'),
  );
  const withoutFile = ['attachment'];
  assert.deepEqual([...files.map((file) => file.slice(0, -4)), ...withoutFile].sort(), names.sort());
});

test('each recipient has a declared verdict that its mailbox can give', () => {
  for (const { name, recipients, expected } of samples) {
    if ('corrupt' in expected) continue;
    assert.deepEqual(Object.keys(expected.verdicts), recipients, name);
    for (const recipient of recipients) {
      const first = mailboxVerdict(recipient, 0);
      const second = mailboxVerdict(recipient, 1);
      const status = first === undefined || second === undefined ? 'sent' : 'bounced';
      const attempts = first !== undefined && second === undefined ? 2 : 1;
      assert.deepEqual(expected.verdicts[recipient], { status, attempts }, `${name} to ${recipient}`);
    }
  }
});

test('the files contain what they claim, octet for octet, whatever a check-out did to them', () => {
  assert.ok(!hasBareLf(sample('plain')) && sample('plain').endsWith('\r\n'));
  assert.ok(!sample('bare-lf').includes('\r') && sample('bare-lf').includes('\n.\n'));
  assert.ok(sample('leading-dots').includes('\r\n.\r\n'));
  assert.ok(!sample('no-final-newline').endsWith('\n'));
  assert.ok(
    /[\x80-\xff]/.test(sample('eight-bit')) && !sample('eight-bit').includes('\xc3\xbc'),
    'ISO 8859-1, not UTF-8',
  );
  assert.ok(/^Subject: .*=\?utf-8\?.*\xe2\x9c\x89/m.test(sample('utf8-headers')));
  const lengths = sample('long-lines')
    .split('\r\n')
    .map(({ length }) => length);
  assert.ok(lengths.includes(998) && Math.max(...lengths) === 2600);
});

test('the attachment has 3 MB and is the same on every machine', () => {
  const content = samples.find(({ name }) => name === 'attachment')?.content() ?? Buffer.of();
  assert.equal(content.length, 4305264);
  assert.equal(createHash('sha256').update(content).digest('hex').slice(0, 16), 'e101947a03ab5d55');
});

test('content is filed with LF line ends, its last line ended and its long lines split', () => {
  const filed = (text: string, limit?: number) => contentAsFiled(Buffer.from(text, 'latin1'), limit).toString('latin1');
  assert.equal(filed('a\r\nb\nc'), 'a\nb\nc\n');
  assert.equal(filed('a\r\n\r\n'), 'a\n\n');
  assert.equal(filed('a\rb\r\r\n'), 'a b \n');
  assert.equal(filed('abcdefghij\r\nabcd\r\n', 4), 'abcd\n efg\n hij\nabcd\n');
  const top = 'Return-Path: <>\nDelivered-To: bob@example.com\n';
  assert.equal(
    withoutTopLines(Buffer.from(`${top}Subject: x\n\nReturn-Path: kept\n`)).toString(),
    'Subject: x\n\nReturn-Path: kept\n',
  );
});
