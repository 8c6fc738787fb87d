/** DTML documents in paths: they are rendered with the template's variables as names. */
import { aqBase } from '../../persistent/index.ts';
import { call } from '../../restricted/index.ts';
import { InstanceNames, MappingNames, Namespace, namesOf } from '../dtml/namespace.ts';

interface Document {
  __render_with_namespace__?(names: Namespace): unknown;
  readonly isDocTemp?: unknown;
}

/** The text of a document; undefined when the value is none. */
export function renderDocument(value: object, variables: ReadonlyMap<string, unknown>): unknown {
  const document = value as Document;
  const hook = document.__render_with_namespace__;
  if (typeof hook === 'function') return hook.call(value, namespaceOf(variables));
  if (!(aqBase(value) as Document).isDocTemp) return undefined;
  return call(value, [null, namespaceOf(variables)]);
}

function namespaceOf(variables: ReadonlyMap<string, unknown>): Namespace {
  const namespace = new Namespace();
  const context = variables.get('context') ?? variables.get('here') ?? null;
  const request = variables.get('request') ?? null;
  namespace.client = context;
  if (request !== null) namespace.push(namesOf(request));
  if (context !== null) namespace.push(new InstanceNames(context));
  namespace.push(new MappingNames(variables));
  return namespace;
}
