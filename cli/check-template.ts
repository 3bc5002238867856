import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';

const TEMPLATE = fileURLToPath(new URL('../.serverless/cloudformation-template-update-stack.json', import.meta.url));

/** Warnings that are no mistakes here, and why. */
const ACCEPTED: Record<string, string> = {
  W1001: 'a parameter is put in as a constant, so that a condition is always true or always false',
  W1028: 'the same',
  W2503: 'the same',
  W8003: 'the same',
  W9053: 'the same: two conditions are equal by their present values',
  W3005: 'osls writes a DependsOn for each role, beside the reference to it',
  W9003: 'a parameter is text, and CloudFormation takes "true" for true',
};

/** `npm run package` first. Prints what AWS's own validator says about the template; fails on anything not accepted. */
function check(): void {
  if (!existsSync(TEMPLATE)) throw new Error(`There is no ${TEMPLATE}: run \`npm run package\` first.`);
  const engine = new RegoEngine();
  const { diagnostics } = engine.validateStandard(new TemplateFile(TEMPLATE));
  const serious = diagnostics.filter(({ severity }) => severity !== 'INFO' && severity !== 'DEBUG');
  const found = serious.filter(({ ruleId }) => ACCEPTED[ruleId] === undefined);
  for (const { severity, ruleId, message } of found) console.error(`${severity} ${ruleId}: ${message}`);
  const rules = [...new Set(serious.map(({ ruleId }) => ruleId))].filter((ruleId) => ruleId in ACCEPTED).sort();
  for (const ruleId of rules) console.log(`accepted ${ruleId}: ${ACCEPTED[ruleId]}`);
  console.log(`${found.length} errors and warnings`);
  if (found.length > 0) process.exitCode = 1;
  engine.free();
}

check();
