import { describeCorruptRequests } from './corrupt-requests-contract.ts';
import { MemoryCorruptRequests } from './memory-corrupt-requests.ts';

const requests = new MemoryCorruptRequests();

describeCorruptRequests('in memory', () => ({
  requests,
  queue: requests,
  submitted: () => requests.submitted,
  loseBody: async (id) => requests.loseBody(id),
}));
