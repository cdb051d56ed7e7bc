import { createHash } from 'node:crypto';

/** Octets of the attachment; base64 makes four of three. */
const size = 3 * 1024 * 1024;

/** A multipart message whose attachment is made on the spot, always the same: too large to keep in the project. */
export function messageWithAttachment(recipient: string): Buffer {
  const boundary = '=_part_of_the_survey';
  const lines = [
    'Message-ID: <survey.20261122@mail.example.org>',
    'Date: Sun, 22 Nov 2026 09:13:00 +0100',
    'From: Alice Archer <alice@example.org>',
    `To: ${recipient}`,
    'Subject: The survey, as promised',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'Dear Bob, the survey is attached. Alice',
    '',
    `--${boundary}`,
    'Content-Type: application/octet-stream; name="survey.bin"',
    'Content-Disposition: attachment; filename="survey.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    ...(repeatableOctets(size)
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** Octets that no compressor likes, the same on every machine: SHAKE128 of a name. */
function repeatableOctets(count: number): Buffer {
  return createHash('shake128', { outputLength: count }).update('lambda-lmtp sample attachment').digest();
}
