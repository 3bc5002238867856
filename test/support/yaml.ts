import { createRequire } from 'node:module';
import type { Json } from '../package/template.ts';

const yaml = createRequire(import.meta.resolve('serverless/package.json'))('js-yaml');

/** A short form of CloudFormation, as its long one. */
function tag(name: string, kind: string, construct: (value: Json) => Json = (value) => ({ [`Fn::${name}`]: value })) {
  return new yaml.Type(`!${name}`, { kind, construct });
}

const schema = yaml.JSON_SCHEMA.extend([
  tag('Ref', 'scalar', (name) => ({ Ref: name })),
  tag('GetAtt', 'scalar', (name) => ({ 'Fn::GetAtt': String(name).split('.') })),
  tag('Sub', 'scalar'),
  tag('Equals', 'sequence'),
  tag('If', 'sequence'),
  tag('Not', 'sequence'),
]);

/** Every document of a text, with CloudFormation's short forms. */
export function yamlDocuments(text: string): Json[] {
  return yaml.loadAll(text, undefined, { schema });
}
