/** The screens in a browser, used like an operator: reads, presses, answers questions, reads the result. */
import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

/** Milliseconds that drawing and acting may take: functions are bundled and started at their first call. */
const patience = 20_000;

/** A page with the screens. */
export class ScreensPage {
  readonly page: Page;
  /** Exceptions of the page's scripts, and refusals of the browser. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patience);
    page.on('pageerror', ({ message }) => this.complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /**
   * Opens it, and waits until the screens are drawn.
   *
   * @param options of the browser's page: its size, whether it is a phone, whether its system is dark
   */
  static async open(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<ScreensPage> {
    const page = await browser.newPage({ viewport: { width: 1300, height: 900 }, ...options });
    const screens = new ScreensPage(page);
    await page.goto(address);
    await page.locator('#widget .lmtp').waitFor();
    return screens;
  }

  /** Draws the screens again. */
  async refresh(): Promise<void> {
    await Promise.all([
      this.page.waitForResponse((response) => response.url().endsWith('/call')),
      this.page.locator('#refresh').click(),
    ]);
    await this.page.locator('#working:empty').waitFor({ state: 'attached' });
  }

  /** All visible text. */
  async text(): Promise<string> {
    return plain(await this.page.locator('#widget').innerText());
  }

  /** The rows of the screen below a heading, as text. */
  async rows(heading: string): Promise<readonly string[]> {
    return (await this.screen(heading).locator('tbody tr').allInnerTexts()).map(plain);
  }

  /** The row of a screen that contains a text. */
  row(heading: string, words: string): Locator {
    return this.screen(heading).locator('tbody tr').filter({ hasText: words }).first();
  }

  /** Types the reason that is stored with a change. */
  async giveReason(reason: string): Promise<void> {
    await this.page.locator('input[name=reason]').fill(reason);
  }

  /** Presses something in a row; answers a question, if there is one. */
  async press(row: Locator, label: string, answer: 'Confirm' | 'Cancel' | undefined): Promise<string> {
    await row.getByText(label, { exact: true }).first().click();
    if (answer === undefined) return '';
    const question = this.page.locator('#question[open]');
    await question.waitFor();
    const asked = plain(await question.locator('.content').innerText());
    await question.getByText(answer, { exact: true }).click();
    return asked;
  }

  /** Returns the text of the pop-up and closes it. */
  async popup(): Promise<string> {
    const popup = this.page.locator('#popup[open]');
    await popup.waitFor();
    const said = plain(await popup.locator('.content').innerText());
    await popup.getByText('Close', { exact: true }).click();
    return said;
  }

  /** Whether a pop-up or a question is open. */
  async isAsking(): Promise<boolean> {
    return (await this.page.locator('dialog[open]').count()) > 0;
  }

  /** The table below a heading. */
  screen(heading: string): Locator {
    return this.page.locator(`#widget h3:has-text("${heading}") + .lmtp-scroll table`);
  }

  /** Asserts that there was no error in the page. */
  assertQuiet(): void {
    assert.deepEqual(this.complaints, []);
  }
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
