import type { Instant } from '../time.ts';
import { alarmReferences } from './controls.ts';
import type { FindingFacts, findingReasons, Verdict } from './finding.ts';
import { type Judgement, notKnown } from './judgement.ts';
import type { Seen } from './snapshot.ts';
import { filterTexts, isSameText, WATCH_NAMESPACE, type WatchName, type WatchPlace, watchNames } from './watches.ts';

export interface SeenMetric {
  namespace: string;
  name: string;
}

export interface SeenFilter {
  name: string;
  text: string;
  metrics: readonly SeenMetric[];
}

export interface SeenAlarm {
  name: string;
  metric: SeenMetric;
  /** ARNs of the topics that it tells: none while its actions are switched off. */
  topics: readonly string[];
}

/** What there is of alarms by what a trail writes to a log group. */
export interface SeenAlarms {
  logGroupName: string;
  filters: Seen<readonly SeenFilter[] | 'no-log-group'>;
  alarms: Seen<readonly SeenAlarm[]>;
  /** By ARN, whether anybody would hear an alarm there. */
  hearing: ReadonlyMap<string, Seen<boolean>>;
}

/** One answer for each activity that is watched for. */
export function judgeAlarms(seen: SeenAlarms, place: WatchPlace & { region: string }, asOf: Instant): Judgement[] {
  const { accountId, region } = place;
  return watchNames.map((name) => ({
    control: 'iam-alarms',
    parts: [accountId, name],
    resource: { type: 'alarm', id: name, accountId, region },
    verdict: verdictOf(name, seen, filterTexts(name, place)),
    asOf,
    references: alarmReferences[name],
  }));
}

export function isOn(alarm: SeenAlarm, metrics: readonly SeenMetric[]): boolean {
  return metrics.some(({ namespace, name }) => alarm.metric.namespace === namespace && alarm.metric.name === name);
}

/** What is asked about one activity, and what was found of it so far. */
interface Question {
  name: WatchName;
  seen: SeenAlarms;
  texts: readonly string[];
  facts: FindingFacts;
}

type FailReason = (typeof findingReasons)['fail'][number];

function failed({ facts }: Question, reason: FailReason, sentence: string): Verdict {
  return { status: 'fail', reason, sentence, facts };
}

function verdictOf(name: WatchName, seen: SeenAlarms, texts: readonly string[]): Verdict {
  const { logGroupName, filters } = seen;
  const question = { name, seen, texts, facts: { logGroup: logGroupName, filterText: texts.join(' or ') } };
  if (!filters.isSeen) return notKnown(filters);
  if (filters.value === 'no-log-group') {
    return failed(question, 'no-log-group', `There is no log group ${logGroupName}.`);
  }
  const equal = filters.value.filter(({ text }) => texts.some((each) => isSameText(each, text)));
  return equal.length === 0 ? withoutFilter(question, filters.value) : ringing(question, equal);
}

/** By its metric it is known: the text is what is asked about. */
function withoutFilter(question: Question, filters: readonly SeenFilter[]): Verdict {
  const { name, seen, facts } = question;
  const isOwn = (metric: SeenMetric) => metric.namespace.startsWith(WATCH_NAMESPACE) && metric.name === name;
  const other = filters.find(({ metrics }) => metrics.some(isOwn));
  if (other === undefined) {
    return failed(question, 'no-filter', `No metric filter of log group ${seen.logGroupName} counts ${name}.`);
  }
  const sentence = `Metric filter ${other.name} has the text ${other.text}, not ${facts.filterText}.`;
  const more = { ...facts, filter: other.name, foundText: other.text };
  return failed({ ...question, facts: more }, 'other-filter-text', sentence);
}

function ringing(question: Question, filters: readonly SeenFilter[]): Verdict {
  const { alarms } = question.seen;
  if (!alarms.isSeen) return notKnown(alarms);
  const metrics = filters.flatMap((filter) => filter.metrics);
  const about = alarms.value.filter((alarm) => isOn(alarm, metrics));
  const names = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name);
  const facts = { ...question.facts, filters: names(filters), alarms: names(about) };
  const known = { ...question, facts };
  if (about.length === 0) {
    return failed(known, 'no-alarm', `No alarm is about the metric of filter ${names(filters).join(', ')}.`);
  }
  return heard(known, about);
}

/** One topic that is heard is enough, and one that may not be asked may be it. */
function heard(question: Question, alarms: readonly SeenAlarm[]): Verdict {
  const { name, facts, seen } = question;
  const whichRing = alarms.map((alarm) => alarm.name).join(', ');
  const topics = [...new Set(alarms.flatMap((alarm) => alarm.topics))];
  if (topics.length === 0)
    return failed(question, 'tells-no-topic', `What rings for ${name} tells no topic: ${whichRing}.`);
  const answers = [...seen.hearing].filter(([topic]) => topics.includes(topic));
  const [topic] = answers.find(([, answer]) => answer.isSeen && answer.value) ?? [];
  if (topic !== undefined) {
    const sentence = `What rings for ${name} is heard: ${whichRing}, by topic ${topic}.`;
    return { status: 'pass', reason: 'alarm-is-heard', sentence, facts: { ...facts, topic } };
  }
  for (const [, answer] of answers) if (!answer.isSeen) return notKnown(answer);
  const sentence = `What rings for ${name} reaches no subscriber: ${whichRing}, by ${topics.join(', ')}.`;
  return failed({ ...question, facts: { ...facts, topics } }, 'no-subscriber', sentence);
}
