// Tests of shared/aws/organization.ts.

import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../../local/aws/aws.ts';
import { functionCredentials } from '../../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../../local/host/runtime.ts';
import { describeAccount, listAccounts, tagsOfAccount } from '../../../shared/aws/organization.ts';
import type { OrganizationAccount } from '../../../shared/core/fleet/select.ts';
import {
  createFleetOrganization,
  type FleetOptions,
  HUB,
  MANAGEMENT,
  ORGANIZATION,
  UNITS,
} from '../../support/organization.ts';

const LAB = '666677778888';
const CANARY = '555566667777';

function hubOf(options: FleetOptions = {}, before?: BeforeCall) {
  const organization = createFleetOrganization(options);
  const slept: number[] = [];
  const { aws } = createRuntime({
    aws: organization.hub,
    line: directLine(organization.connect('scheduled-rotation', before)),
    credentials: functionCredentials('scheduled-rotation'),
    environment: {},
    onLog: () => {},
  });
  const sleep = async (ms: number) => void slept.push(ms);
  const warned: string[] = [];
  const log = { warn: (message: string) => void warned.push(message) };
  const list = async () => {
    const accounts: OrganizationAccount[] = [];
    for await (const account of listAccounts(aws, { sleep, log })) accounts.push(account);
    return accounts;
  };
  const asked = () => organization.calls.map(({ call }) => call.operation);
  return { organization, aws, list, slept, asked, warned };
}

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ accountId: String(700_000_000_000 + i), parent: UNITS.dev }));

describe('the accounts of an organization', () => {
  it('are all of them, with what they are and where', async () => {
    const { list, organization, asked, warned } = hubOf();
    organization.setState(LAB, 'SUSPENDED');
    const accounts = await list();
    expect(accounts.map(({ accountId }) => accountId)).toEqual(organization.accountIds);
    expect(accounts.at(-1)).toEqual({
      ...{ accountId: LAB, name: 'lab', state: 'SUSPENDED', isManagement: false },
      path: `${ORGANIZATION}/${UNITS.root}/${UNITS.dev}/`,
      joinedAt: expect.any(Number),
    });
    expect(accounts.filter(({ isManagement }) => isManagement).map(({ accountId }) => accountId)).toEqual([MANAGEMENT]);
    expect(asked()).toEqual(['ListAccounts']);
    expect(warned).toEqual([]);
  });

  it('come twenty a page, five pages a second', async () => {
    const { list, slept, asked } = hubOf({ accounts: many(58) });
    expect(await list()).toHaveLength(60);
    expect(asked()).toHaveLength(3);
    expect(slept).toEqual([200, 200]);
  });

  it('come also where pages are empty', async () => {
    const { list } = hubOf({ accounts: many(38), ways: { hasEmptyPages: true } });
    expect(await list()).toHaveLength(40);
  });

  it('are never fewer than there are: a page that fails ends it all', async () => {
    let pages = 0;
    const { list } = hubOf({ accounts: many(38) }, () =>
      pages++ > 0 ? { kind: 'error', status: 500, code: 'ServiceException' } : undefined,
    );
    await expect(list()).rejects.toMatchObject({ name: 'RotationError', isTransient: true });
  });

  it('come also where AWS is busy now and then', async () => {
    let calls = 0;
    const { list } = hubOf({ accounts: many(58) }, () => (calls++ % 2 === 0 ? { kind: 'throttle' } : undefined));
    expect(await list()).toHaveLength(60);
  });

  it('have a path also where AWS says none: from parent to parent, each unit once', async () => {
    const { list, organization, asked, slept, warned } = hubOf({ ways: { hasNoPaths: true, hasEmptyPages: true } });
    const accounts = await list();
    expect(accounts.map(({ path }) => path)).toEqual(organization.accountIds.map((id) => organization.pathOf(id)));
    // Two in the root, one in each of prod, canary and dev; and the parents of those three.
    const parents = asked().filter((operation) => operation === 'ListParents').length / 2;
    expect(parents).toBe(5 + 3);
    expect(slept.filter((ms) => ms === 200)).toHaveLength(parents + 1);
    expect(warned).toEqual(['AWS does not say where accounts are: their parents are asked for']);
  });

  it('have a path that may end in the account', async () => {
    const { list } = hubOf({ ways: { hasAccountInPaths: true } });
    expect((await list()).at(-1)?.path).toBe(`${ORGANIZATION}/${UNITS.root}/${UNITS.dev}/${LAB}/`);
  });

  it('are for the management account to show', async () => {
    const { list, organization } = hubOf();
    organization.organizations.delegation = undefined;
    await expect(list()).rejects.toMatchObject({ code: 'AccessDeniedException', isTransient: false });
    await expect(list()).rejects.toThrow('Run `keyturn fleet grant` with credentials of the management account.');
  });
});

describe('one account', () => {
  it('is as it is now', async () => {
    const { aws, organization } = hubOf();
    organization.move(LAB, UNITS.canary);
    expect(await describeAccount(aws, LAB)).toMatchObject({ name: 'lab', path: organization.pathOf(LAB) });
  });

  it('is none that the organization does not have', async () => {
    const { aws } = hubOf();
    expect(await describeAccount(aws, '123456789012')).toBeUndefined();
  });

  it('has a path also where AWS says none', async () => {
    const { aws, organization } = hubOf({ ways: { hasNoPaths: true } });
    expect((await describeAccount(aws, CANARY))?.path).toBe(organization.pathOf(CANARY));
  });

  it('is not taken for absent while AWS does not answer', async () => {
    const { aws } = hubOf({}, () => ({ kind: 'error', status: 500, code: 'ServiceException' }));
    await expect(describeAccount(aws, LAB)).rejects.toMatchObject({ isTransient: true });
  });

  it('that may not be read is for the management account to show, which AWS names', async () => {
    const message = `not authorized to perform: organizations:DescribeAccount on resource: arn:aws:organizations::${MANAGEMENT}:account/${ORGANIZATION}/${LAB}`;
    const { aws } = hubOf({}, () => ({ kind: 'error', status: 400, code: 'AccessDeniedException', message }));
    await expect(describeAccount(aws, LAB)).rejects.toThrow(
      `with credentials of the management account ${MANAGEMENT}.`,
    );
  });

  it('has tags', async () => {
    const { aws, organization } = hubOf({ ways: { hasEmptyPages: true } });
    expect(await tagsOfAccount(aws, HUB)).toEqual({});
    organization.setTags(LAB, Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`key${i}`, 'on'])));
    expect(Object.keys(await tagsOfAccount(aws, LAB))).toHaveLength(25);
  });
});
