import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ServiceName } from '../../local/aws/call.ts';

// The part of botocore's model format that the services in use need. It is AWS's own description of each API, the same
// from which the SDKs and the API Reference are made: https://github.com/boto/botocore/tree/develop/botocore/data

export interface ShapeReference {
  readonly shape: string;
  /** Another name on the wire. */
  readonly locationName?: string;
}

export interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, ShapeReference>>;
  readonly required?: readonly string[];
  readonly member?: ShapeReference;
  readonly key?: ShapeReference;
  readonly value?: ShapeReference;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly sensitive?: boolean;
  readonly error?: { readonly code: string; readonly httpStatusCode: number };
}

export interface Operation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly input?: ShapeReference;
  readonly output?: ShapeReference & { readonly resultWrapper?: string };
  readonly errors?: readonly ShapeReference[];
}

export interface ServiceModel {
  readonly metadata: {
    readonly apiVersion: string;
    readonly protocol: string;
    readonly jsonVersion?: string;
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string;
  };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const services: readonly ServiceName[] = [
  'iam',
  'sts',
  'secretsmanager',
  'sns',
  'sqs',
  'config',
  'cloudtrail',
  'cloudwatch',
  'kms',
  'logs',
  'organizations',
  'ssm',
  'ecs',
];

/** S3 speaks REST with XML, of which nothing here knows: what is sent there is held against no model. */
export const unread: readonly string[] = ['s3'];

export type ServiceModels = Readonly<Record<ServiceName, ServiceModel>>;

function load(modelsPath: string, service: ServiceName): ServiceModel {
  // Directories are named by API version; the last one is the newest.
  const file = globSync(join(modelsPath, service, '*', 'service-2.json.gz'))
    .toSorted()
    .at(-1);
  if (file === undefined) throw new Error(`botocore has no model of ${service} under ${modelsPath}.`);
  const model: ServiceModel = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  const { metadata } = model;
  // CloudWatch knows CBOR too, which SDK v3 for JavaScript does not ask for.
  const protocol = metadata.protocol === 'smithy-rpc-v2-cbor' ? 'json' : metadata.protocol;
  return { ...model, metadata: { ...metadata, protocol } };
}

export function loadModels(modelsPath: string): ServiceModels {
  return Object.fromEntries(services.map((service) => [service, load(modelsPath, service)])) as ServiceModels;
}

export function shapeOf(model: ServiceModel, reference: ShapeReference): Shape {
  const shape = model.shapes[reference.shape];
  if (shape === undefined) throw new Error(`The model names a shape ${reference.shape} that it does not have.`);
  return shape;
}
