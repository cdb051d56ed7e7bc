/**
 * `npm start`: brings the whole product up on this machine, sends the samples through it (or a message of yours), and shows what
 * becomes of them.
 *
 *     npm start
 *     npm start -- my.eml --recipient me@example.com [--sender you@example.org] [--destination inet:host:24]
 *     npm start -- --keep
 *
 * Exit status: 0 if every message ended as declared, 1 if not, 64 on a usage error, 130 after Ctrl-C.
 */
import { runLocally } from './run-locally.ts';

process.exitCode = await runLocally(process.argv.slice(2));
