/** The table of the simulation keeps the contract of every table. */
import { describeLedger } from '../support/ledger-contract.ts';
import { describeQueries } from '../support/queries-contract.ts';
import { IndexedLedger } from './indexed-ledger.ts';

const ledger = new IndexedLedger();

describeLedger('in memory, for many deliveries', () => ledger);
describeQueries('in memory, for many deliveries', () => ({ ledger, queries: ledger }));
