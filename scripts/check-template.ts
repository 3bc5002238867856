import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StandardDiagnostic } from '@aws/cloudformation-validate';

/** Of the stack, once packaged; forwarders, alarms and what members of a fleet get, stacks of their own; and the examples. */
export const TEMPLATES = [
  '../.serverless/cloudformation-template-update-stack.json',
  '../resources/forwarder/exposed-key-forwarder.yml',
  '../resources/forwarder/event-forwarder.yml',
  '../resources/suspicious.yml',
  '../resources/member/keyturn-member.yml',
  '../resources/member/keyturn-member-events.yml',
  '../examples/fleet/four-accounts/operator-role.yml',
  '../examples/fleet/stack-set/template.yml',
  '../examples/service-user/role.yml',
  '../examples/service-user/template.yml',
].map((file) => fileURLToPath(new URL(file, import.meta.url)));

/**
 * The validator reads a parameter's default also where a condition rules it out: an empty ARN would be too short, and `*` is
 * no value of a tag.
 */
const PARAMETERS = {
  AlarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:on-call',
  PermissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/boundary',
  SecretRegion: 'eu-west-1',
};

/** Warnings that are no mistakes here, and why. */
const ACCEPTED: Record<string, string> = {
  W1001: 'a parameter is put in as a constant, so that a condition is always true or always false',
  W1028: 'the same',
  W2503: 'the same',
  W8003: 'the same',
  W9053: 'the same: two conditions are equal by their present values',
  W2509: 'the name of a secret, and its Region, are no secret',
  W3005: 'osls writes a DependsOn for each role, beside the reference to it',
  W9003: 'a parameter is text, and CloudFormation takes "true" for true',
};

/** What the validator says, line by line: what is not accepted, and what is. */
export function judged(diagnostics: readonly Pick<StandardDiagnostic, 'severity' | 'ruleId' | 'message'>[]) {
  const serious = diagnostics.filter(({ severity }) => severity !== 'INFO' && severity !== 'DEBUG');
  const found = serious.filter(({ ruleId }) => ACCEPTED[ruleId] === undefined);
  const rules = [...new Set(serious.map(({ ruleId }) => ruleId))].filter((ruleId) => ruleId in ACCEPTED).sort();
  return {
    found: found.map(({ severity, ruleId, message }) => `${severity} ${ruleId}: ${message}`),
    accepted: rules.map((ruleId) => `accepted ${ruleId}: ${ACCEPTED[ruleId]}`),
  };
}

/** `npm run package` first. Prints what AWS's own validator says about each template; fails on anything not accepted. */
async function main(): Promise<void> {
  const { RegoEngine, TemplateFile } = await import('@aws/cloudformation-validate');
  const engine = new RegoEngine();
  for (const template of TEMPLATES) {
    if (!existsSync(template)) throw new Error(`There is no ${template}: run \`npm run package\` first.`);
    const { diagnostics } = engine.validateStandard(new TemplateFile(template), { parameterOverrides: PARAMETERS });
    const { found, accepted } = judged(diagnostics);
    for (const line of found) console.error(line);
    for (const line of accepted) console.log(line);
    console.log(`${basename(template)}: ${found.length} errors and warnings`);
    if (found.length > 0) process.exitCode = 1;
  }
  engine.free();
}

if (import.meta.main) await main();
