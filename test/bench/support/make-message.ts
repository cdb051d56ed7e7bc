/**
 * Returns a message of so many octets, as stored: with LF.
 *
 * @param lineOctets octets of a line with its end, at most 76
 */
export function makeMessage(size: number, lineOctets = 76): Buffer {
  const head = 'From: alice@example.org\nTo: bob@example.com\nSubject: a message to measure with\n\n';
  const line = `${'The quick brown fox jumps over the lazy dog. '.repeat(2).slice(0, lineOctets - 1)}\n`;
  const message = Buffer.alloc(size, line);
  message.write(head);
  message.write('\n', size - 1);
  return message;
}
