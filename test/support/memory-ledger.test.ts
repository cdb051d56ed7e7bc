import { describeDestinations } from './destinations-contract.ts';
import { describeLedger } from './ledger-contract.ts';
import { describeMalformed } from './malformed-contract.ts';
import { MemoryDestinations } from './memory-destinations.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { describeQueries } from './queries-contract.ts';

const ledger = new MemoryLedger();
const destinations = new MemoryDestinations();

describeLedger('in memory', () => ledger);
describeDestinations('in memory', () => destinations);
describeQueries('in memory', () => ({ ledger, queries: ledger }));
describeMalformed('in memory', () => ({ ledger, queries: ledger, plant: async (raw) => ledger.plant(raw) }));
