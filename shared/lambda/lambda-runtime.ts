import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { createAws } from '../aws/clients.ts';
import type { MetricName, Runtime } from '../aws/runtime.ts';
import type { Exception } from '../core/evidence/exceptions.ts';
import type { Fleet } from '../core/fleet/fleet.ts';
import { present } from '../core/present.ts';

/** CloudWatch has no unit for days. */
const inDays: readonly MetricName[] = ['OldestActiveKeyDays', 'DaysToNearestDeadline'];

/**
 * The runtime of deployed code: the real clock, the environment, Powertools for logs and metrics. Powertools takes the
 * namespace and the service from the environment, so that two stages in one account share no metric.
 */
export function lambdaRuntime(): Runtime {
  const fleet = fleetBeside(import.meta.url);
  const logger = new Logger();
  const metrics = new Metrics();
  return {
    aws: createAws(),
    environment: process.env,
    clock: Date.now,
    sleep: async (ms) => {
      await setTimeout(ms);
    },
    newRunId: randomUUID,
    memory: { stateKeys: new Map(), audiences: new Map() },
    log: {
      info: (message, facts = {}) => logger.info(message, { ...facts }),
      warn: (message, facts = {}) => logger.warn(message, { ...facts }),
      error: (message, facts = {}) => logger.error(message, { ...facts }),
    },
    meter: {
      add: (name, value) => {
        // Published at once: what is lost with a crashed invocation are only the counts after it.
        metrics.addMetric(name, inDays.includes(name) ? MetricUnit.NoUnit : MetricUnit.Count, value);
        metrics.publishStoredMetrics();
      },
    },
    ...present({ fleet }),
  };
}

/** What the build made of `fleet.yml` and left beside the bundle, if anything. It has parsed it: its schema is not carried. */
export function fleetBeside(module: string): Fleet | undefined {
  const text = textBeside('fleet.json', module);
  if (text === undefined) return undefined;
  const fleet: Fleet = JSON.parse(text);
  return fleet;
}

/** The same of `evidence-exceptions.yml`. */
export function exceptionsBeside(module: string): readonly Exception[] {
  const exceptions: Exception[] = JSON.parse(textBeside('exceptions.json', module) ?? '[]');
  return exceptions;
}

function textBeside(name: string, module: string): string | undefined {
  const file = new URL(name, module);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
