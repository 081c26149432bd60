// SPDX-License-Identifier: MIT
// Gives a view to the program that it is meant for, in Chromium, and prints what that made of it.
//
//   node tests/view/consumers.mjs mermaid VIEW    "sequence: N notes, N arrows": parsed and drawn by mermaid
//   node tests/view/consumers.mjs perfetto VIEW   what speedscope, a reader of Chrome's trace events, shows
import {createRequire} from 'node:module';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

const {chromium} = createRequire(resolve('build/node/') + '/')('playwright-core');
const [kind, file] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'allways-consumers-'));
const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
  executablePath: '/usr/bin/chromium', headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const consumers = {
  async mermaid(page) {
    await page.setContent('<body></body>');
    await page.addScriptTag({path: 'build/node/node_modules/mermaid/dist/mermaid.min.js'});
    return page.evaluate(async text => {
      mermaid.initialize({startOnLoad: false});
      const {diagramType} = await mermaid.parse(text);
      const {svg} = await mermaid.render('drawn', text);
      const root = new DOMParser().parseFromString(svg, 'text/html');
      const count = selector => root.querySelectorAll(selector).length;
      const notes = new Set([...root.querySelectorAll('.noteText')].map(note => note.getAttribute('y')));
      return `${diagramType}: ${notes.size} notes, ${count('text.messageText')} arrows`;
    }, readFileSync(file, 'utf8'));
  },

  async perfetto(page) {
    const said = [];
    page.on('console', message => said.push(message.text()));
    const script = join(folder, 'profile.js');
    writeFileSync(script, `speedscope.loadFileFromBase64("view.json", "${readFileSync(file).toString('base64')}")`);
    const refused = new Promise((_, reject) => page.on('dialog', dialog => {
      dialog.dismiss().catch(() => {});
      reject(new Error(dialog.message()));
    }));
    await page.goto('file://' + resolve('build/node/node_modules/speedscope/dist/release/index.html') +
      `#localProfilePath=${script}&view=sandwich`);
    await Promise.race([refused, page.waitForFunction(() => document.title.startsWith('view.json'))]);
    // It tries many formats, plain text among them.
    return said.find(text => text.startsWith('Importing')) + '\n' + await page.evaluate(() => document.body.innerText);
  },
};

let status = 0;
try {
  console.log(await consumers[kind](await browser.newPage()));
} catch (error) {
  console.log(String(error).split('\n', 1)[0]);
  status = 1;
}
await browser.close();
rmSync(folder, {recursive: true});
process.exit(status);
