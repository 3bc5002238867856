import { SettingsError } from '../errors.ts';

/** What a hub has beside the queues of every deployment. */
export interface FleetQueues {
  /** Accounts to be scanned. */
  accountsQueueUrl: string;
  /** What their scans came to. */
  resultsQueueUrl: string;
  /** FIFO: what is left of the fleet's new rotations of the day. */
  ticketsQueueUrl: string;
}

const variables = {
  accountsQueueUrl: 'KEYTURN_ACCOUNTS_QUEUE_URL',
  resultsQueueUrl: 'KEYTURN_RESULTS_QUEUE_URL',
  ticketsQueueUrl: 'KEYTURN_TICKETS_QUEUE_URL',
} as const satisfies Record<keyof FleetQueues, string>;

/** Which alarm is the fleet's breaker; without it there is none. */
export const BREAKER_VARIABLE = 'KEYTURN_BREAKER_ALARM_NAME';
/** Dead letters of the accounts queue; without it their number is in no digest. */
export const ACCOUNTS_DEAD_VARIABLE = 'KEYTURN_ACCOUNTS_DEAD_LETTER_QUEUE_URL';

/** One of them. The stack writes these variables, so one that is missing is no mistake of an operator: it throws a SettingsError. */
export function fleetQueue(environment: Readonly<Record<string, string | undefined>>, name: keyof FleetQueues): string {
  const url = environment[variables[name]];
  if (url) return url;
  throw new SettingsError(
    `Cannot work for a fleet: ${variables[name]} is missing. Deploy the stack with fleet=fleet.yml.`,
  );
}
