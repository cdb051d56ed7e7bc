/**
 * A mail store that the queue's tests deliver to: it counts saved messages, and replies to a recipient as its
 * address says.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoreVerdict, startMaildirServer } from '../../infra/local/samples/maildir-server.ts';

/** A running mail store. */
export interface MailStore extends AsyncDisposable {
  readonly destination: string;
  /** How often a message was saved for a recipient. */
  saved(recipient: string): number;
}

/** Replies to recipients whose address begins with the word; mail for all others is saved. */
const verdicts: Readonly<Record<string, (seen: number) => StoreVerdict | undefined>> = {
  unknown: () => ({ at: 'RCPT', code: 550, text: '5.1.1 no such user' }),
  busy: (seen) => (seen === 0 ? { at: 'content', code: 452, text: '4.2.2 mailbox busy' } : undefined),
  never: () => ({ at: 'RCPT', code: 450, text: '4.2.0 come back' }),
  full: () => ({ at: 'content', code: 552, text: '5.2.2 mailbox full' }),
};

/** Starts a mail store. */
export async function startMailStore(): Promise<MailStore> {
  const folder = await mkdtemp(join(tmpdir(), 'mail-store-'));
  const saved = new Map<string, number>();
  const server = await startMaildirServer({
    folder,
    verdict: (recipient, seen) => verdicts[/^[a-z]+/.exec(recipient)?.[0] ?? '']?.(seen),
    onSaved: (recipients) => {
      for (const recipient of recipients) saved.set(recipient, (saved.get(recipient) ?? 0) + 1);
    },
  });
  return {
    destination: server.destination,
    saved: (recipient) => saved.get(recipient) ?? 0,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
