/** An organizational unit with what is below it. The root is one too: `r-…`. */
export interface Unit {
  readonly id: string;
  readonly name?: string;
  readonly units?: readonly Unit[];
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html */
export type AccountState = 'PENDING_ACTIVATION' | 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE' | 'CLOSED';

/** An account as its organization knows it. Immutable; a change replaces it. */
export interface MemberAccount {
  readonly accountId: string;
  readonly name: string;
  /** The unit or root that it is in. */
  readonly parent: string;
  readonly state: AccountState;
  readonly joinedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where things are in an organization. */
export interface Tree {
  readonly organizationId: string;
  readonly managementId: string;
  readonly root: Unit;
  /** By account ID, in the order of their joining. */
  readonly accounts: Map<string, MemberAccount>;
}

/** From the root down to the unit; undefined if there is no such unit. */
export function lineOf(root: Unit, id: string): Unit[] | undefined {
  if (root.id === id) return [root];
  for (const unit of root.units ?? []) {
    const line = lineOf(unit, id);
    if (line !== undefined) return [root, ...line];
  }
  return undefined;
}

/** `o-…/r-…/ou-…/`. An account that has left is nowhere. */
export function pathOf({ organizationId, root, accounts }: Tree, accountId: string): string | undefined {
  const account = accounts.get(accountId);
  const line = account === undefined ? undefined : lineOf(root, account.parent);
  return line === undefined ? undefined : `${[organizationId, ...line.map(({ id }) => id)].join('/')}/`;
}

/** What conditions of policies know of the caller and of what it calls. */
export function organizationKeys(tree: Tree, callerAccountId: string, resourceAccountId: string) {
  const [caller, resource] = [pathOf(tree, callerAccountId), pathOf(tree, resourceAccountId)];
  return {
    ...(caller !== undefined && { 'aws:PrincipalOrgID': tree.organizationId, 'aws:PrincipalOrgPaths': [caller] }),
    ...(resource !== undefined && { 'aws:ResourceOrgID': tree.organizationId, 'aws:ResourceOrgPaths': [resource] }),
  };
}
