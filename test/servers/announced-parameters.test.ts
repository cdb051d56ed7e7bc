/**
 * MAIL and RCPT carry every announced parameter that the request needs, and no others: several of these
 * servers refuse a parameter that they did not announce.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aiosmtpdPackages, isAiosmtpdInstalled, startAiosmtpd } from '../support/aiosmtpd.ts';
import { cyrusPackages, isCyrusInstalled, startCyrus } from '../support/cyrus.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { dovecotPackages, isDovecotInstalled, startDovecot } from '../support/dovecot.ts';
import { startLmtpSmtpServer } from '../support/lmtp-smtp-server.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { isSmtpSinkInstalled, smtpSinkPackages, startSmtpSink } from '../support/smtp-sink.ts';

/** A server, and the parameters that it must get for a request that asks for everything. */
interface Listener {
  readonly name: string;
  readonly isInstalled: () => boolean;
  readonly packages: readonly string[];
  readonly start: () => Promise<{ readonly destination: string } & AsyncDisposable>;
  readonly recipient: string;
  readonly mail: string;
  readonly rcpt: string;
}

const size = 'SIZE=24';
const body = 'BODY=8BITMIME';
const dsn = 'ENVID=q+2B1 RET=HDRS';
const forRecipient = 'ORCPT=rfc822;old+2Bname@x.test NOTIFY=SUCCESS,FAILURE';

const listeners: readonly Listener[] = [
  {
    name: 'Dovecot, which has neither SIZE nor DSN,',
    isInstalled: isDovecotInstalled,
    packages: dovecotPackages,
    start: async () => {
      const dovecot = await startDovecot();
      return { ...dovecot, destination: `inet:[127.0.0.1]:${dovecot.port}` };
    },
    recipient: 'alice@dovecot.test',
    mail: body,
    rcpt: '',
  },
  {
    name: 'Cyrus, which has SIZE without a value, and no DSN,',
    isInstalled: isCyrusInstalled,
    packages: cyrusPackages,
    start: () => startCyrus(),
    recipient: 'alice@cyrus.test',
    mail: `${size} ${body}`,
    rcpt: '',
  },
  {
    name: 'smtp-sink, which has DSN and no SIZE,',
    isInstalled: isSmtpSinkInstalled,
    packages: smtpSinkPackages,
    start: () => startSmtpSink(),
    recipient: 'a@x.test',
    mail: `${body} ${dsn}`,
    rcpt: forRecipient,
  },
  {
    name: 'smtp-server, which has all,',
    isInstalled: () => true,
    packages: [],
    start: () => startLmtpSmtpServer(),
    recipient: 'a@x.test',
    mail: `${size} ${body} ${dsn}`,
    rcpt: forRecipient,
  },
  {
    name: 'aiosmtpd, which has SIZE and no DSN,',
    isInstalled: isAiosmtpdInstalled,
    packages: aiosmtpdPackages,
    start: () => startAiosmtpd(),
    recipient: 'a@x.test',
    mail: `${size} ${body}`,
    rcpt: '',
  },
];

for (const { name, isInstalled, packages, start, recipient, mail, rcpt } of listeners) {
  const skip = isInstalled() ? false : `not installed: ${installLine(packages)}`;
  test(`${name} gets the parameters that it offers, and accepts the mail`, { skip }, async () => {
    await using server = await start();
    const dialogue = recordDialogue();
    const wanted = { address: recipient, orcpt: 'rfc822;old+name@x.test', notify: ['SUCCESS', 'FAILURE'] } as const;
    const outcome = await deliverTo(server.destination, [wanted], testAgent({}, dialogue), {
      // No address and no header needs SMTPUTF8, so it is not sent even if it is offered.
      smtputf8: true,
      dsn: { ret: 'HDRS', envid: 'q+1' },
      message: makeMessage('Subject: test\r\n\r\ncaf\u00e9\r\n'),
    });
    assert.match(shortVerdicts(outcome)[0] ?? '', /^sent 2\./);
    assert.deepEqual(dialogue.commands().slice(1, 3), [
      ['MAIL FROM:<alice@example.org>', mail].join(' '),
      [`RCPT TO:<${recipient}>`, rcpt].join(' ').trimEnd(),
    ]);
  });
}
