/** Mail with one or more of the usual faults in its header. */
import fc from 'fast-check';

const lines = [
  'From a b',
  '>From x',
  '>>From y',
  'From : a@b',
  'Subject: hello',
  'Subject : x',
  'Subject\t: y',
  ' folded',
  '\tfolded',
  'no header here',
  ': x',
  '',
  '',
  'Bcc: z@y',
  'BCC : q',
  'Return-Path: <a@b>',
  'Content-Length: 5',
  'Resent-Bcc: z',
  'To: b@example.com',
  'X\u00e9: 1',
  'Subj\0ect: x',
  'Subject: a\0b',
  ' c\0d',
  'Content-Type: multipart/mixed; boundary=q',
  'Content-Type : multipart/mixed; boundary="q"',
  'Content-Type: message/rfc822',
  'Content-Type: message/global',
  'Content-Transfer-Encoding: 8bit',
  'Content-Transfer-Encoding : base64',
  '--q',
  '--q--',
  '--q x',
  '.dot',
  ' ',
  '\t',
  'X:',
  'X :',
  'X-Mailbox-Line: y',
  '\u00ff\u00fe',
  'a b: c',
  'A(c): d',
  `X: ${'y'.repeat(3000)}`,
  'z'.repeat(2100),
  `${'z'.repeat(2100)}: q`,
  ` ${'w'.repeat(2500)}`,
  `N: ${'a'.repeat(2040)}\0b`,
  `M: ${'a'.repeat(2050)}\0${'b'.repeat(3000)}`,
  'From \0 z',
  `Big: ${'q'.repeat(60_000)}`,
  ` ${'r'.repeat(60_000)}`,
  ` ${'s'.repeat(42_390)}`,
  ` ${'t'.repeat(42_392)}`,
] as const;

/** Content of such lines, each ended by LF. */
export function anyMalformedMail(): fc.Arbitrary<Buffer> {
  return fc
    .array(fc.constantFrom(...lines), { minLength: 1, maxLength: 20 })
    .map((chosen) => Buffer.from(chosen.map((line) => `${line}\n`).join(''), 'latin1'));
}
