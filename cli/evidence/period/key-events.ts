import { keyEventNames } from '../../../shared/core/evidence/event-windows.ts';
import type { KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { jsonOf } from '../../../shared/core/json.ts';
import { present } from '../../../shared/core/present.ts';
import { parseInstant } from '../../../shared/core/time.ts';
import * as z from '../../../shared/core/zod.ts';

const lineSchema = z.looseObject({
  eventId: z.string(),
  at: z.string(),
  name: z.enum(keyEventNames),
  caller: z.string(),
  userName: z.optional(z.string()),
  accessKeyId: z.optional(z.string()),
  status: z.optional(z.string()),
  errorCode: z.optional(z.string()),
  tags: z.optional(z.record(z.string(), z.string())),
});

/** The events of a run's `key-changes.jsonl`; what is none is left out. */
export function keyEventsIn(file: string): KeyEvent[] {
  return file.split('\n').flatMap((line): KeyEvent[] => {
    const parsed = lineSchema.safeParse(jsonOf(line));
    const at = parsed.success ? parseInstant(parsed.data.at) : undefined;
    if (!parsed.success || at === undefined) return [];
    const { eventId, name, caller, userName, accessKeyId, status, errorCode, tags } = parsed.data;
    return [
      {
        ...{ eventId, at, name, caller },
        ...present({ userName, accessKeyId, status, errorCode, tags }),
      },
    ];
  });
}
