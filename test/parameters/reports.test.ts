/** Parameters of reports, where they depend on each other or look like addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersFromEnvironment, parseParameters, variableName } from '../../functions/parameters/parameters.ts';
import { escapeControls } from '../../functions/smtp/control-characters.ts';

test('reports cannot be sent through SES without an author that SES knows', () => {
  const routes = { bounce_report_routes: 'incoming, ses' };
  assert.throws(() => parseParameters(routes), {
    name: 'ParameterError',
    message: /^bounce_report_routes: "ses" needs bounce_report_ses_sender, which is empty$/,
  });
  const both = { ...routes, bounce_report_ses_sender: 'bounce@example.net' };
  assert.deepEqual(parseParameters(both).bounce_report_routes, ['incoming', 'ses']);
});

test('a name that begins with a digit is passed on under one that begins with a letter', () => {
  assert.equal(variableName('2bounce_notice_recipient'), 'PARAMETER_2BOUNCE_NOTICE_RECIPIENT');
  const parameters = parametersFromEnvironment({ PARAMETER_2BOUNCE_NOTICE_RECIPIENT: 'root' });
  assert.equal(parameters['2bounce_notice_recipient'], 'root');
});

for (const [name, value] of [
  ['bounce_notice_recipient', 'a b'],
  ['bounce_notice_recipient', 'postmaster\u202e'],
  ['bounce_report_ses_sender', 'al\u2028ice@example.org'],
  ['error_notice_recipient', 'Postmaster <postmaster@x>'],
  ['double_bounce_sender', ''],
  ['bounce_report_ses_sender', 'alice'],
  ['mail_name', 'My Mail: really'],
  ['notify_classes', 'bounces'],
  ['bounce_report_routes', ''],
  ['bounce_report_routes', 'smtp'],
] as const) {
  test(`${name}=${escapeControls(value)} is refused by name`, () => {
    assert.throws(() => parseParameters({ [name]: value }), {
      name: 'ParameterError',
      message: new RegExp(`^${name}: [^\\p{Cc}\\p{Bidi_Control}\\u2028]+$`, 'u'),
    });
  });
}
