import { isRecord } from '../../local/aws/input.ts';
import { type ServiceModel, type Shape, type ShapeReference, shapeOf } from './service-model.ts';

/** `query`: every leaf is text, as form bodies and XML carry it. `json`: JSON values. */
export type Form = 'query' | 'json';

/** Told of each violation: where, and what. */
export type Report = (path: string, problem: string) => void;

interface Check {
  readonly model: ServiceModel;
  readonly form: Form;
  readonly report: Report;
}

const patterns = new Map<string, RegExp>();

/** AWS's patterns are Java's, and the whole value has to match. */
function regExp(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = compile(`^(?:${pattern})$`);
  patterns.set(pattern, made);
  return made;
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'su');
  } catch {
    // Java lets any sign be escaped (an exclamation mark), which JavaScript does not with its Unicode flag.
    return new RegExp(source, 's');
  }
}

function shown(shape: Shape, value: unknown): string {
  return shape.sensitive === true ? 'a sensitive value' : JSON.stringify(value)?.slice(0, 120);
}

function checkSize(shape: Shape, size: number, unit: string, path: string, { report }: Check): void {
  const { min, max } = shape;
  if (min !== undefined && size < min) report(path, `has ${size} ${unit}, at least ${min} are needed`);
  if (max !== undefined && size > max) report(path, `has ${size} ${unit}, at most ${max} are allowed`);
}

function checkString(shape: Shape, value: unknown, path: string, check: Check): void {
  const { report } = check;
  if (typeof value !== 'string') {
    report(path, `is ${shown(shape, value)}, not a string`);
    return;
  }
  // Lengths count code points, not UTF-16 units.
  checkSize(shape, [...value].length, 'characters', path, check);
  if (shape.pattern !== undefined && !regExp(shape.pattern).test(value)) {
    report(path, `${shown(shape, value)} does not match ${shape.pattern}`);
  }
  if (shape.enum !== undefined && !shape.enum.includes(value)) {
    report(path, `${shown(shape, value)} is none of ${shape.enum.join(', ')}`);
  }
}

function checkNumber(shape: Shape, value: unknown, path: string, check: Check): void {
  const isInteger = shape.type === 'integer' || shape.type === 'long';
  const { form, report } = check;
  const number = form === 'query' && typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || (isInteger && !Number.isInteger(number))) {
    report(path, `is ${shown(shape, value)}, not of type ${shape.type}`);
    return;
  }
  const { min, max } = shape;
  if (min !== undefined && number < min) report(path, `is ${number}, less than ${min}`);
  if (max !== undefined && number > max) report(path, `is ${number}, more than ${max}`);
}

function checkBoolean(_shape: Shape, value: unknown, path: string, { form, report }: Check): void {
  const allowed: readonly unknown[] = form === 'query' ? ['true', 'false'] : [true, false];
  if (!allowed.includes(value)) report(path, `is ${JSON.stringify(value)}, not a boolean`);
}

const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

function checkTimestamp(_shape: Shape, value: unknown, path: string, { form, report }: Check): void {
  const isTime = form === 'query' ? typeof value === 'string' && isoTime.test(value) : typeof value === 'number';
  if (!isTime) report(path, `is ${JSON.stringify(value)}, not a timestamp as the ${form} protocol writes it`);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkBlob(shape: Shape, value: unknown, path: string, check: Check): void {
  if (typeof value !== 'string' || !base64.test(value)) {
    check.report(path, 'is not bytes in base64');
    return;
  }
  checkSize(shape, Buffer.from(value, 'base64').length, 'bytes', path, check);
}

function checkStructure(shape: Shape, value: unknown, path: string, check: Check): void {
  const { report } = check;
  if (!isRecord(value)) {
    report(path, `is ${shown(shape, value)}, not a structure`);
    return;
  }
  for (const name of shape.required ?? []) {
    if (value[name] === undefined) report(path, `lacks the required member ${name}`);
  }
  for (const [name, member] of Object.entries(value)) {
    const reference = shape.members?.[name];
    if (reference === undefined) report(path, `has a member ${name} that the model does not know`);
    else checkShape(reference, member, `${path}.${name}`, check);
  }
}

function checkList(shape: Shape, value: unknown, path: string, check: Check): void {
  if (!Array.isArray(value)) {
    check.report(path, `is ${shown(shape, value)}, not a list`);
    return;
  }
  checkSize(shape, value.length, 'members', path, check);
  for (const [index, item] of value.entries()) {
    if (shape.member !== undefined) checkShape(shape.member, item, `${path}[${index}]`, check);
  }
}

function checkMap(shape: Shape, value: unknown, path: string, check: Check): void {
  if (!isRecord(value)) {
    check.report(path, `is ${shown(shape, value)}, not a map`);
    return;
  }
  checkSize(shape, Object.keys(value).length, 'entries', path, check);
  for (const [key, item] of Object.entries(value)) {
    if (shape.key !== undefined) checkShape(shape.key, key, `${path}{key}`, { ...check, form: 'query' });
    if (shape.value !== undefined) checkShape(shape.value, item, `${path}{${key}}`, check);
  }
}

type Checker = (shape: Shape, value: unknown, path: string, check: Check) => void;

const checkers: Readonly<Record<string, Checker>> = {
  structure: checkStructure,
  list: checkList,
  map: checkMap,
  string: checkString,
  integer: checkNumber,
  long: checkNumber,
  float: checkNumber,
  double: checkNumber,
  boolean: checkBoolean,
  timestamp: checkTimestamp,
  blob: checkBlob,
};

/** Checks a value against a shape of the model and reports all that is wrong with it. */
export function checkShape(reference: ShapeReference, value: unknown, path: string, check: Check): void {
  const shape = shapeOf(check.model, reference);
  const checker = checkers[shape.type];
  if (checker === undefined) throw new Error(`The model has a type ${shape.type} that this validator does not know.`);
  checker(shape, value, path, check);
}
