/**
 * Headless Chromium from Debian, with a temporary profile. It loads pages of this machine only.
 */
import type { Browser } from 'playwright-core';

/** Path in Debian's package. */
export const executablePath = '/usr/bin/chromium';

/** Starts it. */
export async function startChromium(): Promise<Browser> {
  // Loaded here: most callers only check whether the browser exists.
  const { chromium } = await import('playwright-core');
  // Chromium's sandbox does not work as root, and no foreign page is loaded; containers have little shared memory.
  const args = ['--disable-gpu', '--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return await chromium.launch({ executablePath, args });
}
