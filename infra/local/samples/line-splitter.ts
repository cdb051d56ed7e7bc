import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/**
 * Passes on each line of a stream, without its line feed, and the rest when the stream ends. Only LF ends a line (node:readline also
 * splits at U+2028, which a log line may contain).
 */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.once('close', () => {
    if (rest !== '') onLine(rest);
  });
}
