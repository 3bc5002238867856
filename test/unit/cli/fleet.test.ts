// cli/fleet/first-file.ts, cli/fleet/delegation.ts
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { hubReads, withHub, withoutHub } from '../../../cli/fleet/delegation.ts';
import { firstFile } from '../../../cli/fleet/first-file.ts';
import type { OrganizationTree, TreeAccount } from '../../../cli/fleet/tree.ts';
import { parseFleet } from '../../../shared/core/fleet/fleet.ts';

const active = (accountId: string, name: string): TreeAccount => ({ accountId, name, state: 'ACTIVE' });

const tree: OrganizationTree = {
  organizationId: 'o-a1b2c3d4e5',
  managementAccountId: '000011112222',
  roots: [
    {
      id: 'r-ab12',
      name: 'Root',
      accounts: [active('000011112222', 'management')],
      units: [
        {
          id: 'ou-ab12-11111111',
          name: 'Workloads',
          accounts: [
            { ...active('111122223333', 'old'), state: 'SUSPENDED' },
            active('012345678901', 'web\nwaves: []'),
          ],
          units: [{ id: 'ou-ab12-22222222', name: 'Prod \u001B[31m', accounts: [], units: [] }],
        },
      ],
    },
  ],
};

describe('the first fleet.yml', () => {
  const text = firstFile(tree, 'a3f1c2d4-0000-4000-8000-000000000000');

  it('is a whole organization in a dry run', () => {
    const fleet = parseFleet(parseDocument(text).toJS());
    expect(fleet).toMatchObject({
      organizationId: 'o-a1b2c3d4e5',
      externalId: 'a3f1c2d4-0000-4000-8000-000000000000',
      select: { organizationalUnits: ['r-ab12'] },
      waves: [],
      settings: [],
    });
  });

  it('holds the tree in comments, and no name leaves its comment', () => {
    expect(text.slice(text.indexOf('# The organization.'))).toMatchInlineSnapshot(`
      "# The organization. The management account, 000011112222, is left out unless select.accounts names it.
      # r-ab12 Root, 3 accounts
      #   '000011112222' management
      #   ou-ab12-11111111 Workloads, 2 accounts
      #     '111122223333' old (SUSPENDED)
      #     '012345678901' web�waves: []
      #     ou-ab12-22222222 Prod , 0 accounts
      "
    `);
  });

  it('counts what would make the file long', () => {
    const accounts = Array.from({ length: 23 }, (_, index) => active(String(100_000_000_000 + index), `a${index}`));
    const long = firstFile({ ...tree, roots: [{ id: 'r-ab12', name: 'Root', accounts, units: [] }] }, 'random');
    expect(long).toContain('# r-ab12 Root, 23 accounts\n');
    expect(long).toContain("'100000000019' a19\n#   and 3 more\n");
  });
});

describe('the delegation policy', () => {
  const hub = { accountId: '999900001111', partition: 'aws' };
  const others = {
    Version: '2012-10-17',
    Id: 'ours',
    Statement: [{ Sid: 'Backup', Effect: 'Allow', Principal: { AWS: '222233334444' }, Action: 'organizations:List*' }],
  };

  it('lets the hub read, in an organization without one', () => {
    expect(withHub(undefined, hub)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'KeyturnHub999900001111',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::999900001111:root' },
          Action: [...hubReads],
          Resource: '*',
        },
      ],
    });
    for (const action of hubReads) expect(action).toMatch(/^organizations:(Describe|List)[A-Za-z]+$/);
  });

  it('keeps what is there, and is the same when it is put again', () => {
    const once = withHub(JSON.stringify(others), hub);
    expect(once).toMatchObject({ Id: 'ours', Statement: [others.Statement[0], { Sid: 'KeyturnHub999900001111' }] });
    expect(withHub(JSON.stringify(once), hub)).toEqual(once);
    expect(withoutHub(JSON.stringify(once), hub.accountId)).toEqual(others);
  });

  it('takes one hub out and leaves the other', () => {
    const two = withHub(JSON.stringify(withHub(undefined, hub)), { ...hub, accountId: '888800001111' });
    expect(withoutHub(JSON.stringify(two), hub.accountId)?.Statement).toMatchObject([
      { Sid: 'KeyturnHub888800001111' },
    ]);
    expect(withoutHub(JSON.stringify(withHub(undefined, hub)), hub.accountId)).toBeUndefined();
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is no JSON object'],
    ['{"Version":"2008-10-17","Statement":[]}', 'its Version is "2008-10-17"'],
    ['{"Version":"2012-10-17","Statement":["*"]}', 'its Statement is no list of statements'],
  ])('refuses %s', (present, why) => {
    expect(() => withHub(present, hub)).toThrow(why);
  });
});
