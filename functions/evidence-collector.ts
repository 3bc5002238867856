import type { Runtime } from '../shared/aws/runtime.ts';
import { parseCollectorEvent } from '../shared/core/evidence/collector-event.ts';
import { parseCollecting } from '../shared/core/evidence/evidence-settings.ts';
import type { Exception } from '../shared/core/evidence/exceptions.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { exceptionsBeside, lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { evidenceOf } from '../shared/service/evidence-of.ts';

/** Evidence of the account, daily and by `{}`; with `{"action":"test"}` whether a run could read and write what it must. */
export function createEvidenceCollector(runtime: Runtime, exceptions: readonly Exception[] = []): Handler {
  return wrap('evidence-collector', runtime, async (event, invocation) => {
    const asked = parseCollectorEvent(event);
    const collecting = { ...parseCollecting(runtime.environment), exceptions };
    if (asked.action === 'test') {
      const { testConnection } = await import('../shared/service/evidence-connection.ts');
      return testConnection(runtime, collecting.settings);
    }
    return evidenceOf(runtime, invocation, asked, collecting);
  });
}

export const handler = createEvidenceCollector(lambdaRuntime(), exceptionsBeside(import.meta.url));
