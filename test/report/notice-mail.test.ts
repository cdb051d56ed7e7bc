/** Notices as mail to the postmaster. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { noticeClasses } from '../../functions/notices/notice.ts';
import { mailNotice } from '../../functions/report/send.ts';
import { makeNotice } from '../support/notice.ts';
import { ReportWorld } from '../support/report-world.ts';

const here = { relay_domains: 'mail.example.org', error_notice_recipient: 'root' };

test('trouble is reported with the dialogue, from an address that accepts no replies', async () => {
  const world = new ReportWorld(here);
  await mailNotice(makeNotice({ count: 12 }), world.services());
  const [mail] = world.mails;
  assert.ok(mail);
  assert.partialDeepStrictEqual(mail, {
    route: 'incoming',
    envelopeSender: 'double-bounce@mail.example.org',
    recipient: 'root@mail.example.org',
  });
  const email = await PostalMime.parse(mail.content);
  assert.equal(email.subject, 'Postfix LMTP client: protocol trouble from store.example[10.0.0.7]:24');
  assert.equal(email.headers.find(({ key }) => key === 'auto-submitted')?.value, 'auto-generated');
  assert.match(email.text ?? '', /^store\.example\[10\.0\.0\.7\]:24 said what no server should say$/m);
  assert.match(email.text ?? '', /^ Out: LHLO mail\.example\.org$/m);
  assert.match(email.text ?? '', /^ In: 999 what\?$/m);
  assert.match(email.text ?? '', /12 times since/);
});

test('the same notice makes the same mail: the second is a duplicate', async () => {
  const world = new ReportWorld(here);
  await mailNotice(makeNotice(), world.services());
  await mailNotice(makeNotice(), world.services());
  await mailNotice(makeNotice({ id: 'notice-2' }), world.services());
  assert.equal(world.requests.length, 3);
  assert.equal(world.mails.length, 2);
});

describe('by class:', () => {
  for (const each of noticeClasses) {
    const isMailed = !['bounce', '2bounce', 'delay'].includes(each);
    test(`${each} ${isMailed ? 'becomes mail' : 'is reported by events: it makes no second mail'}`, async () => {
      const world = new ReportWorld(here);
      await mailNotice(makeNotice({ class: each }), world.services());
      assert.equal(world.mails.length, isMailed ? 1 : 0);
    });
  }
});

test('if no route serves the postmaster, the log says so', async () => {
  const world = new ReportWorld();
  await mailNotice(makeNotice(), world.services());
  assert.deepEqual(world.mails, []);
  assert.partialDeepStrictEqual(world.notes, [
    { message: 'notice not mailed: no route serves the address', address: 'postmaster@mail.example.org' },
  ]);
});
