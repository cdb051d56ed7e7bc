/** The definition of `lambda-lmtp import`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { collect } from './options.ts';

/** Defines the command. */
export function importCommand(run: Run): Command {
  return new Command('import')
    .description('Read the configuration of a Postfix, and say what becomes of each setting here; nothing is changed')
    .argument(
      '[folder]',
      'folder of main.cf and master.cf; "-": standard input, as printed by postconf -n, postconf -M or tail -v -n +1 FILES',
      '/etc/postfix',
    )
    .option('--root <folder>', 'folder with the files of the other machine: its /etc/postfix is in etc/postfix there')
    .option(
      '--replace <next-hop=next-hop>',
      'a server that functions reach instead, such as unix:private/dovecot-lmtp=inet:imap1:24; may be given several times',
      collect,
      [],
    )
    .option('--secrets <prefix>', 'what names of secrets begin with', 'mail/')
    .option('--recipients <file>', 'compare where Postfix and this system send recipients, one per line ("-": stdin)')
    .option('--recipient <address>', 'compare a recipient; may be given several times', collect, [])
    .option('--cdk-json <file>', 'write the settings as context values into a cdk.json ("-": print them)')
    .option('--app <folder>', 'write a CDK app with the settings into a new folder')
    .option('--transport-map <file>', 'write the transport map as a text, for an object in S3 ("-": print it)')
    .option('--force', 'replace context values that cdk.json has, and files that exist')
    .option('--json', 'print JSON lines instead of text')
    .addHelpText('after', `\n${exitHelp}`)
    .action(async (folder, options, self) => (await import('../import.ts')).importAction(run, folder, options, self));
}

const exitHelp = `Exit status: 0 = all that concerns LMTP can be taken along, and each recipient goes the same way;
78 = a setting is refused, a recipient would go elsewhere, or a table could not be asked;
64 = usage error. Passwords are never printed.`;
