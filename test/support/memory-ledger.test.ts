import { describeLedger } from './ledger-contract.ts';
import { MemoryLedger } from './memory-ledger.ts';

const ledger = new MemoryLedger();

describeLedger('in memory', () => ledger);
