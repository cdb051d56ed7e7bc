/** The part of dynalite 4 that the local stack uses; the package brings no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';
  /** DynamoDB in memory; times in milliseconds. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
    readonly maxItemSizeKb?: number;
  }): Server;
}
