/**
 * A browser for tests: Debian's Chromium, without a window.
 *
 * It runs whatever a page says, so it gets pages of this machine only, and a profile that is thrown away.
 */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { installLine } from './debian-packages.ts';

/** Debian packages that it needs; the fonts, so that pictures are the same everywhere. */
export const chromiumPackages = ['chromium', 'fonts-dejavu-core'] as const;

const executablePath = '/usr/bin/chromium';

/** Why tests with a browser are skipped; false: they are not. */
export const chromiumMissing: string | false = existsSync(executablePath)
  ? false
  : `there is no ${executablePath}: ${installLine(chromiumPackages)}`;

/** Starts it. */
export async function startChromium(): Promise<Browser> {
  // Loaded where it is needed: the list of suites names the packages only.
  const { chromium } = await import('playwright-core');
  // Root has no sandbox of Chromium's own making; there is no foreign page in it.
  const args = ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return await chromium.launch({ executablePath, args });
}
