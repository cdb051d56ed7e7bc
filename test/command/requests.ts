/** Delivery requests for the tests of the command line, and the lines that it prints about them. */
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';

/** A request with only the fields that a test sets. */
export function makeRequest(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    version: 1,
    sender: 'alice@example.org',
    recipients: ['bob@example.com'],
    message: { file: 'message.eml' },
    ...fields,
  };
}

/** JSON lines for `--requests`; text stays unchanged. */
export function toJsonLines(requests: readonly unknown[]): string {
  return requests.map((request) => `${typeof request === 'string' ? request : JSON.stringify(request)}\n`).join('');
}

/** The verdicts that `--json` printed. */
export function parseVerdicts(stdout: string): DeliveryLine[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DeliveryLine);
}

/** The address of a scripted server as a destination. */
export function destinationOf({ port, path }: { readonly port: number; readonly path: string }): string {
  return path === '' ? `inet:127.0.0.1:${port}` : `unix:${path}`;
}

/** A message that every server accepts. */
export const message = 'From: alice@example.org\nSubject: hello\n\nHello.\n';
