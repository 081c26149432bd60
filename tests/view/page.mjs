// SPDX-License-Identifier: MIT
// Opens the page of a trace in Chromium: stepping, keyboard, both themes, no error, no request.
//
//   node tests/view/page.mjs PAGE.html [SCREENSHOT-PREFIX]
import {createRequire} from 'node:module';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import assert from 'node:assert/strict';

const {chromium} = createRequire(resolve('build/node/') + '/')('playwright-core');
const page_url = 'file://' + resolve(process.argv[2]);
const profile = mkdtempSync(join(tmpdir(), 'allways-page-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium', headless: true, viewport: {width: 1280, height: 900}, colorScheme: 'light',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let failed = false;
try {
  const page = await browser.newPage();
  const said = [], requests = [];
  page.on('console', message => said.push(message.text()));
  page.on('pageerror', error => said.push(String(error)));
  page.on('request', request => { if (request.url() !== page_url) requests.push(request.url()); });
  await page.goto(page_url);
  const text = selector => page.locator(selector).innerText();
  const position = () => text('#position');
  const data = JSON.parse(await page.locator('#data').textContent());
  const count = data.steps.length;

  // The explanation, and the critical step first.
  assert.equal(await text('#why'), data.why);
  assert.match(await text('#verdict'), /^violated/);
  assert.equal(await position(), `step ${data.critical.step} of ${count}`);
  assert.ok(await page.locator('#taken .differs').isVisible());

  // Keyboard.
  await page.keyboard.press('Home');
  assert.equal(await position(), `step 1 of ${count}`);
  await page.keyboard.press('ArrowRight');
  assert.equal(await position(), `step 2 of ${count}`);
  assert.equal(await text('#state-title'), 'AFTER STEP 2');
  assert.match(await text('#live'), /^Step 2: /);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await position(), `step 1 of ${count}`);
  await page.keyboard.press('End');
  assert.equal(await position(), `step ${count} of ${count}`);
  await page.keyboard.press('c');
  assert.equal(await position(), `step ${data.critical.step} of ${count}`);
  await page.keyboard.press('Home');
  await page.keyboard.press('n');
  const mark = await position();
  assert.notEqual(mark, `step 1 of ${count}`);
  await page.keyboard.press('n');
  await page.keyboard.press('p');
  assert.equal(await position(), mark);

  // Mouse, scrubber and source.
  await page.locator('#forward').click();
  await page.locator('#scrub').fill('20');
  assert.equal(await position(), `step 20 of ${count}`);
  assert.ok(await page.locator('#step-20').isVisible());
  assert.equal(await page.locator('#step-20').getAttribute('aria-selected'), 'true');
  assert.equal(await page.locator('#steps').getAttribute('aria-activedescendant'), 'step-20');
  assert.ok(await page.locator('#source .hit').isVisible());
  await page.locator('#step-19').click();
  assert.equal(await position(), `step 19 of ${count}`);
  await page.locator('#copy').click();
  assert.match(await text('#copied'), /copied|select/);

  // Only the rows in sight exist.
  assert.ok(await page.locator('.row').count() <= 80);

  // Every control has a name, and can be reached.
  for (const button of await page.locator('button').all())
    assert.ok((await button.getAttribute('aria-label')) || (await button.innerText()).trim());

  // Both themes, by the system and by hand.
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  if (process.argv[3]) await page.screenshot({path: process.argv[3] + '-light.png', fullPage: true});
  await page.emulateMedia({colorScheme: 'dark'});
  await page.waitForFunction(before => getComputedStyle(document.body).backgroundColor !== before, light);
  const dark = await ground();
  if (process.argv[3]) await page.screenshot({path: process.argv[3] + '-dark.png', fullPage: true});
  await page.keyboard.press('t');
  assert.equal(await ground(), light);
  await page.locator('#theme').click();
  assert.equal(await ground(), dark);

  // No overflow to the side, at the width of a window and of a telephone.
  for (const width of [1280, 420]) {
    await page.setViewportSize({width, height: 900});
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} is wider than ${width}`);
  }

  assert.deepEqual(said, []);
  assert.deepEqual(requests, []);
  const paint = await page.evaluate(() => performance.getEntriesByType('paint').map(p => `${p.name} ${Math.round(p.startTime)} ms`).join(', '));
  console.log(`${count} steps: ${paint}`);
} catch (error) {
  failed = true;
  console.log(error.stack);
} finally {
  await browser.close();
  rmSync(profile, {recursive: true, force: true});
}
process.exit(failed ? 1 : 0);
