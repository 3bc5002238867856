import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { functionRoleArn } from '../../local/aws/principals.ts';
import type { LocalServer } from '../../local/aws/server.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { createFleetOrganization, EXTERNAL_ID, HUB, ORGANIZATION, UNITS } from './organization.ts';
import { serveOrganization } from './organization-server.ts';
import { keyturn, type Ran, type Typing } from './terminal.ts';

export const FLEET_STAGE = 'test';

type Answers = (event: Record<string, unknown>) => unknown;

/** A function of the hub that answers as it is told. Returns what it was asked, oldest first. */
export function answering(
  { hub }: LocalOrganization,
  name: 'scheduled-rotation' | 'rotate-user',
  answer: Answers,
): Record<string, unknown>[] {
  const asked: Record<string, unknown>[] = [];
  hub.lambda.deploy({
    functionName: `keyturn-${FLEET_STAGE}-${name}`,
    roleArn: functionRoleArn(HUB, name),
    environment: {},
    async handler(event) {
      const given = event as Record<string, unknown>;
      asked.push(given);
      return answer(given);
    },
  });
  return asked;
}

/** As a function throws it: Lambda answers the name and the message. */
export function failing(name: string, message: string): never {
  throw Object.assign(new Error(message), { name });
}

/** An organization over loopback for each test, and a folder with its fleet.yml: production and development, the canary enforced. */
export interface FleetCli {
  readonly organization: LocalOrganization;
  readonly file: string;
  readonly folder: string;
  /** The environment of an operator of that account. */
  environmentOf(accountId: string): Record<string, string>;
  /** By an operator of the hub, with this fleet.yml and the stage. */
  fleet(args: readonly string[], typing?: Typing): Promise<Ran>;
}

export function withFleetCli(): FleetCli {
  const state: { organization?: LocalOrganization; server?: LocalServer; folder: string } = { folder: '' };
  const organization = (): LocalOrganization => {
    if (state.organization === undefined) throw new Error('There is an organization in tests only.');
    return state.organization;
  };
  beforeAll(() => {
    state.folder = mkdtempSync(join(tmpdir(), 'keyturn-fleet-'));
    writeFileSync(
      join(state.folder, 'fleet.yml'),
      `organizationId: ${ORGANIZATION}
externalId: ${EXTERNAL_ID}
select: { organizationalUnits: [${UNITS.prod}, ${UNITS.dev}] }
waves: [{ name: canary, organizationalUnits: [${UNITS.canary}], enforceFrom: 2020-01-01 }]
`,
    );
  });
  afterAll(() => rmSync(state.folder, { recursive: true }));
  beforeEach(async () => {
    state.organization = createFleetOrganization();
    state.server = await serveOrganization(state.organization);
  });
  afterEach(() => state.server?.close());
  const environmentOf = (accountId: string): Record<string, string> => {
    const { accessKeyId, secretAccessKey } = organization().operatorOf(accountId);
    return {
      AWS_ENDPOINT_URL: state.server?.url ?? '',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
  };
  return {
    get organization() {
      return organization();
    },
    get folder() {
      return state.folder;
    },
    get file() {
      return join(state.folder, 'fleet.yml');
    },
    environmentOf,
    fleet([command = '', ...args], typing = {}) {
      const given = ['--fleet', join(state.folder, 'fleet.yml'), '--stage', FLEET_STAGE, ...args];
      return keyturn(['fleet', command, ...given], { environment: environmentOf(HUB), ...typing });
    },
  };
}

/** What was called that docs/cli-permissions.md does not name, from the n-th call on. */
export function actionsOutside({ calls }: LocalOrganization, from = 0): string[] {
  const allowed = [...readFileSync('docs/cli-permissions.md', 'utf8').matchAll(/`(\w+:\w+)`/g)].map(([, name]) => name);
  const names = calls.slice(from).map(({ call: { service, operation } }) => `${service}:${operation}`);
  return [...new Set(names)].filter((name) => !allowed.includes(name));
}
