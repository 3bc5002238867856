import { AwsError } from './errors.ts';
import { optionalText, text } from './input.ts';
import type { Operations } from './service.ts';

/** Parameter Store as a hand-on uses it. https://docs.aws.amazon.com/systems-manager/latest/APIReference/ */
export interface Ssm {
  readonly operations: Operations;
  /** By name: the newest value, and how many there were. */
  readonly parameters: Map<string, { readonly value: string; readonly type: string; readonly version: number }>;
}

export function createSsm(): Ssm {
  const parameters: Ssm['parameters'] = new Map();
  return {
    parameters,
    operations: {
      PutParameter(input) {
        const name = text(input, 'Name');
        const before = parameters.get(name);
        if (before !== undefined && input.Overwrite !== true) {
          throw new AwsError(400, 'ParameterAlreadyExists', 'The parameter already exists.');
        }
        const version = (before?.version ?? 0) + 1;
        parameters.set(name, { value: text(input, 'Value'), type: optionalText(input, 'Type') ?? 'String', version });
        return { Version: version, Tier: 'Standard' };
      },
    },
  };
}
