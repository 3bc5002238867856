import { formatDate, formatInstant } from '../../shared/core/time.ts';
import type { Context, GlobalOptions } from '../context.ts';
import type { Outcome, SwitchRequest } from './request.ts';

interface ReportOptions extends Pick<GlobalOptions, 'json' | 'quiet'> {
  endpointUrl?: string;
}

/** Data on stdout, by the form that is asked for; warnings on stderr. */
export function report(context: Context, options: ReportOptions, outcome: Outcome, request: SwitchRequest): void {
  const { print, warn } = context;
  for (const warning of outcome.warnings) warn(warning);
  if (options.json) print(JSON.stringify(documentOf(options, outcome), undefined, 2));
  else if (!options.quiet || outcome.status !== 'newest') print(linesOf(context, outcome, request).join('\n'));
}

/** As docs/switch.schema.json has it. */
function documentOf({ endpointUrl }: ReportOptions, outcome: Outcome) {
  const { status, userName, accountId, from, to, file, sections, alsoIn, oldKeyUntil } = outcome;
  return {
    ...{ schemaVersion: 1, status, userName, accountId, from, to, file, sections, alsoIn },
    oldKeyUntil: oldKeyUntil === undefined ? undefined : formatInstant(oldKeyUntil),
    endpointUrl,
  };
}

function linesOf(context: Context, outcome: Outcome, { present }: SwitchRequest): string[] {
  const { status, userName = 'its user', accountId, from, to, file, sections } = outcome;
  const done = (what: string, text: string) => `${context.paint('stdout', 'green', '✔')} ${what.padEnd(13)} ${text}`;
  const lines = [done('present key', `${from} of ${userName} in ${accountId}`)];
  if (status === 'newest') return [...lines, 'It is the newest key: there is nothing to switch.'];
  const since = outcome.currentSince === undefined ? '' : `, current since ${formatDate(outcome.currentSince)}`;
  const how = outcome.isRolledBack ? ', rolled back to' : since;
  if (status === 'waits')
    return [...lines, `! A newer key waits: ${to}${how}. Run \`keyturn switch\` without --check.`];
  lines.push(done('new key', `${to}${how}`), done('proved', `it works, and is ${userName}'s`));
  if (present.place !== undefined) {
    const { section } = present.place;
    const others = sections.filter((name) => name !== section).map((name) => `[${name}]`);
    const also = others.length === 0 ? '' : ` and ${others.join(', ')}, which held the same key`;
    lines.push(
      done('written', `${file}: [${section}]${also}`),
      done('read back', `profile ${section} now answers with ${to}`),
    );
  }
  return [...lines, '', ...afterwards(context, outcome)];
}

/** What the owner has to know, as far as it is known. */
function afterwards({ shell }: Context, outcome: Outcome): string[] {
  const { from, alsoIn, oldKeyUntil, confirmedAfter, isHandedOn, isRolledBack } = outcome;
  const lines: string[] = [];
  if (isHandedOn) {
    lines.push(`${from} is handed on to other places too, and the destinations decide when it is no longer needed.`);
  } else if (!isRolledBack) {
    const until = oldKeyUntil === undefined ? '' : `${from} still works until ${formatDate(oldKeyUntil)}. `;
    const isEarly = confirmedAfter !== undefined && shell.clock() < confirmedAfter;
    const at = formatInstant(confirmedAfter ?? 0).slice(11, 16);
    lines.push(
      isEarly
        ? `${until}Use the new key once after ${at} UTC, or run \`switch\` again: that is the confirmation.`
        : `${until}Nothing else needs to be told: using the new key is the confirmation.`,
    );
  }
  const places = alsoIn.map(({ path, line }) => `${path} (line ${line})`);
  if (shell.environment.AWS_ACCESS_KEY_ID === from) places.push('AWS_ACCESS_KEY_ID of the environment');
  if (places.length > 0) lines.push(`! Still elsewhere: ${from} was also found in ${places.join(', ')}`);
  return [...lines, 'Programs that run already keep the old key until they are restarted.'];
}
