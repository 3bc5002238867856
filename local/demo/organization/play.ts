import { DAY, HOUR } from '../../aws/clock.ts';
import { documentOf } from '../../checker/json.ts';
import { members, organizationStart, type Trouble, waveDays } from './members.ts';
import { createOrganizationStage, type OrganizationStage } from './stage.ts';

/** Until the keys of two waves are replaced, deactivated and deleted. */
export const organizationDays = 26;

export interface PlayOptions {
  /** `organizationDays`. */
  readonly days?: number;
  readonly onDay?: (day: number) => void;
}

/** What the digest asks people to see to, on the first day on which it does. */
export interface Attention {
  readonly at: number;
  readonly kind: string;
  readonly message: string;
  readonly accountIds: readonly string[];
}

/** What is left to look at when the days are over. */
export interface OrganizationDays {
  readonly stage: OrganizationStage;
  readonly days: number;
  readonly told: readonly Attention[];
  readonly wallMs: number;
}

/** The second act: an organization whose accounts are switched on wave by wave. */
export async function playOrganization({
  days = organizationDays,
  onDay = () => {},
}: PlayOptions = {}): Promise<OrganizationDays> {
  const startedAt = performance.now();
  const stage = createOrganizationStage();
  const told = new Map<string, Attention>();
  for (let day = 0; day < days; day++) {
    await playDay(stage, day);
    if (day === 0) tellDigest(stage);
    for (const each of attentionOf(stage)) {
      const key = [each.kind, ...each.accountIds].join();
      if (!told.has(key)) told.set(key, each);
    }
    onDay(day);
  }
  stage.checker.upTo(stage.organization.clock.now());
  stage.checker.stop();
  return { stage, days, told: [...told.values()], wallMs: performance.now() - startedAt };
}

async function playDay(stage: OrganizationStage, day: number): Promise<void> {
  const { clock } = stage.organization;
  const setHour = (hour: number) => clock.set(Math.max(clock.now(), organizationStart + day * DAY + hour * HOUR));
  const scheduledAt = () => new Date(clock.now()).toISOString();
  setHour(6);
  narrate(stage, day);
  await stage.invoke('scheduled-rotation', { scheduledAt: scheduledAt() });
  await stage.work();
  stage.checker.upTo(clock.now() - DAY);
  setHour(10);
  await stage.invoke('scheduled-rotation', { digest: true, scheduledAt: scheduledAt() });
  setHour(12);
  for (const owner of stage.owners.values()) await owner.live();
}

/** What people do on that day, and what the file says of it. */
function narrate({ organization, chronicle }: OrganizationStage, day: number): void {
  const at = organization.clock.now();
  for (const [wave, begins] of waveDays) {
    const text = 'begins: from today its accounts are changed, until now they were in a dry run';
    if (begins === day) chronicle.add({ at, actor: 'world', event: 'wave', userName: wave, text });
  }
  for (const { accountId, name, trouble } of members) {
    if (trouble?.day !== day) continue;
    befall(organization, accountId, trouble.kind);
    chronicle.add({ at, actor: 'world', event: 'trouble', userName: name, text: trouble.says });
  }
}

function befall(organization: OrganizationStage['organization'], accountId: string, kind: Trouble['kind']): void {
  if (kind === 'suspended') organization.setState(accountId, 'SUSPENDED');
  if (kind !== 'paused') return;
  const { iam } = organization.account(accountId);
  for (const name of ['keyturn-observe', 'keyturn-rotate']) {
    const tags = (iam.role(name)?.tags ?? []).map(({ Key, Value }) => [Key, Value]);
    iam.setRoleTags(name, { ...Object.fromEntries(tags), 'keyturn:paused': 'true' });
  }
}

/** What the whole message says, as a chronicle has it. */
function tellDigest({ digest, organization, chronicle }: OrganizationStage): void {
  const at = organization.clock.now();
  chronicle.add({ at, actor: 'keyturn', event: 'digest', text: String(digest().message) });
}

/** Read from the JSON of the message, as a subscriber would. */
function attentionOf({ digest, organization }: OrganizationStage): Attention[] {
  const { attention } = digest();
  const at = organization.clock.now();
  return (Array.isArray(attention) ? attention : []).map((each) => {
    const { kind, message, accounts } = documentOf(JSON.stringify(each));
    // Each begins with the ID of its account: docs/message.schema.json.
    const accountIds = (Array.isArray(accounts) ? accounts : []).map((account) => String(account).slice(0, 12));
    return { at, kind: String(kind), message: String(message), accountIds: [...new Set(accountIds)] };
  });
}
