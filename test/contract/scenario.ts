import type { Side } from './side.ts';

/** What a call came to: its result, or the name of the error and the HTTP status. */
export type Outcome = { readonly result: unknown } | { readonly error: string; readonly status: number | undefined };

/** One row of the table. `given` must succeed; `call` is compared; `after` looks at what it has done, and is compared too. */
export interface Scenario {
  readonly name: string;
  given(side: Side): Promise<unknown>;
  call(side: Side, given: unknown): Promise<Outcome>;
  after(side: Side, given: unknown): Promise<Outcome>;
}

interface Parts<Given> {
  readonly given?: (side: Side) => Promise<Given>;
  readonly call: (side: Side, given: Given) => Promise<unknown>;
  readonly after?: (side: Side, given: Given) => Promise<unknown>;
}

interface AwsFailure {
  readonly name: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Waits for a call and turns a refusal of AWS into a value. Anything else that is thrown is a mistake of the test. */
export async function attempt(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await call };
  } catch (error) {
    const { name, $metadata } = error as AwsFailure;
    if ($metadata === undefined) throw error;
    return { error: name, status: $metadata.httpStatusCode };
  }
}

export function scenario<Given = undefined>(name: string, { given, call, after }: Parts<Given>): Scenario {
  return {
    name,
    given: async (side) => given?.(side),
    call: (side, had) => attempt(call(side, had as Given)),
    after: (side, had) =>
      after === undefined ? Promise.resolve({ result: undefined }) : attempt(after(side, had as Given)),
  };
}
