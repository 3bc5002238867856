import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { SettingsError } from '../shared/core/errors.ts';
import { type Fleet, readFleet, type Wave } from '../shared/core/fleet/fleet.ts';
import {
  checkPolicies,
  denials,
  grants,
  managedPolicies,
  type PolicyDocument,
  rolesTaken,
  rolesTakenWithEvidence,
} from '../shared/core/fleet/policy.ts';
import { formatDate, type Instant } from '../shared/core/time.ts';
import { readYaml } from './yaml-file.ts';

/** A fleet, and the text of `fleet.json`: the functions take it as it is, so that no bundle carries the schema. */
export interface FleetFile {
  fleet: Fleet;
  json: string;
}

/** Throws a SettingsError that names the file, and the line and the field of each thing that is wrong in it. */
export async function readFleetFile(path: string): Promise<FleetFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SettingsError(`Cannot read the fleet: there is no file ${path}.`, { cause: error });
  });
  return parseFleetYaml(text, basename(path));
}

/** The same of its text. */
export function parseFleetYaml(text: string, name: string): FleetFile {
  const fleet = readYaml({ text, name, what: 'the fleet' }, (value) => {
    const result = readFleet(value);
    return 'fleet' in result ? { value: result.fleet } : result;
  });
  return { fleet, json: `${JSON.stringify(fleet)}\n` };
}

/** Waves that have begun before anything is deployed, each in a sentence: whoever deploys them first should know. */
export function begunWaves({ waves }: Fleet, now: Instant): string[] {
  const namesOf = ({ organizationalUnits, accounts }: Wave): string => [...organizationalUnits, ...accounts].join(', ');
  return waves.flatMap((wave) =>
    wave.enforceFrom === undefined || now < wave.enforceFrom
      ? []
      : [
          `Note: wave ${wave.name} is from ${formatDate(wave.enforceFrom)}: if it was not deployed before, it begins at ` +
            `once for ${namesOf(wave)}.`,
        ],
  );
}

export interface Resources {
  Resources: Record<string, ManagedPolicy>;
}

export interface ManagedPolicy {
  Type: 'AWS::IAM::ManagedPolicy';
  DependsOn?: readonly string[];
  Properties: { Description: string; Path: string; PolicyDocument: unknown; Roles: readonly unknown[] };
}

/**
 * The policies by which the functions may take the roles of members: what is denied once for all, and before anything is
 * allowed; what is allowed for each function by itself. Throws a SettingsError for what IAM would not take.
 */
export function fleetPolicies(
  fleet: Fleet,
  { stage, roleSuffix, keepsEvidence }: { stage: string; roleSuffix: string; keepsEvidence: boolean },
): Resources {
  // At least as long as what CloudFormation puts in their place, so that no size is underestimated.
  const hub = { partition: `\${AWS::Partition}`, roleSuffix };
  const arnOf = (name: string): string =>
    `arn:${hub.partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:keyturn-${stage}-${name}`;
  const denied = managedPolicies(denials(fleet, hub));
  const denialIds = denied.map((_, index) => `FleetDenials${index + 1}`);
  const functions = Object.entries(keepsEvidence ? rolesTakenWithEvidence : rolesTaken);
  const all = functions.map(([name]) => ({ Ref: `${pascal(name)}Role` }));
  const denying = denied.map((document, index): [string, ManagedPolicy] => [
    denialIds[index] ?? '',
    policy('Accounts that Keyturn does not touch, or not yet.', document, all),
  ]);
  const granting = functions.flatMap(([name, roles]) => {
    const documents = managedPolicies(grants(fleet, { ...hub, roles, functionArn: arnOf(name) }));
    checkPolicies([...denied, ...documents]);
    return documents.map((document, index): [string, ManagedPolicy] => [
      `Fleet${pascal(name)}${index + 1}`,
      {
        ...policy(`Accounts of the fleet, for keyturn-${stage}-${name}.`, document, [{ Ref: `${pascal(name)}Role` }]),
        DependsOn: denialIds,
      },
    ]);
  });
  return { Resources: Object.fromEntries([...denying, ...granting]) };
}

function policy(description: string, document: PolicyDocument, roles: readonly unknown[]): ManagedPolicy {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: { Description: description, Path: '/keyturn/', PolicyDocument: substituted(document), Roles: roles },
  };
}

/** With `Fn::Sub` around each text that CloudFormation is to fill in. */
function substituted(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('${') ? { 'Fn::Sub': value } : value;
  if (Array.isArray(value)) return value.map(substituted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substituted(item)]));
}

/** `rotation-worker` → `RotationWorker`, as the template calls its role. */
function pascal(name: string): string {
  return name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}
