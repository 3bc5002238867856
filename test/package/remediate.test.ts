import { beforeAll, describe, expect, it } from 'vitest';
import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { drain } from '../../local/host/event-source.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { workerSource } from '../support/queue.ts';
import { type LambdaCall, parseRunbook, type Runbook, runAutomation } from '../support/ssm-automation.ts';
import { createWorld, invoke, published } from '../support/world.ts';
import { packageVariant } from './package-stack.ts';
import { ACCOUNT, deploy, type JsonObject, object } from './template.ts';

searchForSecretsAfterEach();

const ROLE = `arn:aws:iam::${ACCOUNT}:role/RemediationAutomationRole`;

let runbook: Runbook;
/** Of the rule: what "Remediate" in Config's console does. */
let remediation: JsonObject;

beforeAll(async () => {
  const stack = deploy((await packageVariant('default')).template, { CreateConfigRule: true });
  const document = stack.properties('RemediationDocument');
  expect(document).toMatchObject({ DocumentType: 'Automation' });
  runbook = parseRunbook(document?.Content);
  remediation = stack.properties('ConfigRuleRemediation') ?? {};
  expect(remediation).toMatchObject({ TargetType: 'SSM_DOCUMENT', TargetId: document?.Name ?? null, Automatic: false });
}, 120_000);

/** https://docs.aws.amazon.com/config/latest/APIReference/API_RemediationParameterValue.html */
function parametersFor(resourceId: string): Record<string, string> {
  const parameters = Object.entries(object(remediation.Parameters)).map(([name, value]) => {
    const { StaticValue, ResourceValue } = object(value);
    if (StaticValue !== undefined) return [name, object(StaticValue).Values].flat();
    expect(ResourceValue).toEqual({ Value: 'RESOURCE_ID' });
    return [name, resourceId];
  });
  return Object.fromEntries(parameters);
}

describe('"Remediate" in the Config console', () => {
  it('has the user rotated whom the rule calls non-compliant', async () => {
    const world = createWorld();
    const { userId } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const handler = createConfigRemediation(world.runtime('config-remediation'));
    const calls: LambdaCall[] = [];
    const outputs = await runAutomation(runbook, parametersFor(userId), (call) => {
      calls.push(call);
      return invoke(world, 'config-remediation', handler, call.event);
    });

    expect(calls).toEqual([
      { role: ROLE, functionName: 'keyturn-dev-config-remediation', event: { resourceId: userId } },
    ]);
    expect(JSON.parse(outputs['Remediate.Payload'] ?? '')).toMatchObject({ status: 'enqueued', userName: 'alice' });
    await drain(world.aws, workerSource(world));
    expect(world.aws.iam.keysOf('alice')).toHaveLength(2);
    expect(published(world)).toEqual(['issued']);
  });

  it.each(['alice', 'AROAEXAMPLEEXAMPLE00', 'AIDAEXAMPLE","x":"'])('does not begin for %s', async (resourceId) => {
    const started = runAutomation(runbook, parametersFor(resourceId), () => Promise.reject(new Error('begun')));

    await expect(started).rejects.toThrow('ResourceId does not match');
  });
});
