/** Who is told what became of a message, and who is not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { addresseesOf } from '../../functions/report/addressees.ts';
import { type ReportSubject, subjectOf } from '../../functions/report/subject.ts';
import { bounced, delayed, type Happening, served } from '../support/report-events.ts';

const host = { myhostname: 'mail.example.org' };

function told(subject: ReportSubject, values: Record<string, string> = {}, isReport = false) {
  const { addressees, reasons } = addresseesOf(subject, parseParameters({ ...host, ...values }), isReport);
  return {
    whom: addressees.map(({ role, address, envelopeSender, returns }) => [role, address, envelopeSender, returns]),
    who: addressees.map(({ role, recipients }) => [role, recipients.map(({ address }) => address)]),
    reasons,
  };
}

const failure = (happening: Happening = {}) => subjectOf(bounced(happening));
const toAlice = (returns = 'full') => ['sender', 'alice@example.org', '', returns];
const doubleBounce = 'double-bounce@mail.example.org';

test('the sender is told of a failure, from the null sender', () => {
  assert.deepEqual(told(failure()).whom, [toAlice()]);
});

test('only the header is returned where the sender wants no more', () => {
  assert.deepEqual(told(failure({ item: { dsn: { ret: 'HDRS' } } })).whom, [toAlice('headers')]);
});

test('class bounce: a postmaster gets a copy, with everybody in it, from an address that nobody answers', () => {
  const recipients = ['bob@x', { address: 'never@x', notify: ['NEVER'] as const }];
  const { whom, who } = told(failure({ recipients }), { notify_classes: 'bounce' });
  assert.deepEqual(whom, [toAlice(), ['bounce', 'postmaster@mail.example.org', doubleBounce, 'headers']]);
  assert.deepEqual(who, [
    ['sender', ['bob@x']],
    ['bounce', ['bob@x', 'never@x']],
  ]);
});

test('the copy does not depend on whether the sender wants to hear of it', () => {
  const { whom, reasons } = told(failure({ recipients: [{ address: 'never@x', notify: ['NEVER'] }] }), {
    notify_classes: 'bounce',
    bounce_notice_recipient: 'root@example.net',
  });
  assert.deepEqual(whom, [['bounce', 'root@example.net', doubleBounce, 'headers']]);
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
    test(`${notify.join(',')}: ${isTold ? 'the sender hears of a failure' : 'he does not'}`, () => {
      assert.equal(told(failure({ recipients: [{ address: 'bob@x', notify }] })).whom.length, isTold ? 1 : 0);
    });
  }
});

describe('there is no report on a report:', () => {
  const bounce = failure({ item: { sender: '' } });

  test('mail with the null sender is told to nobody', () => {
    const { whom, reasons } = told(bounce);
    assert.deepEqual(whom, []);
    assert.deepEqual(reasons, ['its sender is the null sender']);
  });
  for (const notify_classes of ['2bounce', 'bounce']) {
    test(`but to a postmaster, whole, in class ${notify_classes}`, () => {
      assert.deepEqual(told(bounce, { notify_classes, '2bounce_notice_recipient': 'two@example.net' }).whom, [
        ['2bounce', 'two@example.net', doubleBounce, 'full'],
      ]);
    });
  }
  test('a report that came back with an envelope sender of its own is one all the same', () => {
    const { whom, reasons } = told(failure(), { notify_classes: '2bounce' }, true);
    assert.deepEqual(whom, [['2bounce', 'postmaster@mail.example.org', doubleBounce, 'full']]);
    assert.deepEqual(reasons, ['it is a report itself']);
    assert.deepEqual(told(failure(), {}, true).whom, []);
  });
  test('what comes from double_bounce_sender is told to nobody at all, in whatever case it is written', () => {
    for (const sender of [doubleBounce, 'Double-Bounce@Mail.Example.Org']) {
      const { whom, reasons } = told(failure({ item: { sender } }), { notify_classes: 'bounce, 2bounce, delay' });
      assert.deepEqual(whom, []);
      assert.match(reasons[0] ?? '', /double_bounce_sender/);
    }
  });
});

test('the sender is warned of a delay, with the header only; class delay: so is a postmaster', () => {
  const late = subjectOf(delayed({ attempt: 3 }));
  assert.deepEqual(told(late).whom, [toAlice('headers')]);
  assert.deepEqual(told(late, { notify_classes: 'delay', delay_notice_recipient: 'late@example.net' }).whom, [
    toAlice('headers'),
    ['delay', 'late@example.net', doubleBounce, 'headers'],
  ]);
  assert.deepEqual(told(late, { notify_classes: 'delay' }, true).whom, []);
});

test('success is told to the sender alone', () => {
  const classes = { notify_classes: 'bounce, 2bounce, delay, resource, software' };
  assert.deepEqual(told(subjectOf(served()), classes).whom, [toAlice('headers')]);
  assert.deepEqual(told(subjectOf(served({ item: { dsn: { ret: 'FULL' } } }))).whom, [toAlice()]);
});

describe('where only senders whom SPF vouches for are told', () => {
  const values = { bounce_report_requires_spf: 'yes', notify_classes: 'bounce' };
  for (const [authentication, isTold] of [
    [{ spf: 'PASS' }, true],
    [{ spf: 'pass' }, true],
    [{ spf: 'FAIL', dkim: 'PASS' }, false],
    [{ dmarc: 'PASS' }, false],
    [{}, false],
  ] as const) {
    test(`${JSON.stringify(authentication)}: ${isTold ? 'he is' : 'he is not, the postmaster is'}`, () => {
      const { whom, reasons } = told(failure({ item: { authentication } }), values);
      assert.deepEqual(
        whom.map(([role]) => role),
        isTold ? ['sender', 'bounce'] : ['bounce'],
      );
      assert.equal(reasons.length, isTold ? 0 : 1);
    });
  }
});
