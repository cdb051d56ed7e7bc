/** A client of the table whose first responses are lost after the table has carried out the request. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { makeClients } from '../../functions/aws/clients.ts';

export interface LosingClient {
  readonly table: DynamoDBDocumentClient;
  /** How many requests were made so far. */
  readonly requests: () => number;
}

export function losingAnswers(lost: number): LosingClient {
  const { table } = makeClients();
  let requests = 0;
  table.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      requests += 1;
      if (requests > lost) return answer;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', $retryable: {} });
    },
    // Nearer to the wire than the client's own retries.
    { step: 'deserialize', priority: 'low', name: 'loseAnswers' },
  );
  return { table, requests: () => requests };
}
