/**
 * The screens as an operator meets them: on a phone or a desk, in the light or the dark, with a mouse or without. axe-core measures
 * WCAG 2 A and AA, contrast included.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { screenNames } from '../../functions/screens/page.ts';
import type { LocalEndpoint } from '../../infra/local/calls/local-endpoint.ts';
import { chromiumMissing, startChromium } from '../support/chromium.ts';
import { ScreensPage } from '../support/screens-page.ts';
import { serveTroubledScreens, troubled } from '../support/troubled-screens.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe-core finds in a part of a page, as `rule: element`; and what it cannot judge. */
async function findings(page: Page, part: string): Promise<readonly string[]> {
  await page.evaluate(axe);
  const script = `axe.run(${JSON.stringify(part)}, { runOnly: ${JSON.stringify(rules)} })`;
  const { violations, passes } = (await page.evaluate(script)) as AxeResults;
  assert.ok(passes.length > 0, `nothing was measured in ${part}`);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${part}: ${id}: ${html.slice(0, 200)}`));
}

/** Pixels by which a page is wider than its window. A phone makes its window wider than its screen where a page wants that. */
async function excess(page: Page): Promise<number> {
  const width = (await page.evaluate('document.documentElement.scrollWidth')) as number;
  return width - (page.viewportSize()?.width ?? 0);
}

const sizes = {
  'a phone': { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  'a desk': { viewport: { width: 1280, height: 900 } },
} as const;

/** Each way to a pop-up: a name, and what is pressed for it. */
const popups: Readonly<Record<string, (screens: ScreensPage) => Promise<unknown>>> = {
  'a list': ({ page }) => page.locator('.lmtp-facts').getByText('deliveries late').click(),
  'the story of a message': async ({ page }) => {
    await page.locator('.lmtp-facts').getByText('in doubt').click();
    await page.locator('#popup').getByText('4bJ9doubt/0000').click();
    await page.locator('#popup pre').waitFor();
  },
  'what is known of a destination': (screens) =>
    screens.press(screens.row('Destinations', troubled.dead), troubled.dead, undefined),
  'what a button did': (screens) => screens.press(screens.row('Destinations', troubled.full), 'flush', 'Confirm'),
  'a check': (screens) => screens.press(screens.row('Destinations', troubled.full), 'check', 'Confirm'),
};

describe('the screens', { skip: chromiumMissing }, () => {
  let browser: Browser;
  let server: LocalEndpoint;
  const closing = new AsyncDisposableStack();

  before(async () => {
    server = await serveTroubledScreens();
    closing.defer(() => server.close());
    browser = await startChromium();
    closing.defer(() => browser.close());
  });
  after(() => closing.disposeAsync());

  for (const [place, size] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`have no barrier on ${place} in the ${colorScheme}, and nothing beyond the edge`, async () => {
        const screens = await ScreensPage.open(browser, server.endpoint, { ...size, colorScheme });
        const { page } = screens;
        const found = [...(await findings(page, 'html'))];
        assert.deepEqual([found, await excess(page)], [[], 0]);
        for (const [name, press] of Object.entries(popups)) {
          await press(screens);
          await page.locator('#popup[open]').waitFor();
          assert.deepEqual([await findings(page, '#popup'), await excess(page)], [[], 0], name);
          await screens.popup();
        }
        screens.assertQuiet();
        await page.close();
      });
    }
  }

  // Backgrounds and texts of the CloudWatch console, of today and of the years before.
  const consoles = {
    light: [['#ffffff', '#0f141a']],
    dark: [
      ['#161d26', '#c6c6cd'],
      ['#2a2e33', '#d5dbdb'],
    ],
  } as const;
  test('have the contrast that they need on the backgrounds of CloudWatch too', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await ScreensPage.open(browser, server.endpoint, { colorScheme });
      for (const [back, text] of consoles[colorScheme]) {
        const script = `document.body.style.setProperty('--back', '${back}'); document.body.style.setProperty('--text', '${text}')`;
        await page.evaluate(script);
        assert.deepEqual(await findings(page, '#widget'), [], back);
      }
      await page.close();
    }
  });

  test('leave out the ages without mail on a phone, where few columns have room', async () => {
    for (const [options, hidden] of [
      [sizes['a phone'], true],
      [sizes['a desk'], false],
    ] as const) {
      const { page } = await ScreensPage.open(browser, server.endpoint, options);
      const older = page.locator('.lmtp-ages th').getByText('older', { exact: true });
      assert.equal(await older.isHidden(), hidden);
      assert.equal(await page.locator('.lmtp-ages th').getByText('< 1h 20m').isHidden(), false);
      await page.close();
    }
  });

  test('are dark where the system is, and as the operator chooses after that', async () => {
    const { page } = await ScreensPage.open(browser, server.endpoint, { colorScheme: 'dark' });
    const colours = async (text: string) => {
      await page.locator(`.lmtp-theme-${text}`).waitFor();
      const script = `[document.body, document.querySelector('.lmtp-none')].map((one) => getComputedStyle(one)).map((one) => one.color)`;
      return (await page.evaluate(script)) as readonly string[];
    };
    const dark = await colours('dark');
    await page.getByText('Light', { exact: true }).click();
    const light = await colours('light');
    assert.deepEqual(
      [dark, light],
      [
        ['rgb(230, 233, 236)', 'rgb(169, 178, 187)'],
        ['rgb(22, 25, 31)', 'rgb(84, 91, 100)'],
      ],
    );
    await page.close();
  });

  test('can be used with the Tab key alone: it reaches every button, each shows that it is reached, and Enter presses it', async () => {
    const screens = await ScreensPage.open(browser, server.endpoint);
    const { page } = screens;
    const count = await page.locator('button:visible, input:visible').count();
    const script = `(() => {
      const one = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      one.dataset.reached = String(Number(one.dataset.reached ?? 0) + 1);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    })()`;
    for (let presses = 0; presses < count; presses += 1) {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(script), true, `after ${presses + 1} presses`);
    }
    assert.equal(await page.locator('[data-reached="1"]').count(), count);
    // The last is the button of the last destination.
    await page.locator('.lmtp-screen-destinations .btn').last().focus();
    await page.keyboard.press('Enter');
    await page.locator('#question[open]').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await screens.isAsking(), false);
    await page.close();
  });

  test('lead from every id to the story of its message', async () => {
    const screens = await ScreensPage.open(browser, server.endpoint);
    const { page } = screens;
    for (const label of ['deliveries late', 'delivery held', 'recipient in doubt', 'requests corrupt']) {
      await page.locator('.lmtp-facts').getByText(label).click();
      await page.locator('#popup[open]').waitFor();
      const cells = page.locator('#popup[open] tbody td:first-child');
      const ids = await cells.allInnerTexts();
      assert.ok(ids.length > 0, label);
      assert.equal(await cells.locator('button').count(), ids.length);
      await cells.locator('button').first().click();
      const id = (ids[0] ?? '').replace(/\/0000$/, '');
      await page.locator('#popup').getByText(`The story of ${id}`).waitFor();
      await screens.popup();
    }
    await page.close();
  });

  test('have each screen on them', async () => {
    const { page } = await ScreensPage.open(browser, server.endpoint);
    for (const name of screenNames) assert.equal(await page.locator(`.lmtp-screen-${name}`).count(), 1);
    await page.close();
  });
});
