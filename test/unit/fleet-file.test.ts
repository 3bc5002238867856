// Tests scripts/fleet.ts, and what scripts/parameters.ts and scripts/check-settings.ts make of a fleet.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSettings } from '../../scripts/check-settings.ts';
import { begunWaves, fleetPolicies, parseFleetYaml, readFleetFile } from '../../scripts/fleet.ts';
import { computed } from '../../scripts/parameters.ts';
import { parseDate } from '../../shared/core/time.ts';

const TEXT = `# Who belongs.
organizationId: o-a1b2c3d4e5
externalId: 3f0e2c52a9
select:
  organizationalUnits:
    - ou-ab12-11111111
exclude:
  accounts: ['012345678901']
waves:
  - { name: canary, accounts: ['444455556666'], enforceFrom: 2026-12-01 }
  - name: dev
    organizationalUnits: [ou-ab12-11111111]
    enforceFrom: 2026-12-10
settings:
  - { accounts: ['444455556666'], freeze: [['2026-12-20', '2027-01-05']], cloudtrailLookups: on }
`;
const parse = (text: string) => parseFleetYaml(text, 'fleet.yml');

let directory: string;
let path: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyturn-fleet-'));
  path = join(directory, 'fleet.yml');
  await writeFile(path, TEXT.replace(', cloudtrailLookups: on', ''));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('fleet.yml', () => {
  const valid = TEXT.replace('cloudtrailLookups: on', 'cloudtrailLookups: true');

  it('is handed to the functions as it was read', () => {
    const { fleet, json } = parse(valid);
    expect(JSON.parse(json)).toEqual(fleet);
    expect(fleet.exclude.accounts).toEqual(['012345678901']);
    expect(fleet.waves[1]?.enforceFrom).toBe(Date.UTC(2026, 11, 10));
    expect(parse(valid).json).toBe(json);
  });

  // Nothing is a date or a truth that is not written as one: `on` is a word.
  it.each([
    [TEXT, 'fleet.yml:15: settings.0.cloudtrailLookups: is "on": '],
    [
      valid.replace("'012345678901'", '012345678901'),
      'fleet.yml:8: exclude.accounts.0: must be text: quote account IDs',
    ],
    [valid.replace('2026-12-10', 'soon'), 'fleet.yml:13: waves.1.enforceFrom: must be a date YYYY-MM-DD'],
    [
      valid.replace('ou-ab12-11111111', 'ou-ab12'),
      'fleet.yml:6: select.organizationalUnits.0: must be the ID of an org',
    ],
    [valid.replace(/^externalId.*\n/m, ''), 'fleet.yml:2: externalId: is missing'],
    [valid.replace('exclude', 'exlude'), 'fleet.yml:2: exlude is unknown: the fields are organizationId, externalId,'],
    [`${valid}waves: []\n`, 'fleet.yml:16: Map keys must be unique'],
    ['select: [', 'fleet.yml:1: Flow sequence in block collection must be'],
    ['', 'fleet.yml:1: Invalid input: expected object'],
  ])('is refused with the line and the field (%#)', (text, expected) => {
    expect(() => parse(text)).toThrow(`Cannot read the fleet: ${expected}`);
  });

  it('that is not there is refused', async () => {
    await expect(readFleetFile('/nowhere/fleet.yml')).rejects.toThrow('there is no file /nowhere/fleet.yml');
  });

  it('a wave that begins at once is told of', () => {
    const { fleet } = parse(valid);
    const notes = (date: string) => begunWaves(fleet, parseDate(date) ?? 0);
    expect(notes('2026-11-30')).toEqual([]);
    expect(notes('2026-12-01')).toEqual([
      'Note: wave canary is from 2026-12-01: if it was not deployed before, it begins at once for 444455556666.',
    ]);
    expect(notes('2026-12-10')).toHaveLength(2);
  });

  it('with settings that no account could have is not deployed', () => {
    const { fleet } = parse(valid.replace('cloudtrailLookups: true', 'graceDays: 80'));
    const deploy = () => checkSettings({ provider: { region: 'eu-west-1', environment: {} } }, fleet);
    expect(deploy).toThrow(
      'Cannot deploy the fleet: settings.0 (444455556666): maxAccessKeyAgeDays - rotateAheadDays is 90',
    );
    expect(() =>
      checkSettings({ provider: { region: 'eu-west-1', environment: {} } }, parse(valid).fleet),
    ).not.toThrow();
  });
});

describe('what the stack computes from a fleet', () => {
  const compute = (name: string, fleet: string) =>
    computed[name]?.(async (parameter) => ({ fleet, 'sls:stage': 'prod', roleSuffix: '-a' })[parameter] ?? '');

  it.each([
    ['hasFleet', 'true', 'false'],
    ['fleetOrganizationId', 'o-a1b2c3d4e5', ''],
    ['fleetExternalId', '3f0e2c52a9', ''],
    ['workerConcurrency', 50, 2],
    ['scanConcurrency', 20, 20],
    ['fleetExcludedAccounts', expect.any(Array), []],
    ['fleetPolicies', { Resources: expect.any(Object) }, {}],
  ])('%s', async (name, expected, without) => {
    expect(await compute(name, path)).toEqual(expected);
    expect(await compute(name, '')).toEqual(without);
  });

  it('a policy for each function, behind what is denied to all', async () => {
    const { Resources } = fleetPolicies(parse(TEXT.replace(', cloudtrailLookups: on', '')).fleet, {
      stage: 'prod',
      roleSuffix: '-a',
      keepsEvidence: false,
    });
    expect(await compute('fleetPolicies', path)).toEqual({ Resources });
    const names = [
      'ScheduledRotation',
      'RotationWorker',
      'RotateUser',
      'ExposedKey',
      'ConfigRule',
      'ConfigRemediation',
    ];
    expect(Object.keys(Resources)).toEqual(['FleetDenials1', ...names.map((name) => `Fleet${name}1`)]);
    expect(Resources.FleetDenials1?.Properties.Roles).toEqual(names.map((name) => ({ Ref: `${name}Role` })));
    expect(Resources.FleetRotationWorker1).toEqual({
      Type: 'AWS::IAM::ManagedPolicy',
      DependsOn: ['FleetDenials1'],
      Properties: {
        Description: 'Accounts of the fleet, for keyturn-prod-rotation-worker.',
        Path: '/keyturn/',
        Roles: [{ Ref: 'RotationWorkerRole' }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'Fleet',
              Effect: 'Allow',
              Action: 'sts:AssumeRole',
              Resource: [{ 'Fn::Sub': `arn:\${AWS::Partition}:iam::*:role/keyturn/keyturn-rotate-a` }],
              Condition: {
                StringEquals: { 'aws:ResourceOrgID': 'o-a1b2c3d4e5' },
                'ForAnyValue:StringLike': { 'aws:ResourceOrgPaths': ['o-a1b2c3d4e5/*/ou-ab12-11111111/*'] },
                ArnEquals: {
                  'lambda:SourceFunctionArn': {
                    'Fn::Sub': `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:keyturn-prod-rotation-worker`,
                  },
                },
              },
            },
          ],
        },
      },
    });
  });

  it('with evidence, one for its collector too, which looks and never rotates', () => {
    const { fleet } = parse(TEXT.replace(', cloudtrailLookups: on', ''));
    const policiesOf = (keepsEvidence: boolean) =>
      fleetPolicies(fleet, { stage: 'prod', roleSuffix: '', keepsEvidence }).Resources;
    const { FleetEvidenceCollector1: added, FleetDenials1: denials, ...others } = policiesOf(true);
    const { FleetDenials1: before, ...without } = policiesOf(false);
    expect(others).toEqual(without);
    expect(JSON.stringify(added)).toContain('function:keyturn-prod-evidence-collector');
    expect(JSON.stringify(added)).not.toContain('keyturn-rotate');
    const role = { Ref: 'EvidenceCollectorRole' };
    expect(denials?.Properties.Roles).toEqual([...(before?.Properties.Roles ?? []), role]);
  });

  it('nothing, of a fleet that IAM would not take', () => {
    const accounts = Array.from({ length: 400 }, (_, index) => `'${100_000_000_000 + index}'`);
    const { fleet } = parse(
      TEXT.replace("['012345678901']", `[${accounts.join(', ')}]`).replace(', cloudtrailLookups: on', ''),
    );
    expect(() => fleetPolicies(fleet, { stage: 'prod', roleSuffix: '', keepsEvidence: false })).toThrow(
      /^fleet\.yml makes a statement of [\d,]+ characters \(ExcludedAccounts\), and IAM takes 6,144/,
    );
  });
});
