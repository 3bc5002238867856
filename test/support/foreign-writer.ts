import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Another program that adds a section to the file now and then, and knows of no lock. */
const [file = '', count = '0'] = process.argv.slice(2);
for (let at = 0; at < Number(count); at++) {
  appendFileSync(file, `[foreign-${at}]\nregion = eu-west-${at}\n`);
  await setTimeout(Math.random() * 60);
}
