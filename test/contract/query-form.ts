import { type ServiceModel, type ShapeReference, shapeOf } from './service-model.ts';
import type { Report } from './shapes.ts';

// The AWS Query protocol read by the model, and not with the code of local/, which is what is on trial here.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html

/** A form body, or an XML element: text, or named children in order of appearance. */
export type Tree = string | readonly (readonly [name: string, child: Tree])[];

type Growing = Map<string, Growing | string>;

function grow(root: Growing, path: readonly string[], value: string): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    root.set(head, value);
    return;
  }
  const known = root.get(head);
  const child: Growing = known instanceof Map ? known : new Map();
  root.set(head, child);
  grow(child, rest, value);
}

function frozen(node: Growing | string): Tree {
  return typeof node === 'string' ? node : [...node].map(([name, child]) => [name, frozen(child)] as const);
}

/** `Tags.member.1.Key=a` as a tree. */
export function parseForm(body: string): Tree {
  const root: Growing = new Map();
  for (const [key, value] of new URLSearchParams(body)) grow(root, key.split('.'), value);
  return frozen(root);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|(\w+));/g, (_whole, hex: string | undefined, name: string | undefined) =>
    hex === undefined ? (entities[name ?? ''] ?? '') : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

/** The root element of a document of elements, attributes and text; nothing else of XML is understood. */
export function parseXml(document: string): { readonly name: string; readonly namespace: string; readonly tree: Tree } {
  interface Element {
    name: string;
    text: string;
    children: [string, Tree][];
  }
  const stack: Element[] = [{ name: '', text: '', children: [] }];
  let namespace = '';
  for (const [, close, open, attributes, text] of document.matchAll(/<\/([\w-]+)>|<([\w-]+)([^>]*)>|([^<]+)/g)) {
    const top = stack.at(-1);
    if (top === undefined) break;
    if (open !== undefined) {
      if (stack.length === 1) namespace = /xmlns="([^"]*)"/.exec(attributes ?? '')?.[1] ?? '';
      stack.push({ name: open, text: '', children: [] });
    } else if (text !== undefined) top.text += unescapeXml(text);
    else {
      stack.pop();
      if (top.name !== close) throw new Error(`The element ${top.name} ends as ${close}.`);
      stack.at(-1)?.children.push([top.name, top.children.length > 0 ? top.children : top.text]);
    }
  }
  const [root, ...more] = stack[0]?.children ?? [];
  if (stack.length !== 1 || root === undefined || more.length > 0) throw new Error('This is not one XML element.');
  return { name: root[0], namespace, tree: root[1] };
}

export function child(tree: Tree, name: string): Tree | undefined {
  return typeof tree === 'string' ? undefined : tree.find(([own]) => own === name)?.[1];
}

const childrenOf = (tree: Tree) => (typeof tree === 'string' ? [] : tree);

interface Reading {
  readonly model: ServiceModel;
  readonly report: Report;
  /** In a form, members of a list carry numbers (`member.1`); in XML they follow each other. */
  readonly numbered: boolean;
}

function numberedItems(tree: Tree, name: string, path: string, { report, numbered }: Reading): Tree[] {
  if (!numbered) {
    return childrenOf(tree).map(([own, item]) => {
      if (own !== name) report(path, `has an element ${own} where ${name} belongs`);
      return item;
    });
  }
  const items = childrenOf(child(tree, name) ?? '');
  items.forEach(([number], index) => {
    if (number !== String(index + 1)) report(path, `is numbered ${number} where ${index + 1} belongs`);
  });
  return items.map(([, item]) => item);
}

/** The value that the tree stands for by the model; what the model does not know is kept under its name. */
export function readTree(reference: ShapeReference, tree: Tree, path: string, reading: Reading): unknown {
  const shape = shapeOf(reading.model, reference);
  if (shape.type === 'structure') {
    const names = new Set(childrenOf(tree).map(([name]) => name));
    if (names.size < childrenOf(tree).length) reading.report(path, 'has a member twice');
    return Object.fromEntries(
      childrenOf(tree).map(([name, item]) => {
        const member = shape.members?.[name];
        return [name, member === undefined ? item : readTree(member, item, `${path}.${name}`, reading)];
      }),
    );
  }
  if (shape.type === 'list' && shape.member !== undefined) {
    const { member } = shape;
    return numberedItems(tree, 'member', path, reading).map((item, index) =>
      readTree(member, item, `${path}[${index}]`, reading),
    );
  }
  if (shape.type === 'map' && shape.value !== undefined) {
    const { value } = shape;
    const keyName = shape.key?.locationName ?? 'key';
    const valueName = value.locationName ?? 'value';
    return Object.fromEntries(
      numberedItems(tree, 'entry', path, reading).map((entry) => {
        const key = child(entry, keyName);
        const item = child(entry, valueName);
        if (typeof key !== 'string' || item === undefined) {
          reading.report(path, `has an entry without ${keyName} or ${valueName}`);
          return ['', undefined];
        }
        return [key, readTree(value, item, `${path}{${key}}`, reading)];
      }),
    );
  }
  return typeof tree === 'string' ? tree : Object.fromEntries(tree);
}
