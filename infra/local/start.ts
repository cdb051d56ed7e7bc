/**
 * `npm start`: brings the whole product up on this machine, sends the samples through it (or a message of yours), and shows what
 * becomes of them.
 *
 *     npm start
 *     npm start -- my.eml --recipient me@example.com [--sender you@example.org] [--destination inet:host:24]
 *     npm start -- --keep
 *     npm start -- --trouble
 *     npm start -- --from cdk.out [--stack NAME]
 *
 * With --from the stack is built from the template that `npx cdk synth` left there: its queues, its functions from the bundles
 * that would be deployed, with the variables that it gives them. The samples want mail to go to this machine and to be tried
 * again within seconds; where a template says otherwise, its variables are replaced, and each that is replaced is said. One that
 * needs nothing replaced is made like this:
 *
 *     npx cdk synth --output cdk.out/local -c destination=inet:127.0.0.1:2424 -c parameters='allow_local_destinations=yes; '\
 *     'minimal_backoff_time=1s; maximal_backoff_time=2s; relay_domains=example.org'
 *
 * Exit status: 0 if every message ended as declared, 1 if not, 64 on a usage error, 130 after Ctrl-C.
 */
import { runLocally } from './run-locally.ts';

process.exitCode = await runLocally(process.argv.slice(2));
