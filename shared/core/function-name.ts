/** The functions that change keys and write into secrets; their roles have fixed names, so that a policy can name them. */
export const rotatingFunctions = ['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation'] as const;

/** All functions of a deployment are named alike, so each knows the others: serverless.yml names them so. */
export function functionNameOf(stage: string, name: string): string {
  return `keyturn-${stage}-${name}`;
}

/** Another function of the deployment that this one is of; every name has two words. */
export function siblingOf(functionName: string, name: string): string {
  return functionName.replace(/[a-z]+-[a-z]+$/, name);
}

/** Undefined: the function is not named like ours. */
export function stageOf(functionName: string): string | undefined {
  return /^keyturn-(.+)-[a-z]+-[a-z]+$/.exec(functionName)?.[1];
}
