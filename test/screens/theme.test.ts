/** Light and dark, and names in a text that can be pressed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeText, html, withNames } from '../../functions/screens/html.ts';
import { sentence } from '../../functions/screens/page.ts';
import { themed } from '../../functions/screens/theme.ts';
import { skeleton } from '../support/html.ts';

test('the screens are drawn in the theme of the dashboard, and follow the system where it names none', () => {
  const drawn = sentence('x');
  for (const theme of ['light', 'dark']) {
    assert.equal(themed(drawn, { widgetContext: { theme } }), `<div class="lmtp-theme-${theme}">${drawn}</div>`);
  }
  for (const event of [undefined, 'all', {}, { widgetContext: 1 }, { widgetContext: { theme: '"><script>' } }]) {
    assert.equal(themed(drawn, event), drawn);
  }
  assert.match(drawn, /@media \(prefers-color-scheme: dark\) \{ \.lmtp \{/);
});

const bold = (name: string) => html`<b>${name}</b>`;

test('a name is found where it is a word of its own, the longest first', () => {
  assert.equal(
    withNames('oldest: a, ab and a/0000', ['a', 'ab'], bold).text,
    'oldest: <b>a</b>, <b>ab</b> and <b>a</b>/0000',
  );
  assert.equal(withNames('data a@x xa a_b a-b', ['a', ''], bold).text, 'data a@x xa a_b a-b');
  assert.equal(
    withNames('to inet:[::1]:24: deferred', ['inet:[::1]:24'], bold).text,
    'to <b>inet:[::1]:24</b>: deferred',
  );
  assert.equal(withNames('a.b axb', ['a.b'], bold).text, '<b>a.b</b> axb');
  assert.equal(withNames('<i>', [], bold).text, '&lt;i&gt;');
});

test('names in a text make no other markup, whatever they and the text are', () => {
  const foreign = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(foreign, fc.array(foreign, { maxLength: 3 }), (text, names) => {
      const made = withNames(text, names, bold).text;
      for (const tag of skeleton(made)) assert.match(tag, /^\/?b $/);
      assert.equal(made.replace(/<\/?b>/g, ''), escapeText(text));
    }),
  );
});
