import * as z from 'zod';

/** What the parameters of a runbook may be. https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html */
const parameter = z.strictObject({
  type: z.enum(['String', 'StringList', 'Boolean', 'Integer', 'MapList', 'StringMap']),
  description: z.string().optional(),
  default: z.string().optional(),
  allowedPattern: z.string().optional(),
});

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-lamb.html */
const invokeLambda = z.strictObject({
  name: z.string().regex(/^\w{1,128}$/),
  action: z.literal('aws:invokeLambdaFunction'),
  // The action itself never runs for longer.
  timeoutSeconds: z.number().int().positive().max(300).optional(),
  maxAttempts: z.number().int().positive().optional(),
  isEnd: z.boolean().optional(),
  inputs: z.strictObject({
    FunctionName: z.string(),
    InvocationType: z.enum(['Event', 'RequestResponse', 'DryRun']).optional(),
    Payload: z.string().optional(),
  }),
});

/** A runbook of SSM Automation, as far as ours go: https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html */
const runbook = z.strictObject({
  schemaVersion: z.literal('0.3'),
  description: z.string().optional(),
  assumeRole: z.string().optional(),
  parameters: z.record(z.string(), parameter).default({}),
  mainSteps: z.array(invokeLambda).min(1),
  outputs: z.array(z.string()).default([]),
});

export type Runbook = z.output<typeof runbook>;

/** Throws what AWS would refuse in the document's content. */
export function parseRunbook(content: unknown): Runbook {
  return runbook.parse(content);
}

/** One call of `lambda:Invoke`, and the role that makes it. */
export interface LambdaCall {
  role: string;
  functionName: string;
  event: unknown;
}

/**
 * Runs the steps one after the other, as StartAutomationExecution would with these parameters; the outputs of the
 * document. Throws, before the first step, where a parameter is missing, unknown or does not match its pattern.
 */
export async function runAutomation(
  { parameters, assumeRole = '', mainSteps, outputs }: Runbook,
  given: Readonly<Record<string, string>>,
  invoke: (call: LambdaCall) => Promise<unknown>,
): Promise<Record<string, string>> {
  const values = new Map<string, string>();
  for (const name of Object.keys(given)) if (!(name in parameters)) throw new Error(`${name} is no parameter`);
  for (const [name, { default: otherwise, allowedPattern = '.*' }] of Object.entries(parameters)) {
    const value = given[name] ?? otherwise;
    if (value === undefined) throw new Error(`${name} is required`);
    if (!new RegExp(allowedPattern).test(value)) throw new Error(`${name} does not match ${allowedPattern}`);
    values.set(name, value);
  }
  const fill = (text: string): string =>
    text.replace(/\{\{\s*([\w.:]+)\s*\}\}/g, (_, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`{{ ${name} }} is neither a parameter nor an output`);
      return value;
    });
  const role = fill(assumeRole);
  for (const { name, inputs } of mainSteps) {
    const event: unknown = JSON.parse(fill(inputs.Payload ?? '{}'));
    const answer = await invoke({ role, functionName: fill(inputs.FunctionName), event });
    values.set(`${name}.Payload`, JSON.stringify(answer));
  }
  return Object.fromEntries(outputs.map((output) => [output, fill(`{{ ${output} }}`)]));
}
