import { readFileSync } from 'node:fs';
import { parse } from '@cdktf/hcl2json';
import { describe, expect, it } from 'vitest';
import { parseStatements } from '../../../local/aws/policies/policy.ts';
import { deploy, type Json, list, object } from '../../package/template.ts';
import { HUB, ORGANIZATION, templateOf, templateParameters } from '../../support/member-roles.ts';

const root = new URL('../../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const MODULE = 'examples/fleet/terraform/member-events';
const BUS = `arn:aws:events:eu-west-1:${HUB}:event-bus/keyturn-prod`;
const stack = deploy(templateOf('resources/member/keyturn-member-events.yml'), {}, { HubBusArn: BUS });
const terraform = object(await parse('main.tf', read(`${MODULE}/main.tf`)));

describe('what a member forwards', () => {
  it.each([
    ['ExposedKeyRule', 'exposed-key'],
    ['ConfigComplianceRule', 'config-compliance'],
  ])('%s goes to the bus of the hub, with the same pattern by Terraform', (rule, file) => {
    const { EventPattern, Targets } = object(stack.properties(rule));
    expect(Targets).toMatchObject([{ Arn: BUS, RoleArn: 'arn:aws:iam::111122223333:role/ForwarderRole' }]);
    expect(JSON.parse(read(`${MODULE}/patterns/${file}.json`))).toEqual(EventPattern);
    expect(list(object(list(terraform.locals)[0]).rules)).toContain(file);
  });

  it('is what the rules of the stack ask for', () => {
    const [rules] = [read('resources/events.yml')];
    for (const wanted of ['{ prefix: AWS_RISK_CREDENTIALS_ }', "resourceType: ['AWS::IAM::User']", '[NON_COMPLIANT]']) {
      expect(rules).toContain(wanted);
      expect(read('resources/member/keyturn-member-events.yml')).toContain(wanted);
    }
  });

  it('by a role that may put events there and nothing else, the same by Terraform', () => {
    const { AssumeRolePolicyDocument, Policies } = object(stack.properties('ForwarderRole'));
    const policy = object(list(Policies)[0]).PolicyDocument ?? null;
    expect(parseStatements(policy)).toMatchObject([{ actions: ['events:PutEvents'], resources: [BUS] }]);
    expect([filledIn('forwarder-trust'), filledIn('forwarder')]).toEqual([AssumeRolePolicyDocument, policy]);
  });
});

function filledIn(file: string): Json {
  const values: Record<string, string> = {
    partition: 'aws',
    region: 'eu-west-1',
    account: '111122223333',
    hub_bus_arn: BUS,
  };
  return JSON.parse(
    read(`${MODULE}/policies/${file}.json.tftpl`).replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
  ) as Json;
}

describe('the StackSet', () => {
  const given = {
    TemplateUrl: 'https://bucket.s3.eu-west-1.amazonaws.com/keyturn-member.yml',
    OrganizationalUnits: 'ou-ab12-11111111',
    HubAccountId: HUB,
    OrganizationId: ORGANIZATION,
    ExternalId: 'random',
  };
  const byStack = object(deploy(templateOf('examples/fleet/stack-set/template.yml'), {}, given).properties('Members'));

  it('is of the same kind by CloudFormation and by Terraform: of whole OUs, and of accounts that join them', async () => {
    const file = 'examples/fleet/terraform/stack-set/main.tf';
    const { resource } = object(await parse('main.tf', read(file)));
    const one = (type: string) => object(list(object(object(resource)[type]).keyturn)[0]);
    const byTerraform = one('aws_cloudformation_stack_set');
    expect(byTerraform.template_body).toContain('resources/member/keyturn-member.yml');
    expect([byTerraform.permission_model, byTerraform.capabilities, byTerraform.auto_deployment]).toEqual([
      byStack.PermissionModel,
      byStack.Capabilities,
      [{ enabled: true, retain_stacks_on_account_removal: false }],
    ]);
    expect(byStack.AutoDeployment).toEqual({ Enabled: true, RetainStacksOnAccountRemoval: false });
    expect([byStack.ManagedExecution, byTerraform.managed_execution]).toEqual([{ Active: true }, [{ active: true }]]);
    expect(byStack.OperationPreferences).toEqual({
      FailureTolerancePercentage: 10,
      MaxConcurrentPercentage: 25,
      ConcurrencyMode: 'SOFT_FAILURE_TOLERANCE',
    });
    expect(one('aws_cloudformation_stack_set_instance').operation_preferences).toEqual([
      { failure_tolerance_percentage: 10, max_concurrent_percentage: 25, concurrency_mode: 'SOFT_FAILURE_TOLERANCE' },
    ]);
  });

  it('gives parameters that the template of the members has', () => {
    const names = list(byStack.Parameters).map((parameter) => String(object(parameter).ParameterKey));
    expect(names).toEqual(['HubAccountId', 'OrganizationId', 'ExternalId']);
    expect(templateParameters).toEqual(expect.arrayContaining(names));
  });
});
