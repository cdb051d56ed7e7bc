/**
 * docs/parameters.md: parameters by subject, maps, what cannot be set, and what became of the old manual page.
 */

import { allowedValues } from '../../functions/parameters/describe.ts';
import { variableName } from '../../functions/parameters/parameters.ts';
import { refusalsByReason } from '../../functions/parameters/refused.ts';
import type { Row } from '../../functions/parameters/row.ts';
import { parameterSubjects } from '../../functions/parameters/table.ts';
import { manualPage } from './lmtp-manual-page.ts';

/** The whole text. */
export function parametersDocument(): string {
  return [introduction, parametersBySubject(), maps, refusals(), oldPage()].join('\n');
}

const introduction = `# Parameters

Every parameter has its Postfix name. Set it in the construct (\`parameters: { lmtp_mail_timeout: "60s" }\`), on the
command line (\`--parameter lmtp_mail_timeout=60s\`), or in the environment of a function, in capitals
(\`${variableName('lmtp_mail_timeout')}=60s\`; \`${variableName('2bounce_notice_recipient')}=root\`). Each transport has its own parameters, so \`lmtp_...\`
replaces \`-o\` options of master.cf and *transport*\`_destination_recipient_limit\`.

Times take s, m, h, d or w; a plain number is seconds. A value may refer to another parameter as \`$name\`, \`\${name}\` or
\`$(name)\`; \`$$\` is a dollar sign. A wrong name or value stops synth and start-up, with the name, the value and the allowed values.

\`npx lambda-lmtp parameters\` shows all parameters with their values, \`--changed\` the changed ones, and \`npx lambda-lmtp parameters
lmtp_mail_timeout\` describes one, even one that cannot be set.

A running stack shows its parameters with \`npx lambda-lmtp settings\`. Those that change *live* can be set without a deployment, for a
while or until they are unset: \`npx lambda-lmtp set debug_peer_list=10.0.3.7 --for 10m --reason INC-7\` (operating.md). The others change
with a deployment, because permissions, network rules or names of destinations are made from them; \`npx lambda-lmtp parameters NAME\` says why.

A note in italics says why a default is not Postfix's own, or that Postfix has no such parameter.

Written from \`functions/parameters/\` and \`infra/documents/lmtp-manual-page.json\` by \`npm run documents\`.
`;

function parametersBySubject(): string {
  return Object.entries(parameterSubjects)
    .map(([subject, rows]) => {
      const lines = Object.entries<Row>(rows).map(([name, row]) => parameterLine(name, row));
      const head = ['| parameter | default | allowed | changes | meaning |', '| --- | --- | --- | --- | --- |'];
      const table = [...head, ...lines].join('\n');
      return `## ${subject}\n\n${table}\n`;
    })
    .join('\n');
}

function parameterLine(name: string, row: Row): string {
  const differs = row.differs === undefined ? '' : ` *${row.differs}*`;
  const standard = row.default === '' ? '(empty)' : `\`${row.default}\``;
  const changes = row.atDeployment === undefined ? 'live' : 'deployment';
  return `| \`${name}\` | ${standard} | ${allowedValues(row)} | ${changes} | ${row.meaning}${differs} |`;
}

const maps = `## Maps

A parameter that takes maps takes all of these types, and several maps separated by commas or blanks. They are searched in order, and the
first entry found is used. An error in a map stops synth and start-up with the name of the map, the line and the allowed syntax. See
[Files](#files) for where a function has them.

| type | example | meaning |
| --- | --- | --- |
| \`static\` | \`static:pipelining\` | The same for every key. With blanks: \`static:{ pipelining size }\`. |
| \`inline\` | \`inline:{ 10.0.1.7=pipelining, { 10.0.1.8 = pipelining size } }\` | A table in the parameter. An entry with blanks has braces of its own. |
| \`texthash\` | \`texthash:/opt/maps/keywords\` | A table in a file: a key, blanks and a value in each line. |
| \`regexp\` | \`regexp:/opt/maps/replies\` | Regular expressions with results, in a file. |
| \`regexp\` | \`regexp:{ { /^550 5\\.1\\.1 (.*)/ 450 4.1.1 $$1 } }\` | The same in the parameter, each rule in braces. \`$$1\` there is \`$1\` in the rule. |

Files have the syntax of Postfix tables: \`#\` begins a comment, and a line that begins with a blank continues the line before.

    # regexp: the first pattern that matches counts
    /^4\\.2\\.2 (.*)/           5.2.2 full for good: $1
    !/^[245]/                  4.5.0 what is this?
    if /example\\.com/
    /^450 (.*[[:digit:]])$/    4.2.1 \${1} (again later)
    endif

A pattern is enclosed in two equal delimiters: any character except letters, digits and blanks. Letters behind it toggle: \`i\` =
upper and lower case differ, \`m\` = \`^\` and \`$\` also match at line ends, \`x\` = basic instead of extended syntax. \`$1\`,
\`\${1}\` and \`$(1)\` in the result are the text that the groups matched; \`$$\` is a dollar sign. Patterns are those of POSIX (regex(7)) with
what glibc adds (\`\\w\`, \`\\b\`, \`\\<\`), without back references. Matching takes time in proportion to the length of pattern
and key: no reply of a server can make a function hang. Keys of more than 10,000 characters are not looked up.

### Files

A function has no /etc/postfix. A file that a parameter names (a table, a list of patterns, certificates) is one of these:

| file | what happens |
| --- | --- |
| of the machine that runs synth: \`regexp:maps/replies\`, \`lmtp_tls_CAfile: "certs/ca.pem"\` | it is checked, packed with the deployment, and read from the bucket of the CDK's assets |
| an object: \`regexp:s3://bucket/replies\`, \`s3://bucket/ca.pem\` | the functions are permitted to read it, and look once a minute. A new text that cannot be used is logged, and the one before stays in use |
| below \`/opt/\` (a layer), \`/mnt/\` (a file system) or \`/var/task/\` (code of your own) | it is read once, when the function starts |

Any other path stops synth. So do passwords and private keys in files: they must be secrets. An object whose bucket has a customer managed
key needs a grant of yours for that key.

### Passwords

\`lmtp_sasl_password_maps\` takes the same types, and secrets of AWS Secrets Manager: \`secretsmanager:NAME\`, or an ARN for the name.
The maps are searched for the server's host name (the address, if the destination is one), and then for the next-hop as written, without
\`inet:\`. All maps are searched for the first key before any is searched for the second. Keys with \`inet:\` are never found, as in Postfix.
A value is \`user:password\`, or an object, which may contain a token (OAUTHBEARER, XOAUTH2). A secret contains one table, as JSON or in
the format of Postfix's sasl_passwd:

\`\`\`json
{
  "mail.example.com": "joe:secret",
  "[10.0.0.7]:24": { "user": "joe", "password": "secret" },
  "store.example.net": { "user": "joe", "token": "ya29..." }
}
\`\`\`

A secret is read again after five minutes, and at once when the server refuses the password. While Secrets Manager fails, the cached version is
used. The construct permits the lmtp function to read the secrets that parameters name. In a function's parameters, passwords in clear
(\`static:\`, \`inline:\`) stop synth. No error and no listing shows a password. To try a file of Postfix's before you deploy, use
\`npx lambda-lmtp deliver --sasl-password-maps /etc/postfix/sasl_passwd\`.

### Patterns

Lists of patterns (\`lmtp_connection_cache_destinations\`, \`use_srv_lookup\`, \`debug_peer_list\`) take names, maps, files
(\`/opt/maps/names\`, \`s3://bucket/names\`) and \`!\` in front of an exclusion; the first match is used. \`static:all\` matches everything. A
pattern with a colon is a map, so ports cannot be named: destinations are compared without \`inet:\`, brackets and port. In lists of
hosts, a domain includes its subdomains, and addresses (\`10.0.1.7\`, \`[2001:db8::7]\`) and networks (\`10.0.0.0/8\`) are allowed.
`;

function refusals(): string {
  const rows = refusalsByReason.map(
    ({ reason, names }) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${reason} |`,
  );
  return [
    '## Known parameters that cannot be set',
    '',
    "Postfix's other parameters for LMTP. Setting one is an error with the reason given here.",
    '',
    '| parameters | why |',
    '| --- | --- |',
    ...rows,
    '| `tls_...` | They tune the TLS library of Postfix; the runtime has its own. |',
    '',
  ].join('\n');
}

function oldPage(): string {
  const sections = Object.entries(manualPage).flatMap(([section, statements]) => [
    `| **${section}** | |`,
    ...statements.map(({ statement, here }) => `| ${statement} | ${here} |`),
  ]);
  return [
    '## What the lmtp(8) page said',
    '',
    'Each statement of the lmtp(8) manual page of Postfix 1.1 and 2.0, in short, with its counterpart here.',
    '',
    '| lmtp(8) | here |',
    '| --- | --- |',
    ...sections,
    '',
  ].join('\n');
}
