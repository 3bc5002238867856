import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { organizationsOperationNames } from '../../local/organization/organizations-service.ts';
import { checkExchange, describeViolation, type Violation } from './exchange.ts';
import { knownDifferences } from './known-differences.ts';
import { isKnown, knownViolations } from './known-violations.ts';
import { createNormaliser, type Difference, differences } from './normalise.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { configScenarios } from './scenarios/config.ts';
import { iamScenarios, stsScenarios } from './scenarios/iam.ts';
import { kmsScenarios } from './scenarios/kms.ts';
import { organizationsScenarios } from './scenarios/organizations.ts';
import { assumeRoleScenarios, roleScenarios } from './scenarios/roles.ts';
import { s3Scenarios } from './scenarios/s3.ts';
import { secretsManagerScenarios } from './scenarios/secrets-manager.ts';
import { snsScenarios } from './scenarios/sns.ts';
import { filterScenarios } from './scenarios/sns-filters.ts';
import { sqsScenarios } from './scenarios/sqs.ts';
import { loadModels, type ServiceModels, unread } from './service-model.ts';
import { localSide, motoSide, type Side } from './side.ts';

const services: Readonly<Record<string, readonly Scenario[]>> = {
  iam: [...iamScenarios, ...roleScenarios],
  sts: [...stsScenarios, ...assumeRoleScenarios],
  secretsmanager: secretsManagerScenarios,
  sns: [...snsScenarios, ...filterScenarios],
  sqs: sqsScenarios,
  config: configScenarios,
  kms: kmsScenarios,
  organizations: organizationsScenarios,
  s3: s3Scenarios,
};

/**
 * Operations of the local AWS that moto does not have, and those of trails and metric filters: here they are what a test
 * says of them, and nothing else asks for them. Moto makes a trail only with a bucket.
 */
const notInMoto = [
  'cloudtrail:DescribeTrails',
  'cloudtrail:GetEventSelectors',
  'cloudtrail:GetTrailStatus',
  'cloudtrail:LookupEvents',
  'config:GetComplianceDetailsByConfigRule',
  'config:StartConfigRulesEvaluation',
  'iam:GenerateServiceLastAccessedDetails',
  'iam:GetServiceLastAccessedDetails',
  'iam:SimulatePrincipalPolicy',
  'logs:DescribeMetricFilters',
  'organizations:DeleteResourcePolicy',
  'organizations:DescribeResourcePolicy',
  'organizations:PutResourcePolicy',
];

const compared = new Set<string>();
const found = new Map<string, readonly Difference[]>();
/** Known violations of the service models that a scenario has met. */
const knownMet = new Set<string>();
const assumptions = readFileSync(new URL('../../docs/assumptions.md', import.meta.url), 'utf8');
let models: ServiceModels;

async function play({ given, call, after }: Scenario, side: Side): Promise<{ call: Outcome; after: Outcome }> {
  const normalise = createNormaliser();
  const had = await given(side);
  // Met first, so that keys are numbered in the order in which they were made.
  normalise(had);
  const outcome = await call(side, had);
  return normalise({ call: outcome, after: await after(side, had) }) as { call: Outcome; after: Outcome };
}

/** What the local AWS sent, and what it took with success, holds against the service models too. */
async function playLocally(scenario: Scenario) {
  const { side, aws, exchanges } = localSide();
  const outcome = await play(scenario, side);
  for (const { service, operation } of aws.calls) compared.add(`${service}:${operation}`);
  const violations: Violation[] = exchanges.flatMap((exchange) => {
    const verdict = checkExchange(models, exchange);
    if (unread.includes(verdict.service)) return [];
    return verdict.violations.filter(({ side: of }) => of === 'response' || verdict.isSuccess);
  });
  for (const violation of violations.filter(isKnown)) knownMet.add(describeViolation(violation));
  return { outcome, violations: violations.filter((violation) => !isKnown(violation)).map(describeViolation) };
}

const isExpected = (name: string, path: string) =>
  knownDifferences.some(({ on, at }) => on.includes(name) && at.includes(path));

beforeAll(() => {
  models = loadModels(inject('modelsPath'));
});

describe.each(Object.entries(services))('%s answers as moto does', (service, scenarios) => {
  it.each(scenarios.map((scenario) => ({ scenario, name: scenario.name })))('$name', async ({ scenario, name }) => {
    const { outcome: local, violations } = await playLocally(scenario);
    const moto = await play(scenario, await motoSide(inject('motoUrl')));
    const all = differences(local, moto);
    found.set(`${service}: ${name}`, all);
    expect(violations, 'against the service models').toEqual([]);
    expect(all.filter(({ path }) => !isExpected(`${service}: ${name}`, path))).toEqual([]);
  });
});

describe('the comparison', () => {
  it('has each name once', () => {
    const names = Object.entries(services).flatMap(([service, all]) => all.map(({ name }) => `${service}: ${name}`));
    expect(names.length).toBe(new Set(names).size);
    expect(found.size).toBe(names.length);
  });

  it('covers every operation of the local AWS', () => {
    const { aws } = localSide();
    const all = (['iam', 'secrets', 'sns', 'sqs', 'config', 'cloudTrail', 'kms', 's3', 'logs'] as const).flatMap(
      (member) => {
        const service = { secrets: 'secretsmanager', cloudTrail: 'cloudtrail' }[member as string] ?? member;
        return Object.keys(aws[member].operations).map((operation) => `${service}:${operation}`);
      },
    );
    all.push(...organizationsOperationNames.map((operation) => `organizations:${operation}`));
    expect(all.filter((name) => !compared.has(name)).toSorted()).toEqual(notInMoto);
  });

  it.each(knownDifferences)('still differs from moto: $reason ($on.0)', ({ on, at }) => {
    for (const path of at) {
      const agreeing = on.filter((name) => !found.get(name)?.some((difference) => difference.path === path));
      expect(agreeing, `no longer differ at ${path}: take it off the list`).toEqual([]);
    }
  });

  it.each(knownDifferences.filter(({ stand }) => stand === 'unverified'))(
    'has an assumption behind what could not be verified: $reason',
    ({ source }) => {
      const [number] = /^A\d+/.exec(source) ?? ['none'];
      expect(assumptions).toContain(`| ${number} |`);
    },
  );

  it.each(knownViolations.flatMap((known) => known.operations.map((operation) => ({ operation, ...known }))))(
    'still meets the known violation: $operation $problem',
    ({ operation, path, problem }) => {
      expect(knownMet).toContain(`${operation} response ${path}: ${problem}`);
    },
  );
});

afterAll(() => {
  const differing = [...found.values()].filter((all) => all.length > 0).length;
  const stands = ['aws', 'unverified'].map(
    (stand) => `${knownDifferences.filter((known) => known.stand === stand).length} ${stand}`,
  );
  console.log(`Compared with moto: ${found.size} calls, ${compared.size} operations; ${differing} calls differ.`);
  console.log(`Known differences: ${knownDifferences.length} (${stands.join(', ')}).`);
  const { KEYTURN_CONTRACT_REPORT: file } = process.env;
  if (file !== undefined) writeFileSync(file, JSON.stringify(Object.fromEntries(found), null, 2));
});
