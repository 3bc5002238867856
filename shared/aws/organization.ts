import {
  type Account,
  DescribeAccountCommand,
  ListAccountsCommand,
  ListParentsCommand,
  ListTagsForResourceCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { isFailure, messageOf, RotationError } from '../core/errors.ts';
import type { OrganizationAccount } from '../core/fleet/select.ts';
import { present } from '../core/present.ts';
import { SECOND } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { required } from './observe.ts';
import type { Log } from './runtime.ts';

// Apart from everything that the worker needs: it does without the client.

/**
 * Of one organization AWS answers eight lists of accounts a second, and five of parents, whoever asks for them.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
 */
const PAUSE = SECOND / 5;
const PAGE = 20;

type Sleep = (ms: number) => Promise<void>;

/**
 * Every account of the organization, in the order of AWS. Throws rather than end early: an account that is left out would
 * be one that nobody misses. Without tags.
 */
export async function* listAccounts(
  aws: Pick<Aws, 'homeClientOf'>,
  { sleep, log }: { sleep: Sleep; log?: Pick<Log, 'warn'> },
): AsyncGenerator<OrganizationAccount, void, undefined> {
  const client = clientOf(aws);
  const paths = pathsOf(client, { sleep, ...present({ log }) });
  let token: string | undefined;
  do {
    const { Accounts = [], NextToken } = await helpfully(() =>
      client.send(new ListAccountsCommand({ MaxResults: PAGE, ...present({ NextToken: token }) })),
    );
    // A page may be empty, and the next one not.
    for (const account of Accounts) yield await accountOf(account, paths);
    token = NextToken;
    if (token !== undefined) await sleep(PAUSE);
  } while (token !== undefined);
}

/** One account, without tags; undefined: the organization has none of that ID. */
export async function describeAccount(
  aws: Pick<Aws, 'homeClientOf'>,
  accountId: string,
): Promise<OrganizationAccount | undefined> {
  const client = clientOf(aws);
  try {
    const command = new DescribeAccountCommand({ AccountId: accountId });
    const { Account } = await helpfully(() => client.send(command));
    return await accountOf(required(Account, 'organizations:DescribeAccount', 'Account'), pathsOf(client));
  } catch (error) {
    if (isFailure(error, 'AccountNotFound')) return undefined;
    throw error;
  }
}

/** The account's tags in AWS Organizations. */
export async function tagsOfAccount(
  aws: Pick<Aws, 'homeClientOf'>,
  accountId: string,
): Promise<Record<string, string>> {
  const client = clientOf(aws);
  const tags: Record<string, string> = {};
  let token: string | undefined;
  do {
    const input = { ResourceId: accountId, ...present({ NextToken: token }) };
    const { Tags = [], NextToken } = await helpfully(() => client.send(new ListTagsForResourceCommand(input)));
    for (const { Key, Value } of Tags) if (Key !== undefined && Value !== undefined) tags[Key] = Value;
    token = NextToken;
  } while (token !== undefined);
  return tags;
}

function clientOf(aws: Pick<Aws, 'homeClientOf'>): OrganizationsClient {
  return aws.homeClientOf((options) => new OrganizationsClient(options));
}

/** Who may read the organization is for its management account to say. */
async function helpfully<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isFailure(error, 'AccessDenied')) throw error;
    const { code, facts } = error;
    // A list names no account; any other answer names what it is about by the account that manages it.
    const [, managementId] = /arn:[\w-]+:organizations::(\d{12}):/.exec(messageOf(error)) ?? [];
    const management = `the management account${managementId === undefined ? '' : ` ${managementId}`}`;
    const message = `${messageOf(error)} Run \`keyturn fleet grant\` with credentials of ${management}.`;
    throw new RotationError(message, { ...facts, code, cause: error });
  }
}

type PathOf = (accountId: string, organizationId: string) => Promise<string>;

async function accountOf(account: Account, pathOf: PathOf): Promise<OrganizationAccount> {
  const of = <T>(value: T | undefined, field: string): T => required(value, 'organizations:ListAccounts', field);
  const accountId = of(account.Id, 'Id');
  // arn:aws:organizations::<management account>:account/<organization>/<account>
  const [, , , , managementId, resource = ''] = of(account.Arn, 'Arn').split(':');
  const [, organizationId = ''] = resource.split('/');
  const [path] = account.Paths ?? [];
  const { Name: name = '', State: state = 'UNKNOWN', JoinedTimestamp: joined } = account;
  return {
    ...{ accountId, name, state, isManagement: accountId === managementId },
    path: path ?? (await pathOf(accountId, organizationId)),
    ...present({ joinedAt: joined?.getTime() }),
  };
}

/** Where AWS does not say it: from parent to parent, each unit once. */
function pathsOf(client: OrganizationsClient, { sleep, log }: { sleep?: Sleep; log?: Pick<Log, 'warn'> } = {}): PathOf {
  const known = new Map<string, string>();
  const above = async (id: string, organizationId: string): Promise<string> => {
    const before = known.get(id);
    if (before !== undefined) return before;
    await sleep?.(PAUSE);
    const parent = await parentOf(client, id);
    const path = `${parent.startsWith('r-') ? `${organizationId}/` : await above(parent, organizationId)}${parent}/`;
    if (!/^\d+$/.test(id)) known.set(id, path);
    return path;
  };
  let isToldOf = false;
  return (accountId, organizationId) => {
    if (!isToldOf) log?.warn('AWS does not say where accounts are: their parents are asked for', { accountId });
    isToldOf = true;
    return above(accountId, organizationId);
  };
}

async function parentOf(client: OrganizationsClient, id: string): Promise<string> {
  let token: string | undefined;
  do {
    const input = { ChildId: id, ...present({ NextToken: token }) };
    const { Parents = [], NextToken } = await helpfully(() => client.send(new ListParentsCommand(input)));
    const [parent] = Parents;
    if (parent?.Id !== undefined) return parent.Id;
    token = NextToken;
  } while (token !== undefined);
  return required<string>(undefined, 'organizations:ListParents', 'Parents');
}
