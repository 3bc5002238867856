import { SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { ListSecretsCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { isFailure, messageOf, type RotationError } from '../core/errors.ts';
import { type ForeseenRefusal, refusalsIn, type Simulated } from '../core/fleet/foreseen-refusals.ts';
import { memberRoleArn, memberRoleName } from '../core/fleet/member-roles.ts';
import { partitionOf } from '../core/partition.ts';
import { present } from '../core/present.ts';
import { secretNameOf } from '../core/secret-name.ts';
import { parseSettings } from '../core/settings.ts';
import { isRefusedRole } from './member-session.ts';
import type { Runtime } from './runtime.ts';
import { isNotEnabled } from './secret-elsewhere.ts';

/** A user and a secret of nobody: the simulator decides by their names alone. */
const NOBODY = { userName: 'keyturn-nobody', userId: 'AIDAKEYTURNNOBODY000' };

/** Where the secrets of an account are. */
interface Where {
  accountId: string;
  region: string;
}

/**
 * What would refuse a rotation in an account, without trying one: the role's policies, its boundary, the organization,
 * or a Region that nobody has enabled. Of a role that is not there it says nothing: `trustOf` does.
 */
export async function foreseeRefusals(member: Runtime, where: Where): Promise<readonly ForeseenRefusal[]> {
  return [
    ...(await simulated(member, where)),
    ...(await regionOf(member, where)),
    ...(await otherRegionsOf(member, where)),
  ];
}

async function simulated({ aws, environment }: Runtime, { accountId, region }: Where): Promise<ForeseenRefusal[]> {
  const { roleSuffix, secretPrefix, userPathPrefix } = parseSettings(environment);
  const partition = partitionOf(region);
  const role = memberRoleName('rotate', roleSuffix);
  const secret = `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${secretNameOf(secretPrefix, NOBODY.userId)}`;
  const ask = async (actions: readonly string[], resource: string): Promise<Simulated[]> => {
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: memberRoleArn('rotate', { accountId, region, roleSuffix }),
      ActionNames: actions.map(String),
      ResourceArns: [resource],
      ContextEntries: [
        {
          ContextKeyName: 'secretsmanager:BlockPublicPolicy',
          ContextKeyType: 'boolean',
          ContextKeyValues: ['true'],
        },
        { ContextKeyName: 'aws:RequestedRegion', ContextKeyType: 'string', ContextKeyValues: [region] },
      ],
    });
    const { EvaluationResults = [] } = await aws.iam.send(command);
    return EvaluationResults.map(({ EvalActionName = '', EvalDecision = '', OrganizationsDecisionDetail }) => {
      const isAllowed = OrganizationsDecisionDetail?.AllowedByOrganizations;
      const byOrganization = present({ isAllowedByOrganization: isAllowed });
      return { action: EvalActionName, decision: EvalDecision, ...byOrganization };
    });
  };
  try {
    const all = [
      ...(await ask(
        ['iam:CreateAccessKey', 'iam:UpdateAccessKey', 'iam:DeleteAccessKey'],
        `arn:${partition}:iam::${accountId}:user${userPathPrefix}${NOBODY.userName}`,
      )),
      // Secrets Manager appends six characters.
      ...(await ask(['secretsmanager:CreateSecret', 'secretsmanager:PutResourcePolicy'], `${secret}-AbCdEf`)),
    ];
    return refusalsIn(all, role, accountId);
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity')) return [];
    if (isRefusedRole(error) || !isFailure(error, 'AccessDenied')) throw error;
    const message = `What ${role} in ${accountId} may do cannot be simulated: ${messageOf(error)}`;
    return [{ reason: 'not-simulated', message, isRefusal: false }];
  }
}

async function regionOf({ aws }: Runtime, { accountId, region }: Where): Promise<ForeseenRefusal[]> {
  const seen = await refusalIn(aws.secrets);
  if (seen === 'not-enabled') {
    const message = `Region ${region} is not enabled in ${accountId}.`;
    return [{ reason: 'region-not-enabled', message, isRefusal: true }];
  }
  if (seen === undefined) return [];
  return [{ reason: denierOf(seen), message: `In ${region} of ${accountId}: ${messageOf(seen)}`, isRefusal: true }];
}

/** Where else a secret may be, no key is issued until that can be seen. None is where the Region is not enabled. */
async function otherRegionsOf({ aws }: Runtime, { accountId }: Where): Promise<ForeseenRefusal[]> {
  const found: ForeseenRefusal[] = [];
  for (const [region, secrets] of aws.elsewhere) {
    const seen = await refusalIn(secrets);
    if (seen === undefined || seen === 'not-enabled') continue;
    const message = `Whether secrets of ${accountId} are in ${region} too cannot be seen: ${messageOf(seen)}`;
    found.push({ reason: denierOf(seen), message, isRefusal: true });
  }
  return found;
}

async function refusalIn(secrets: SecretsManagerClient): Promise<RotationError | 'not-enabled' | undefined> {
  try {
    await secrets.send(new ListSecretsCommand({ MaxResults: 1 }));
    return undefined;
  } catch (error) {
    if (isNotEnabled(error)) return 'not-enabled';
    if (isRefusedRole(error) || !isFailure(error, 'AccessDenied')) throw error;
    return error;
  }
}

function denierOf({ facts }: RotationError): ForeseenRefusal['reason'] {
  return facts.isDeniedByOrganization ? 'denied-by-organization' : 'denied-in-account';
}
