import type { Principal } from './service.ts';

/** The functions of this service. Each calls as a role of its own, with the path `/keyturn/` and a fixed name. */
const functionNames = [
  'scheduled-rotation',
  'rotation-worker',
  'rotate-user',
  'config-rule',
  'config-remediation',
  'secret-rotation',
  'exposed-key',
  'evidence-recorder',
  'evidence-collector',
] as const;

export type FunctionName = (typeof functionNames)[number];

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What people and tests sign with. Any access key ID that belongs to no user or role signs as `operator`. */
export const operatorCredentials: KeyPair = { accessKeyId: 'ASIALOCALOPERATOR000', secretAccessKey: 'not-verified' };

/** What a function signs with: known beforehand, so that a process outside can be given it too. */
export function functionCredentials(name: FunctionName): KeyPair {
  return { accessKeyId: `ASIALOCAL${shortOf(name)}`, secretAccessKey: 'not-verified' };
}

/** What the account's root user signs with. */
export const rootCredentials: KeyPair = { accessKeyId: 'ASIALOCALROOT0000000', secretAccessKey: 'not-verified' };

export function roleArn(accountId: string, name: string, path = '/'): string {
  return `arn:aws:iam::${accountId}:role${path}${name}`;
}

/** The ARN of the role that a function calls as. */
export function functionRoleArn(accountId: string, name: FunctionName, roleSuffix = ''): string {
  return roleArn(accountId, `keyturn-${name}${roleSuffix}`, '/keyturn/');
}

/** The function that calls as a role of that account, if it is one. */
export function functionNameOf(arn: string, accountId: string, roleSuffix = ''): FunctionName | undefined {
  return functionNames.find((name) => functionRoleArn(accountId, name, roleSuffix) === arn);
}

/**
 * Who is behind the credentials that every account knows from its first instant, by access key ID. Their sessions have
 * no issue time of their own: Lambda and people renew theirs, so each call is made with a new one.
 */
export function builtInPrincipals(accountId: string, roleSuffix: string): [accessKeyId: string, Principal][] {
  const root: Principal = { kind: 'root', arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
  const functions = functionNames.map((name): [string, Principal] => {
    const roleName = `keyturn-${name}${roleSuffix}`;
    return [
      functionCredentials(name).accessKeyId,
      {
        kind: 'role',
        arn: functionRoleArn(accountId, name, roleSuffix),
        // The path is no part of a session's ARN.
        sessionArn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${roleName}`,
        userId: `${`AROALOCAL${shortOf(name)}`.slice(0, 21).padEnd(21, '0')}:${roleName}`,
        issuedAt: undefined,
      },
    ];
  });
  return [[rootCredentials.accessKeyId, root], ...functions];
}

/** Everybody else with a key that no user ever had. */
export function operatorOf(accountId: string): Principal {
  return {
    kind: 'role',
    arn: roleArn(accountId, 'operator'),
    sessionArn: `arn:aws:sts::${accountId}:assumed-role/operator/local`,
    userId: 'AROALOCALOPERATOR0000:local',
    issuedAt: undefined,
  };
}

function shortOf(name: FunctionName): string {
  return name.replaceAll('-', '').toUpperCase();
}
