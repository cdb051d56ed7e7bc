/**
 * The suites of `npm test`, in the order of its table: what is quick and says most about a mistake comes first.
 */
import { aiosmtpdPackages } from './aiosmtpd.ts';
import { chromiumPackages } from './chromium.ts';
import { cyrusPackages } from './cyrus.ts';
import { dovecotPackages } from './dovecot.ts';
import { mailutilsPackages } from './mailutils.ts';
import { smtpSinkPackages } from './smtp-sink.ts';

export interface Suite {
  readonly name: string;
  /** What a failure in it means, in a few words. */
  readonly about: string;
  /** Folders or single test files, by their path from test/. One that does not exist yet is passed over. */
  readonly places: readonly string[];
  /** Debian packages without which it is not whole: tests that lack one skip themselves. */
  readonly needs?: readonly string[];
  /** Debian packages that it can do without at a pinch, for they are large or rare. */
  readonly wants?: readonly string[];
  /** How many of its files share a process, which spares them its start and the loading of the same modules; 1 if absent. */
  readonly filesInOneProcess?: number;
}

/**
 * Test files that take longest, or whose full garbage collections are slow in a process with the memory of others, by their path from
 * test/: each has a process of its own, and they begin before all others, in this order.
 */
export const longFiles: readonly string[] = [
  'queue/kill-points.test.ts',
  'package/package.test.ts',
  'infra/permissions/recorded-calls.test.ts',
  'local/examples.test.ts',
  'simulation/five-days.test.ts',
  'simulation/local-stack.test.ts',
  'infra/synth.test.ts',
  'smtp/mime-downgrade-properties.test.ts',
  'check.test.ts',
];

export const suites: readonly Suite[] = [
  { name: 'check', about: 'format, lint, types, house rules', places: ['check.test.ts', 'guard.test.ts'] },
  {
    name: 'values',
    about: 'what is said and decided',
    filesInOneProcess: 16,
    places: [
      'smtp',
      'json',
      'linear-time.test.ts',
      'lmtp',
      'sasl',
      'tls',
      'time',
      'log',
      'request',
      'delivery',
      'import',
      'incoming',
      'operator',
      'queue',
      'maps',
      'parameters',
      'settings',
      'secrets',
      'notices',
      'metrics',
      'report',
      'texts',
      'screens',
    ],
  },
  { name: 'sessions', about: 'dialogues over real sockets', places: ['session'], filesInOneProcess: 5 },
  {
    name: 'local',
    about: 'the local stack, and the servers of the tests themselves',
    places: ['local', 'support'],
    filesInOneProcess: 6,
  },
  {
    name: 'stories',
    about: 'mail from the queue to the mailbox',
    places: ['stories', 'composition', 'aws', 'upgrades'],
    filesInOneProcess: 5,
  },
  {
    name: 'simulation',
    about: 'days of outages and floods of mail, on a clock that is not waited for',
    places: ['simulation'],
    filesInOneProcess: 3,
  },
  {
    name: 'conformance',
    about: 'verdicts compared with those of Postfix, and with what a server truly did',
    places: ['conformance'],
  },
  { name: 'command', about: 'the command line, and the check', places: ['check', 'command'], filesInOneProcess: 6 },
  {
    name: 'screens',
    about: 'the screens of the dashboard, in a browser',
    places: ['browser'],
    needs: chromiumPackages,
  },
  // The CDK takes seconds to load.
  { name: 'infrastructure', about: 'what the stack promises', places: ['infra'], filesInOneProcess: 8 },
  { name: 'package', about: 'what npm pack gives, in empty apps on other versions of Node', places: ['package'] },
  {
    name: 'servers',
    about: 'real mailbox servers',
    places: ['servers'],
    // In one go, so that Cyrus, which depends on a mail system, does not bring one that is in Postfix's way.
    needs: [...dovecotPackages, ...smtpSinkPackages, ...cyrusPackages],
    wants: [...aiosmtpdPackages, ...mailutilsPackages],
  },
];
