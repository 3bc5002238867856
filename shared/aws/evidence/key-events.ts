import { CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { type EventWindow, knownUntil, windowsFor } from '../../core/evidence/event-windows.ts';
import { keyEventOf, regionOfIamEvents } from '../../core/evidence/key-event.ts';
import type { KeyEvent } from '../../core/evidence/reconcile.ts';
import type { Unseen } from '../../core/evidence/snapshot.ts';
import { listed, present } from '../../core/present.ts';
import { formatInstant } from '../../core/time.ts';
import { lookupOf, TRAIL_PAUSE } from '../trail.ts';
import { type Inspection, tryRead, unseen } from './try-read.ts';

export interface KeyEventsSeen {
  events: readonly KeyEvent[];
  windows: readonly EventWindow[];
  /** For the digest: what was not answered is asked for again. */
  eventsUntil: Record<string, string>;
  /** What CloudTrail did not answer, or no longer can. */
  unknown: readonly Unseen[];
}

/** Pages of 50 events for a name. */
const MOST_PAGES = 20;

/** What CloudTrail's history has of access keys and sign-in since the run before, one name after the other. */
export async function seeKeyEvents(
  inspection: Inspection,
  before: Readonly<Record<string, string>>,
): Promise<KeyEventsSeen> {
  const events: KeyEvent[] = [];
  const unknown: Unseen[] = [];
  const asked: (EventWindow & { isWhole: boolean })[] = [];
  const region = regionOfIamEvents(await inspection.aws.iam.config.region());
  const client = inspection.aws.clientOf((options) => new CloudTrailClient({ ...options, region }));
  for (const window of windowsFor(before, inspection.clock())) {
    const { name, lost, isFirst = false } = window;
    const raw: Event[] = [];
    const read = await tryRead(inspection, () => lookUp(inspection, client, window, raw));
    const kept = raw.flatMap((each) => keyEventOf(each) ?? []);
    events.push(...kept);
    const unreadable = raw.length - kept.length;
    if (unreadable > 0) {
      unknown.push(unseen('not-answered', `CloudTrail has ${unreadable} events of ${name} that cannot be read.`));
    }
    // The newest come first, so what is cut of all the history is older than any evidence.
    const isWhole = read.isSeen && (read.value || isFirst);
    asked.push({ ...window, isWhole });
    if (!read.isSeen) unknown.push({ ...read, sentence: `CloudTrail did not answer for ${name}: ${read.sentence}` });
    else if (!isWhole) unknown.push(unseen('cut-short', `CloudTrail has more than ${MOST_PAGES} pages of ${name}.`));
    if (lost !== undefined) {
      const [from, to] = [formatInstant(lost.from), formatInstant(lost.to)];
      unknown.push(unseen('no-longer-kept', `CloudTrail no longer has ${name} from ${from} to ${to}.`));
    }
  }
  return { events, windows: asked, eventsUntil: knownUntil(before, asked), unknown };
}

/** @returns Whether that was all. */
async function lookUp(
  { sleep }: Inspection,
  client: CloudTrailClient,
  { name, from, to }: EventWindow,
  events: Event[],
): Promise<boolean> {
  const input = lookupOf('EventName', name, { from, to });
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const command = new LookupEventsCommand({ ...input, ...present({ NextToken: token }) });
    const { Events, NextToken } = await client.send(command);
    await sleep(TRAIL_PAUSE);
    events.push(...listed(Events));
    token = NextToken;
    if (token === undefined) return true;
  }
  return false;
}
