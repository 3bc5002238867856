import { AwsError } from '../aws/errors.ts';
import { type Input, optionalInteger, optionalText, text } from '../aws/input.ts';
import { decide, parseStatements, type Statement } from '../aws/policies/policy.ts';
import { accountOf, contextOf } from '../aws/policies/policy-conditions.ts';
import { type CallContext, callerArn, type OperationsOn, type Principal } from '../aws/service.ts';
import { lineOf, type MemberAccount, pathOf, type Tree, type Unit } from './tree.ts';

// https://docs.aws.amazon.com/organizations/latest/APIReference/

/** AWS Organizations: one for all accounts, whoever asks. */
export interface Organizations {
  readonly tree: Tree;
  /** What it may leave out of its answers, or put between them. */
  readonly ways: Ways;
  /** The one policy that lets members call, with its statements. */
  delegation: { readonly document: string; readonly statements: readonly Statement[] } | undefined;
  /** Services that may act in every account: StackSets, for one. */
  readonly trusted: Set<string>;
}

export interface Ways {
  /** Before each page one that is empty, with a token for the next: AWS documents that there may be. */
  readonly hasEmptyPages?: boolean;
  /** Accounts without `Paths`, as in partitions that do not have them yet. */
  readonly hasNoPaths?: boolean;
  /** Paths that end in the account. */
  readonly hasAccountInPaths?: boolean;
}

const longestPage = 20;

function arnOf({ organizationId, managementId }: Tree, kind: string, id: string): string {
  return `arn:aws:organizations::${managementId}:${kind}/${organizationId}/${id}`;
}

function accountView({ tree, ways }: Organizations, { accountId, name, state, joinedAt }: MemberAccount) {
  const path = pathOf(tree, accountId);
  return {
    Id: accountId,
    Arn: arnOf(tree, 'account', accountId),
    Email: `${accountId}@example.com`,
    Name: name,
    State: state,
    Paths: ways.hasNoPaths || path === undefined ? undefined : [ways.hasAccountInPaths ? `${path}${accountId}/` : path],
    JoinedMethod: 'CREATED',
    JoinedTimestamp: joinedAt / 1000,
  };
}

/** Tokens are places in the list; `e` before one: an empty page went before it. */
function pageOf<T>({ ways }: Organizations, input: Input, all: readonly T[], name: string) {
  const token = optionalText(input, 'NextToken');
  const start = Number(token?.replace('e', '') ?? 0);
  if (Number.isNaN(start)) throw new AwsError(400, 'InvalidInputException', 'You specified an invalid value.');
  if (ways.hasEmptyPages && !token?.startsWith('e')) return { [name]: [], NextToken: `e${start}` };
  const end = start + (optionalInteger(input, 'MaxResults', 1, longestPage) ?? longestPage);
  return { [name]: all.slice(start, end), NextToken: end < all.length ? String(end) : undefined };
}

function existing({ tree }: Organizations, accountId: string): MemberAccount {
  const account = tree.accounts.get(accountId);
  if (account !== undefined) return account;
  const message = "You specified an account that doesn't exist.";
  throw new AwsError(400, 'AccountNotFoundException', message);
}

function unitNamed({ tree }: Organizations, id: string): Unit {
  const unit = lineOf(tree.root, id)?.at(-1);
  if (unit !== undefined) return unit;
  const message = "We can't find a root or OU with the ParentId that you specified.";
  throw new AwsError(400, 'ParentNotFoundException', message);
}

function targetNotFound(): AwsError {
  return new AwsError(400, 'TargetNotFoundException', "You specified a target that doesn't exist.");
}

function unitView(tree: Tree, { id, name = id }: Unit) {
  return { Id: id, Arn: arnOf(tree, id.startsWith('r-') ? 'root' : 'ou', id), Name: name };
}

function isNamed(named: string, principal: Principal): boolean {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(named)?.[1];
  return account === undefined ? named === principal.arn : account === accountOf(principal.arn);
}

/** The management account may everything; a member what the organization's policy hands on to it. */
function authorize({ tree, delegation }: Organizations, operation: string, { principal, now }: CallContext): void {
  const caller = accountOf(principal.arn);
  if (caller === tree.managementId) return;
  if (!tree.accounts.has(caller)) {
    throw new AwsError(400, 'AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
  }
  const request = {
    action: `organizations:${operation}`,
    resource: arnOf(tree, 'account', '*'),
    context: contextOf(principal, now),
  };
  if (operation === 'DescribeOrganization') return;
  if (decide(delegation?.statements ?? [], request, (named) => isNamed(named, principal)) === 'allowed') return;
  const message = `User: ${callerArn(principal)} is not authorized to perform: ${request.action} because no resource-based policy allows the ${request.action} action`;
  throw new AwsError(400, 'AccessDeniedException', message);
}

function statementsOf(document: string): Statement[] {
  try {
    return parseStatements(JSON.parse(document));
  } catch {
    throw new AwsError(
      400,
      'MalformedPolicyDocumentException',
      'The provided policy document does not meet the requirements.',
    );
  }
}

function policyView({ tree, delegation }: Organizations) {
  if (delegation === undefined) {
    throw new AwsError(
      400,
      'ResourcePolicyNotFoundException',
      "We can't find a resource policy request with the parameter that you specified.",
    );
  }
  const Id = 'rp-a1b2c3d4';
  return {
    ResourcePolicy: {
      ResourcePolicySummary: { Id, Arn: arnOf(tree, 'resourcepolicy', Id) },
      Content: delegation.document,
    },
  };
}

const operations: OperationsOn<Organizations> = {
  ListAccounts: (all, input) =>
    pageOf(
      all,
      input,
      [...all.tree.accounts.values()].map((account) => accountView(all, account)),
      'Accounts',
    ),

  DescribeAccount: (all, input) => ({ Account: accountView(all, existing(all, text(input, 'AccountId'))) }),

  ListTagsForResource(all, input) {
    const account = all.tree.accounts.get(text(input, 'ResourceId'));
    if (account === undefined) throw targetNotFound();
    const tags = Object.entries(account.tags).map(([Key, Value]) => ({ Key, Value }));
    return pageOf(all, input, tags, 'Tags');
  },

  ListParents(all, input) {
    const id = text(input, 'ChildId');
    const account = all.tree.accounts.get(id);
    const parent = account?.parent ?? lineOf(all.tree.root, id)?.at(-2)?.id;
    if (parent === undefined) {
      throw new AwsError(
        400,
        'ChildNotFoundException',
        "We can't find an organizational unit (OU) or account with the ChildId that you specified.",
      );
    }
    const Type = parent.startsWith('r-') ? 'ROOT' : 'ORGANIZATIONAL_UNIT';
    return pageOf(all, input, [{ Id: parent, Type }], 'Parents');
  },

  ListRoots: (all, input) => pageOf(all, input, [{ ...unitView(all.tree, all.tree.root), PolicyTypes: [] }], 'Roots'),

  ListOrganizationalUnitsForParent(all, input) {
    const units = unitNamed(all, text(input, 'ParentId')).units ?? [];
    return pageOf(
      all,
      input,
      units.map((unit) => unitView(all.tree, unit)),
      'OrganizationalUnits',
    );
  },

  ListAccountsForParent(all, input) {
    const { id } = unitNamed(all, text(input, 'ParentId'));
    const accounts = [...all.tree.accounts.values()].filter(({ parent }) => parent === id);
    return pageOf(
      all,
      input,
      accounts.map((account) => accountView(all, account)),
      'Accounts',
    );
  },

  DescribeOrganization({ tree }) {
    const { organizationId, managementId } = tree;
    return {
      Organization: {
        Id: organizationId,
        Arn: `arn:aws:organizations::${managementId}:organization/${organizationId}`,
        FeatureSet: 'ALL',
        MasterAccountArn: arnOf(tree, 'account', managementId),
        MasterAccountId: managementId,
        MasterAccountEmail: `${managementId}@example.com`,
      },
    };
  },

  DescribeResourcePolicy: (all) => policyView(all),

  // There is one, so the next one takes its place.
  PutResourcePolicy(all, input) {
    const document = text(input, 'Content');
    all.delegation = { document, statements: statementsOf(document) };
    return policyView(all);
  },

  DeleteResourcePolicy(all) {
    policyView(all);
    all.delegation = undefined;
  },

  ListAWSServiceAccessForOrganization: (all, input) =>
    pageOf(
      all,
      input,
      [...all.trusted].map((ServicePrincipal) => ({ ServicePrincipal })),
      'EnabledServicePrincipals',
    ),
};

export const organizationsOperationNames = Object.keys(operations);

/** The operations, with the account that calls: what it may ask depends on that. */
export function organizationsOperations(all: Organizations) {
  return Object.fromEntries(
    Object.entries(operations).map(([operation, run]) => [
      operation,
      (input: Input, context: CallContext) => {
        authorize(all, operation, context);
        return run(all, input, context);
      },
    ]),
  );
}

/** What a delegation policy has to say for a member to look: as JSON. */
export function delegationTo(accountId: string, actions: readonly string[]): string {
  const Statement = [
    {
      Sid: 'KeyturnReadsTheOrganization',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: actions,
      Resource: '*',
    },
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
