import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from './account.ts';
import { check, done, step } from './report.ts';
import { ADMINISTRATOR } from './story/forged.ts';
import { USERS } from './story/operator.ts';
import type { World } from './world.ts';

/** Secret access keys belong in Secrets Manager and with their owner, what signs state in the functions' memory. */
export function searchForLeaks({ account, emulator, terminal }: World, users: readonly User[], stateKey: Buffer): void {
  step('What was printed, logged and sent holds no secret access key, and not the key that signs state');
  const secrets = users.flatMap(({ keys }) => keys.map(({ secretAccessKey }) => secretAccessKey));
  const logs = join(emulator.workDir, 'logs');
  const texts = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
  const all = [...texts, ...terminal.printed, account.inbox.join('\n')].join('\n');
  const escaped = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  const leaked = [...secrets, ...escaped].filter((secret) => all.includes(secret));
  done(`${secrets.length} secret access keys looked for in ${all.length} characters`);
  check('none is there', leaked.length === 0, leaked.length);
  const forms = (['base64', 'base64url', 'hex', 'latin1'] as const).map((encoding) => stateKey.toString(encoding));
  const isSecret = stateKey.length === 32 && !forms.some((form) => all.includes(form.replace(/=+$/, '')));
  check('nor is what the functions derive from the state key, in any encoding', isSecret);
}

interface Decision {
  principal: string;
  action: string;
  resource: string;
  allowed: boolean;
}

function readDecisions(workDir: string): Decision[] {
  const lines = readFileSync(join(workDir, 'logs/decisions.jsonl'), 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Decision);
}

/**
 * What the run tries on purpose: reads of secrets, calls about frank, who is outside the path, an administrator's, and those
 * of operators and of a stranger in their account.
 */
function wasExpected({ principal, action, resource }: Decision): boolean {
  const isAdministrator = principal.endsWith(`:role/${ADMINISTRATOR}`);
  const isOperator =
    principal.endsWith(':role/keyturn-operator') || principal.startsWith(`arn:aws:iam::${USERS}:user/`);
  return (
    isAdministrator || isOperator || action === 'secretsmanager:GetSecretValue' || resource.endsWith(':user/frank')
  );
}

/** What most likely explains a failure: refused calls, and the last errors in the functions' logs. */
export function evidence(workDir: string): string[] {
  const logs = join(workDir, 'logs');
  if (!existsSync(join(logs, 'decisions.jsonl'))) return [];
  const refused = readDecisions(workDir).filter((decision) => !decision.allowed && !wasExpected(decision));
  const errors = readdirSync(logs)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
    .filter((line) => line.includes('"level":"ERROR"'));
  return [...refused.slice(-5).map((decision) => JSON.stringify(decision)), ...errors.slice(-5)];
}

/** Every call of the run that a deployed role or an owner made was judged by the deployed policies. */
export function showPermissions(workDir: string): void {
  step('The deployed permissions were enough, and no more was asked for');
  const decisions = readDecisions(workDir);
  const byRole = Map.groupBy(
    decisions.filter(({ principal }) => principal.includes(':role/')),
    ({ principal }) => principal,
  );
  for (const [role, made] of byRole) {
    const actions = new Set(made.filter(({ allowed }) => allowed).map(({ action }) => action));
    done(`${role.split('/').at(-1)}: ${made.length} calls, ${actions.size} actions`);
  }
  const refused = decisions.filter(({ allowed }) => !allowed);
  const unexpected = refused.filter((decision) => !wasExpected(decision));
  check('nothing was refused but what was to be', unexpected.length === 0, unexpected);
  const reads = refused.filter(({ action }) => action === 'secretsmanager:GetSecretValue');
  const readers = new Set(reads.map(({ principal }) => principal));
  check(`one read each by the ${readers.size} who were to try`, readers.size === reads.length, reads);
}
