import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type OrganizationDays, organizationDays, playOrganization } from './organization/play.ts';
import { printOrganization } from './organization/print.ts';
import { organizationTotals } from './organization/report.ts';
import { picture } from './picture.ts';
import { printTable, printTimeline, printTotals } from './print.ts';
import { exitCodeOf, rowsOf, totalsOf } from './report.ts';
import { timeline } from './timeline.ts';
import { firstDay, playYear, type Year } from './year.ts';

const help = `npm run demo [-- options]

A year of a small company's access keys in seconds: the real functions, through the real AWS SDK, against the embedded
AWS in local/. Then an organization of twelve accounts, which one hub looks after. Ends with an error if anything that
must always hold was broken, after any single call.

  --all            every event, instead of what is out of the ordinary
  --days N         so many days instead of 365; of the organization never more than ${organizationDays}
  --picture FILE   where the picture goes; dist/demo.html
  --help           this
`;

interface Options {
  readonly all: boolean;
  readonly days: number;
  readonly path: string;
}

function options(): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { all: flag, days: text, picture: text, help: flag } });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const days = Number(values.days ?? 365);
  if (!Number.isInteger(days) || days < 1 || days > 3_650)
    throw new Error(`--days must be a whole number from 1 to 3650, not "${values.days}".`);
  const path = values.picture ?? fileURLToPath(new URL('../../dist/demo.html', import.meta.url));
  return { all: values.all ?? false, days, path };
}

/** On a terminal only, and on stderr, so that the output can be piped. */
function progress(what: string, day: number, days: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}: day ${day + 1} of ${days} …`);
}

function wipe(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

async function draw(year: Year, organization: OrganizationDays, path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, picture(year, organization));
  return relative(process.cwd(), path);
}

function show(year: Year, all: boolean): void {
  const out = process.stdout;
  wipe();
  out.write(
    `Keyturn: ${year.days} days of access keys. A key older than 90 days is replaced and its owner told where the new one is;\n` +
      'the old one is deactivated 10 days later, if it is no longer used, and deleted after 10 more. A key ID is shown by its\n' +
      'last four characters, …ABCD. Everything below was done by the real functions and found in the embedded AWS.\n\n',
  );
  printTimeline(timeline(year.happenings, firstDay, all), firstDay, out);
  out.write('\n');
  printTable(rowsOf(year), out);
  out.write('\n');
  printTotals(totalsOf(year), out);
}

try {
  const { all, days, path } = options();
  const year = await playYear({ days, onDay: (day) => progress('a company', day, days) });
  show(year, all);
  const fewer = Math.min(days, organizationDays);
  const organization = await playOrganization({ days: fewer, onDay: (day) => progress('an organization', day, fewer) });
  wipe();
  process.stdout.write('\n');
  printOrganization(organization, process.stdout);
  process.stdout.write(`A picture of it all: ${await draw(year, organization, path)}\n`);
  process.exitCode = exitCodeOf(totalsOf(year)) || exitCodeOf(organizationTotals(organization));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
// The invocation that was killed on purpose still has a timer, which would hold the process for minutes.
process.stdout.write('', () => process.exit());
