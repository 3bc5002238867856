import { isNode, LineCounter, parseDocument } from 'yaml';
import { SettingsError } from '../shared/core/errors.ts';

/** What is wrong, and where in the document. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A file, and what it is called in the sentence of a refusal: `the fleet`. */
export interface YamlFile {
  text: string;
  name: string;
  what: string;
}

/** Reads a YAML file. Throws a SettingsError that names the file, and the line and the field of each thing that is wrong. */
export function readYaml<T>(
  { text, name, what }: YamlFile,
  read: (value: unknown) => { value: T } | { problems: readonly Problem[] },
): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const refuse = (problems: readonly string[]): never => {
    throw new SettingsError(`Cannot read ${what}: ${problems.join('; ')}.`);
  };
  const at = (offset: number): string => `${name}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    refuse(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split(/ at line|\n/)[0]}`));
  }
  const result = read(document.toJS());
  if ('value' in result) return result.value;
  const whereOf = ({ path }: Problem): string => {
    // What is missing has no line; what holds it has one.
    const depth = path.findLastIndex((_, index) => document.hasIn(path.slice(0, index + 1))) + 1;
    const node: unknown = document.getIn(path.slice(0, depth), true);
    return at(isNode(node) ? (node.range?.[0] ?? 0) : 0);
  };
  return refuse(
    result.problems.map((each) =>
      [whereOf(each), each.path.join('.'), each.message].filter((part) => part !== '').join(': '),
    ),
  );
}
