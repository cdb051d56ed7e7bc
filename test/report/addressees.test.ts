/** Which addresses get a report about a message, and which do not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { addresseesOf } from '../../functions/report/addressees.ts';
import { type ReportSubject, subjectOf } from '../../functions/report/subject.ts';
import { bounced, type DeliveryFacts, delayed, served } from '../support/report-events.ts';

const host = { myhostname: 'mail.example.org' };

function told(subject: ReportSubject, values: Record<string, string> = {}, isReport = false) {
  const { addressees, reasons } = addresseesOf(subject, parseParameters({ ...host, ...values }), isReport);
  return {
    reports: addressees.map(({ role, address, envelopeSender, returns }) => [role, address, envelopeSender, returns]),
    recipientsOf: addressees.map(({ role, recipients }) => [role, recipients.map(({ address }) => address)]),
    reasons,
  };
}

const failure = (given: DeliveryFacts = {}) => subjectOf(bounced(given));
const toAlice = (returns = 'full') => ['sender', 'alice@example.org', '', returns];
const doubleBounce = 'double-bounce@mail.example.org';

test('the sender gets a report of a failure, from the null sender', () => {
  assert.deepEqual(told(failure()).reports, [toAlice()]);
});

test('only the header is returned if the sender asks for no more', () => {
  assert.deepEqual(told(failure({ item: { dsn: { ret: 'HDRS' } } })).reports, [toAlice('headers')]);
});

for (const check of ['spam', 'virus']) {
  test(`only the header is returned of mail with the verdict ${check} FAIL, also to a postmaster`, () => {
    const authentication = { [check]: 'FAIL' };
    assert.deepEqual(told(failure({ item: { authentication, dsn: { ret: 'FULL' } } })).reports, [toAlice('headers')]);
    assert.deepEqual(told(failure({ item: { authentication, sender: '' } }), { notify_classes: '2bounce' }).reports, [
      ['2bounce', 'postmaster@mail.example.org', doubleBounce, 'headers'],
    ]);
  });
}

test('class bounce: a postmaster gets a copy, with all recipients in it, from an address that accepts no replies', () => {
  const recipients = ['bob@x', { address: 'never@x', notify: ['NEVER'] as const }];
  const { reports, recipientsOf } = told(failure({ recipients }), { notify_classes: 'bounce' });
  assert.deepEqual(reports, [toAlice(), ['bounce', 'postmaster@mail.example.org', doubleBounce, 'headers']]);
  assert.deepEqual(recipientsOf, [
    ['sender', ['bob@x']],
    ['bounce', ['bob@x', 'never@x']],
  ]);
});

test('the copy does not depend on the NOTIFY of the recipients', () => {
  const { reports, reasons } = told(failure({ recipients: [{ address: 'never@x', notify: ['NEVER'] }] }), {
    notify_classes: 'bounce',
    bounce_notice_recipient: 'root@example.net',
  });
  assert.deepEqual(reports, [['bounce', 'root@example.net', doubleBounce, 'headers']]);
  assert.match(reasons[0] ?? '', /NOTIFY/);
});

describe('NOTIFY', () => {
  for (const [notify, isTold] of [
    [['FAILURE'], true],
    [['SUCCESS', 'FAILURE'], true],
    [['DELAY'], false],
    [['SUCCESS'], false],
    [['NEVER'], false],
  ] as const) {
    test(`${notify.join(',')}: ${isTold ? 'the sender gets a report of a failure' : 'the sender gets no report of a failure'}`, () => {
      assert.equal(told(failure({ recipients: [{ address: 'bob@x', notify }] })).reports.length, isTold ? 1 : 0);
    });
  }
});

describe('there is no report on a report:', () => {
  const bounce = failure({ item: { sender: '' } });

  test('mail with the null sender causes no report', () => {
    const { reports, reasons } = told(bounce);
    assert.deepEqual(reports, []);
    assert.deepEqual(reasons, ['its sender is the null sender']);
  });
  for (const notify_classes of ['2bounce', 'bounce']) {
    test(`but to a postmaster, complete, in class ${notify_classes}`, () => {
      assert.deepEqual(told(bounce, { notify_classes, '2bounce_notice_recipient': 'two@example.net' }).reports, [
        ['2bounce', 'two@example.net', doubleBounce, 'full'],
      ]);
    });
  }
  test('a report that came back with another envelope sender is still a report', () => {
    const { reports, reasons } = told(failure(), { notify_classes: '2bounce' }, true);
    assert.deepEqual(reports, [['2bounce', 'postmaster@mail.example.org', doubleBounce, 'full']]);
    assert.deepEqual(reasons, ['it is a report itself']);
    assert.deepEqual(told(failure(), {}, true).reports, []);
  });
  test('mail from double_bounce_sender causes no report at all, in any letter case', () => {
    for (const sender of [doubleBounce, 'Double-Bounce@Mail.Example.Org']) {
      const { reports, reasons } = told(failure({ item: { sender } }), { notify_classes: 'bounce, 2bounce, delay' });
      assert.deepEqual(reports, []);
      assert.match(reasons[0] ?? '', /double_bounce_sender/);
    }
  });
});

test('the sender gets a delay warning, with the header only; class delay: so does a postmaster', () => {
  const late = subjectOf(delayed({ attempt: 3 }));
  assert.deepEqual(told(late).reports, [toAlice('headers')]);
  assert.deepEqual(told(late, { notify_classes: 'delay', delay_notice_recipient: 'late@example.net' }).reports, [
    toAlice('headers'),
    ['delay', 'late@example.net', doubleBounce, 'headers'],
  ]);
  assert.deepEqual(told(late, { notify_classes: 'delay' }, true).reports, []);
});

test('only the sender gets a success report', () => {
  const classes = { notify_classes: 'bounce, 2bounce, delay, resource, software' };
  assert.deepEqual(told(subjectOf(served()), classes).reports, [toAlice('headers')]);
  assert.deepEqual(told(subjectOf(served({ item: { dsn: { ret: 'FULL' } } }))).reports, [toAlice()]);
});

describe('where only senders with SPF pass get reports,', () => {
  const values = { bounce_report_requires_spf: 'yes', notify_classes: 'bounce' };
  for (const [authentication, isTold] of [
    [{ spf: 'PASS' }, true],
    [{ spf: 'pass' }, true],
    [{ spf: 'FAIL', dkim: 'PASS' }, false],
    [{ dmarc: 'PASS' }, false],
    [{}, false],
  ] as const) {
    test(`${JSON.stringify(authentication)}: ${isTold ? 'the sender gets one' : 'the postmaster gets one instead'}`, () => {
      const { reports, reasons } = told(failure({ item: { authentication } }), values);
      assert.deepEqual(
        reports.map(([role]) => role),
        isTold ? ['sender', 'bounce'] : ['bounce'],
      );
      assert.equal(reasons.length, isTold ? 0 : 1);
    });
  }
});
