import { type Fleet as Members, parseFleet } from '../../../shared/core/fleet/fleet.ts';
import { assumeRoleStatements, managedPolicies, rolesTaken } from '../../../shared/core/fleet/policy.ts';
import type { Call, Fault } from '../../aws/call.ts';
import { DAY } from '../../aws/clock.ts';
import { type FunctionName, functionRoleArn } from '../../aws/principals.ts';
import { documentOf } from '../../checker/json.ts';
import { createOrganizationChecker, type OrganizationChecker } from '../../checker/organization.ts';
import { drain } from '../../host/event-source.ts';
import { createFleet, type Fleet, startProcess } from '../../host/process.ts';
import { directLine } from '../../host/runtime.ts';
import { addCharacter, addFleetQueues, createResources, type FleetQueues, type Resources } from '../../host/set-up.ts';
import { memberRoles } from '../../organization/member-roles.ts';
import { createLocalOrganization, type LocalOrganization } from '../../organization/organization.ts';
import { workingOn } from '../../organization/work.ts';
import { type Chronicle, createChronicle } from '../chronicle.ts';
import { createMail, type Mail } from '../mail.ts';
import { createOwner, type Owner, type OwnerWorld } from '../owners.ts';
import { demoLimits } from '../stage.ts';
import * as play from './members.ts';

/** The organization, its people, the service in the hub, and the checker that watches all of it. */
export interface OrganizationStage {
  readonly organization: LocalOrganization;
  /** `fleet.yml`. */
  readonly fleet: Members;
  readonly checker: OrganizationChecker;
  readonly chronicle: Chronicle;
  /** By UserId. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** By UserId: whose user it is. */
  readonly memberOf: ReadonlyMap<string, play.Member>;
  readonly deadLetters: () => number;
  invoke(name: FunctionName, event: unknown): Promise<unknown>;
  /** Lets the scans have every message that is visible, then the worker. */
  work(): Promise<void>;
  /** What the hub's last digest says, as its JSON. */
  digest(): Readonly<Record<string, unknown>>;
}

/** What is behind the stage. */
interface Backstage extends Pick<OrganizationStage, 'organization' | 'fleet' | 'checker' | 'chronicle'> {
  readonly resources: Resources;
  readonly queues: FleetQueues;
  readonly owners: Map<string, Owner>;
  readonly memberOf: Map<string, play.Member>;
  readonly processes: Fleet;
  readonly mail: Mail;
}

/** What the names of the functions begin with. */
const stack = 'keyturn-local';

/** Two functions do all of it; what `fleet.yml` compiles to is all that their roles may take. */
function permit({ hub, region }: LocalOrganization, fleet: Members): void {
  for (const name of ['scheduled-rotation', 'rotation-worker'] as const) {
    const functionArn = `arn:aws:lambda:${region}:${hub.accountId}:function:${stack}-${name}`;
    const taker = { partition: 'aws', roleSuffix: '', roles: [...rolesTaken[name]], functionArn };
    for (const document of managedPolicies(assumeRoleStatements(fleet, taker))) {
      hub.iam.putRolePolicy(functionRoleArn(hub.accountId, name), JSON.parse(JSON.stringify(document)));
    }
  }
}

function settle(organization: LocalOrganization, { accountId, trouble }: play.Member): void {
  const { organizationId } = play;
  const isStrange = trouble?.kind === 'refused';
  const externalId = isStrange ? 'another-hub' : play.externalId;
  const roles = memberRoles(accountId, { hub: play.hubId, organizationId, externalId });
  for (const role of roles) organization.account(accountId).iam.putRole(role);
}

const silent = play.members.filter(({ trouble }) => trouble?.kind === 'silent').map(({ accountId }) => accountId);

function fault({ service, input }: Call): Fault | undefined {
  if (service !== 'sts' || !silent.some((accountId) => String(input.RoleArn).includes(accountId))) return undefined;
  return { kind: 'error', status: 503, code: 'ServiceUnavailable' };
}

function enter({ organization, chronicle, owners, memberOf }: Backstage, member: play.Member): void {
  const aws = organization.account(member.accountId);
  const { requestHandler } = organization.connect('owner');
  const world: OwnerWorld = {
    aws,
    chronicle,
    clientOptions: (credentials) => ({ region: aws.region, credentials, requestHandler }),
    confirm: async () => {},
  };
  for (const character of play.charactersOf(member)) {
    const { userId, keys } = addCharacter(aws, character);
    owners.set(userId, createOwner(character, userId, keys, world));
    memberOf.set(userId, member);
  }
}

async function invoke(
  { organization, checker, processes, mail }: Backstage,
  name: FunctionName,
  event: unknown,
): Promise<unknown> {
  checker.begin(name);
  try {
    const answer = await workingOn(event, organization.hub.accountId, () => processes.invoke(name, event));
    checker.readText(`what ${name} returned`, JSON.stringify(answer) ?? '');
    return answer;
  } catch (error) {
    checker.readText(`what ${name} threw`, error instanceof Error ? `${error.stack} ${error.cause}` : String(error));
    throw error;
  } finally {
    checker.end(name);
    mail.read();
  }
}

function setUp(): Backstage {
  const { accounts, hubId: hub, managementId: management, organizationId, tree } = play;
  const now = play.organizationStart + DAY / 4;
  const organization = createLocalOrganization({ organizationId, hub, management, tree, accounts, now, stack });
  const fleet = parseFleet(play.fleetFile);
  permit(organization, fleet);
  for (const member of play.members) settle(organization, member);
  const resources = createResources(organization.hub);
  const queues = addFleetQueues(organization.hub);
  const owners = new Map<string, Owner>();
  const chronicle = createChronicle();
  const today = () => Math.floor((organization.clock.now() - play.organizationStart) / DAY);
  const checker = createOrganizationChecker(organization, {
    limits: demoLimits,
    members: accounts.map(({ accountId }) => accountId),
    mayChange: (id) => play.members.some((member) => member.accountId === id && play.mayChange(member, today())),
    handOf: (userId) => new Set(owners.get(userId)?.hand.keys()),
  });
  const environment = {
    ...{ ...resources.environment, KEYTURN_DEAD_LETTER_QUEUE_URL: resources.deadLetterQueueUrl },
    ...queues.environment,
  };
  const processes = createFleet((name) =>
    startProcess(name, {
      ...{ aws: organization.hub, line: directLine(organization.connect(name, fault)), environment, fleet, stack },
      onLog: ({ message, facts }) => checker.readText('a log line', JSON.stringify({ message, facts })),
    }),
  );
  const mail = createMail(organization.hub, chronicle, owners);
  return { organization, fleet, checker, chronicle, resources, queues, owners, memberOf: new Map(), processes, mail };
}

/** Raises the curtain: every account has its roles, as the template makes them, and its users. */
export function createOrganizationStage(): OrganizationStage {
  const back = setUp();
  for (const member of play.members) enter(back, member);
  const { organization, resources, queues } = back;
  const { hub } = organization;
  const dead = [resources.deadLetterQueueUrl, queues.accountsDeadLetterQueueUrl];
  return {
    ...back,
    deadLetters: () => dead.reduce((sum, queueUrl) => sum + hub.sqs.messages(queueUrl).length, 0),
    invoke: (name, event) => invoke(back, name, event),
    async work() {
      const { accountsQueueUrl } = queues;
      await drain(hub, { queueUrl: accountsQueueUrl, handler: (event) => invoke(back, 'scheduled-rotation', event) });
      const { queueUrl } = resources;
      await drain(hub, { queueUrl, handler: (event) => invoke(back, 'rotation-worker', event) });
    },
    digest() {
      const last = hub.sns.published.findLast(({ attributes }) => attributes.event === 'digest');
      return documentOf(last?.message.default ?? '');
    },
  };
}
