import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Exception, endedExceptions } from '../shared/core/evidence/exceptions.ts';
import { readExceptions } from '../shared/core/evidence/read-exceptions.ts';
import type { Instant } from '../shared/core/time.ts';
import { readYaml } from './yaml-file.ts';

const NAME = 'evidence-exceptions.yml';

/** Of the file in that folder; none where there is none. Throws a SettingsError that names what is wrong in it. */
export async function readExceptionsFile(folder: string, now: Instant): Promise<Exception[]> {
  const text = await readFile(join(folder, NAME), 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  return readYaml({ text, name: NAME, what: 'the exceptions' }, (value) => readExceptions(value, now));
}

/** Puts them beside the bundle of the function that judges, as what it takes them for. */
export async function addExceptions(outDir: string, exceptions: readonly Exception[]): Promise<void> {
  if (exceptions.length === 0) return;
  await writeFile(join(outDir, 'evidence-collector', 'exceptions.json'), `${JSON.stringify(exceptions)}\n`);
}

/** Each that is over, in a sentence: the file is taken all the same, and control exemption-dated fails. */
export function exceptionNotes(exceptions: readonly Exception[], now: Instant): string[] {
  return endedExceptions(exceptions, now).map((sentence) => `Note: ${NAME}: ${sentence}`);
}
