/**
 * Keeps what this release writes as a fixture, for the releases that come after it:
 *
 *     node test/upgrades/record.ts test/upgrades/fixtures/first.json
 */
import { writeFileSync } from 'node:fs';
import { startEmulatedClients } from '../support/emulated-clients.ts';
import { writeEverything } from './scenario.ts';

const [, , file] = process.argv;
if (file === undefined) throw new Error('the name of a file is wanted');
const aws = await startEmulatedClients();
writeFileSync(file, `${JSON.stringify(await writeEverything(aws), undefined, 2)}\n`);
await aws[Symbol.asyncDispose]();
