import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import { worldListeners } from '../support/world-listeners.ts';
import { checkExchange, describeViolation, type Exchange } from './exchange.ts';
import { isKnown } from './known-violations.ts';
import { recordConnections } from './recording.ts';
import { loadModels, type ServiceModels, unread } from './service-model.ts';

// vitest runs this in every test file: whatever the worlds of a test send and get is held against AWS's service models.

let models: ServiceModels;
const exchanges: Exchange[] = [];
const counts = { requests: 0, responses: 0, operations: {} as Record<string, number> };

const listener: Parameters<typeof worldListeners.add>[0] = ({ aws }) => recordConnections(aws, exchanges);

beforeAll(() => {
  models = loadModels(inject('modelsPath'));
});

beforeEach(() => {
  worldListeners.add(listener);
});

afterEach(() => {
  worldListeners.delete(listener);
  const found = new Set<string>();
  for (const exchange of exchanges.splice(0)) {
    const { service, operation, violations } = checkExchange(models, exchange);
    if (unread.includes(service)) continue;
    const name = `${service}:${operation}`;
    counts.requests++;
    if (exchange.response !== undefined) counts.responses++;
    counts.operations[name] = (counts.operations[name] ?? 0) + 1;
    for (const violation of violations) if (!isKnown(violation)) found.add(describeViolation(violation));
  }
  expect([...found], "against AWS's service models").toEqual([]);
});

afterAll(() => {
  if (counts.requests === 0) return;
  const file = join(inject('countsPath'), `${process.pid}-${Date.now()}-${Math.random()}.json`);
  writeFileSync(file, JSON.stringify(counts));
});
