/** Corrupt requests in memory: for tests. */
import type { CorruptRequest, CorruptRequests } from '../../functions/operator/ports.ts';
import type { HistoryEntry } from '../../functions/queue/items/item.ts';
import type { CorruptNotice, CorruptQueue } from '../../functions/queue/items/ports.ts';
import { withHistoryEntry } from '../../functions/queue/writes/apply-change.ts';

/** The corrupt queue of a test, and the operator actions on it. */
export class MemoryCorruptRequests implements CorruptRequests, CorruptQueue {
  /** What was sent to incoming. */
  readonly submitted: string[] = [];
  readonly #requests = new Map<string, CorruptRequest>();
  readonly #bodies = new Map<string, string>();
  readonly #listed = new Set<string>();

  async file({ id, requestId, reason, body, sent, isDelivery }: CorruptNotice): Promise<void> {
    const copy = { bucket: 'messages', key: `corrupt/${id}.json` };
    const named = requestId === undefined ? {} : { requestId };
    this.#requests.set(id, { id, ...named, reason, at: sent ?? 0, ...(sent === undefined ? {} : { sent }), copy });
    this.#bodies.set(copy.key, body);
    if (isDelivery !== true) this.#listed.add(id);
  }

  /** Deletes a copy, as an operator may do in S3. */
  loseBody(id: string): void {
    this.#bodies.delete(`corrupt/${id}.json`);
  }

  async *list(): AsyncIterable<CorruptRequest> {
    for (const request of this.#requests.values()) {
      if (request.isClosed === undefined && this.#listed.has(request.id)) yield request;
    }
  }

  async read(id: string): Promise<CorruptRequest | undefined> {
    return this.#requests.get(id);
  }

  async findByRequestId(requestId: string): Promise<readonly CorruptRequest[]> {
    return [...this.#requests.values()].filter((request) => request.requestId === requestId);
  }

  async readBody({ copy }: CorruptRequest): Promise<string | undefined> {
    return this.#bodies.get(copy.key);
  }

  async submit(body: string): Promise<void> {
    this.submitted.push(body);
  }

  async close({ id }: CorruptRequest, entry: HistoryEntry): Promise<boolean> {
    const request = this.#requests.get(id);
    if (request === undefined || request.isClosed === true) return false;
    this.#requests.set(id, { ...request, isClosed: true, history: withHistoryEntry(request.history, entry) });
    return true;
  }
}
