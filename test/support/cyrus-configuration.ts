/**
 * The configuration of a Cyrus that only accepts mail by LMTP and shows it by IMAP, as an ordinary user, in
 * one directory: imapd.conf (what the services do) and cyrus.conf (which services there are).
 */
import type { ServerPlace } from './server-process.ts';

/** The server's own name; its users' passwords belong to that name. */
export const cyrusName = 'cyrus.test';

/** The user that may create mailboxes. */
export const cyrusAdministrator = 'administrator';

/** Below the server's directory: folders that Cyrus needs before it starts. */
export const cyrusFolders: readonly string[] = [
  ...['db', 'socket', 'log', 'msg', 'user', 'quota', 'proc', 'lock', 'sync', 'backup'].map((name) => `var/${name}`),
  ...['run/proc', 'run/lock', 'spool', 'sieve'],
];

/** Writes imapd.conf; `furtherLines` must not repeat an option, since Cyrus then does not start. */
export function composeImapdConf({ directory, owner }: ServerPlace, furtherLines: readonly string[]): string {
  return `
servername: ${cyrusName}
cyrus_user: ${owner.name}
configdirectory: ${directory}/var
proc_path: ${directory}/run/proc
mboxname_lockpath: ${directory}/run/lock
defaultpartition: default
partition-default: ${directory}/spool
sievedir: ${directory}/sieve
lmtpsocket: ${directory}/run/lmtp
idlesocket: ${directory}/run/idle
notifysocket: ${directory}/run/notify
# Mailboxes are called user.alice, whatever the domain of the address.
unixhierarchysep: no
altnamespace: no
virtdomains: off

# Only the tests can reach the socket where passwords are asked for, so any will do.
admins: ${cyrusAdministrator}
allowplaintext: yes
sasl_pwcheck_method: alwaystrue

# What a power failure would do to the mail of a test does not matter; its speed does.
skiplist_unsafe: yes
${furtherLines.join('\n')}
`;
}

/** The part of imapd.conf about the guarded port: every mechanism that Debian's SASL library has for passwords. */
export function composeGuardLines(directory: string, users: readonly string[], hasCertificate: boolean): string[] {
  const scram = ['1', '224', '256', '384', '512'].map((size) => `SCRAM-SHA-${size}`);
  const lines = [
    `guarded_admins: ${users.join(' ')}`,
    'guarded_sasl_pwcheck_method: auxprop',
    'sasl_auxprop_plugin: sasldb',
    `sasl_sasldb_path: ${directory}/sasldb`,
    `sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 ${scram.join(' ')}`,
  ];
  return hasCertificate
    ? [...lines, `tls_server_cert: ${directory}/cert.pem`, `tls_server_key: ${directory}/key.pem`]
    : lines;
}

/** Writes cyrus.conf. `-a`: every client of the LMTP port is trusted without authentication. */
export function composeCyrusConf({ directory, port }: ServerPlace, guardedPort?: number): string {
  const configuration = `-C ${directory}/imapd.conf`;
  const guarded =
    guardedPort === undefined
      ? ''
      : `guarded cmd="lmtpd ${configuration}" listen="127.0.0.1:${guardedPort}" proto="tcp4" prefork=1`;
  return `
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb ${configuration} -r"
}
SERVICES {
  lmtp cmd="lmtpd ${configuration} -a" listen="127.0.0.1:${port}" proto="tcp4" prefork=1
  ${guarded}
  imap cmd="imapd ${configuration}" listen="${directory}/run/imap" prefork=1
}
EVENTS {
}
`;
}
