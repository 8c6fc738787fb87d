/** `dtml-tree`: a tree of objects as a table, with the open branches in a cookie (INVENTORY T-082). */
import { Dict, Tuple } from '../../pickle/index.ts';
import { metaOf, isPersistent } from '../../persistent/index.ts';
import {
  call,
  caught,
  chargeMemory,
  chargeSteps,
  getattr,
  getitem,
  isCallable,
  lt,
  str,
  trustedGetattr,
  trustedIterate,
  Unauthorized,
} from '../../restricted/index.ts';
import { ParseError } from './errors.ts';
import { compileDtmlExpression, type Expression } from './expression.ts';
import { Bindings, InstanceNames, type Namespace } from './namespace.ts';
import { checkPrefix, nameParameter, type Parameters, parseParameters, type Source } from './parameters.ts';
import { type BlockTag, type Part, renderParts } from './render.ts';
import { applyChange, decodeState, depthOf, encodeState, isState, type OpenNode } from './tree-state.ts';

const KNOWN = {
  name: null,
  expr: null,
  nowrap: 1,
  expand: null,
  leaves: null,
  header: null,
  footer: null,
  branches: null,
  branches_expr: null,
  sort: null,
  reverse: 1,
  skip_unauthorized: 1,
  id: null,
  single: 1,
  url: null,
  assume_children: 1,
  urlparam: null,
  prefix: null,
} as const;

interface Tree {
  readonly source: Source | undefined;
  readonly parameters: Parameters;
  readonly prefix: string;
  readonly branchesExpression: Expression | undefined;
  readonly branches: string | undefined;
  readonly id: string;
  readonly url: string;
  readonly body: readonly Part[];
}

export const treeBlock: BlockTag = {
  continuations: [],
  make([section]) {
    const parameters = parseParameters(section!.args, KNOWN);
    const given = ['', 'name', 'expr'].some((name) => parameters.has(name));
    const expression = parameters.get('branches_expr');
    if (expression !== undefined && parameters.has('branches'))
      throw new ParseError('branches and  and branches_expr given', '');
    const branchesExpression =
      expression === undefined ? undefined : compileDtmlExpression(String(expression));
    const tree: Tree = {
      source: given ? nameParameter(parameters) : undefined,
      parameters,
      prefix: checkPrefix(parameters),
      branchesExpression,
      branches: expression === undefined ? String(parameters.get('branches') ?? 'tpValues') : undefined,
      id: String(parameters.get('id') ?? 'tpId'),
      url: String(parameters.get('url') ?? 'tpURL'),
      body: section!.parts,
    };
    return (namespace) => {
      const { source } = tree;
      const root =
        source === undefined
          ? namespace.client
          : (source.expression?.(namespace) ?? namespace.get(source.name));
      return new TreeRendering(tree, namespace).render(root);
    };
  },
};

const NOTHING = Symbol('nothing');

/** An attribute, called when it can be without arguments. */
function attributeValue(object: unknown, name: string): unknown {
  const value = getattr(object, name);
  if (typeof value === 'string' || typeof value === 'number' || Array.isArray(value)) return value;
  return isCallable(value) ? call(value, []) : value;
}

const has = (object: unknown, name: string) => trustedGetattr(object, name, NOTHING) !== NOTHING;

function idOf(object: unknown, name: string): unknown {
  if (has(object, name)) return attributeValue(object, name);
  const oid = isPersistent(object) ? metaOf(object)?.oid : undefined;
  if (oid !== undefined && oid !== null) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(oid));
    return bytes.toString('base64');
  }
  return str(object);
}

const SPANNING = (count: number) => `<td colspan="${count}" style="white-space: nowrap"></td>`;
const CELL = '<td width="16" style="white-space: nowrap"></td>';
const indentation = (level: number) => (level > 2 ? SPANNING(level) : CELL.repeat(Math.max(0, level)));

class TreeRendering {
  readonly #tree: Tree;
  readonly #namespace: Namespace;
  #output = '';
  #state: OpenNode[] = [];
  /** Whether the state is of no request before, and then a tuple: its root stays. */
  #isNew = true;
  #columns = 0;
  readonly #path: unknown[] = [];
  readonly #data = new Map<string, unknown>();

  constructor(tree: Tree, namespace: Namespace) {
    this.#tree = tree;
    this.#namespace = namespace;
  }

  #set(name: string, value: unknown): void {
    this.#data.set(name, value);
    const { prefix } = this.#tree;
    if (prefix !== '') this.#data.set(prefix + name.slice('tree'.length).replaceAll('-', '_'), value);
  }

  render(root: unknown): string {
    const namespace = this.#namespace;
    const id = idOf(root, this.#tree.id);
    this.#state = this.#stateOf(root, id);
    this.#columns = depthOf(this.#state);
    const url = namespace.get('URL');
    const rootUrl = str(url).slice(str(url).lastIndexOf('/') + 1);
    this.#set('tree-root-url', rootUrl);
    this.#set('tree-colspan', this.#columns);
    this.#set('tree-state', this.#isNew ? Tuple.of(...this.#state) : this.#state);
    namespace.push(new InstanceNames(root));
    namespace.push(new Bindings(this.#data));
    try {
      this.#node(root, id, rootUrl, '', this.#state, -1);
    } finally {
      namespace.pop(2);
    }
    if (!this.#tree.parameters.has('single')) {
      const response = namespace.get('RESPONSE');
      const state = this.#state.length > 0 ? this.#state : [[id]];
      call(
        getattr(response, 'setCookie'),
        ['tree-s', encodeState(state)],
        new Dict<string, unknown>([['same_site', 'Lax']]),
      );
    }
    return this.#output;
  }

  #stateOf(root: unknown, id: unknown): OpenNode[] {
    const namespace = this.#namespace;
    if (namespace.find('collapse_all') !== undefined) return [[id, []]];
    if (namespace.find('expand_all') !== undefined) return [[id, this.#expanded(root, 0)]];
    const stored = namespace.getOrUndefined('tree-s');
    const decoded = stored === undefined ? [] : decodeState(stored);
    const stays = isState(decoded) && decoded[0]?.[0] === id;
    const state: OpenNode[] = stays ? decoded : [[id, []]];
    this.#isNew = !stays;
    for (const [name, open] of [
      ['tree-e', true],
      ['tree-c', false],
    ] as const) {
      const change = namespace.getOrUndefined(name);
      if (change !== undefined) applyChange(stays ? state : [...state], decodeState(change), open);
    }
    return state;
  }

  #expanded(object: unknown, level: number): OpenNode[] {
    if (level > 100) return [];
    const nodes: OpenNode[] = [];
    for (const item of this.#shown(object)) {
      if (this.#shown(item).length === 0) continue;
      const children = this.#expanded(item, level + 1);
      nodes.push(children.length > 0 ? [idOf(item, this.#tree.id), children] : [idOf(item, this.#tree.id)]);
    }
    return nodes;
  }

  /** What can be expanded below an object: none where that fails or is not for the user, which counts when it is shown. */
  #shown(object: unknown): unknown[] {
    try {
      return this.#children(object, true) ?? [];
    } catch (error) {
      caught(error);
      return [];
    }
  }

  /** The objects below one; undefined when it cannot have any. */
  #children(object: unknown, skip = this.#tree.parameters.has('skip_unauthorized')): unknown[] | undefined {
    chargeSteps(8);
    const { branches, branchesExpression, parameters } = this.#tree;
    let value: unknown;
    if (branchesExpression !== undefined) {
      this.#namespace.push(new InstanceNames(object));
      try {
        value = branchesExpression(this.#namespace);
      } finally {
        this.#namespace.pop();
      }
    } else {
      if (!has(object, branches!)) return undefined;
      value = call(getattr(object, branches!), []);
    }
    let items: unknown[] = [];
    for (const item of value === null ? [] : trustedIterate(value)) {
      chargeSteps(4);
      chargeMemory(64);
      items.push(item);
    }
    const refused = items.filter((_item, index) => !mayHave(items, index));
    if (refused.length > 0) {
      if (!skip) throw new Unauthorized(`(${refused.length} items of a tree)`);
      items = items.filter((item) => !refused.includes(item));
    }
    const sort = parameters.get('sort');
    if (sort !== undefined) {
      const keyed = items.map((item) => [attributeValue(item, String(sort)), item] as const);
      keyed.sort(([a], [b]) => {
        chargeSteps(1);
        return lt(a, b) ? -1 : lt(b, a) ? 1 : 0;
      });
      items = keyed.map(([, item]) => item);
    }
    return parameters.has('reverse') ? items.reverse() : items;
  }

  #node(object: unknown, id: unknown, rootUrl: string, url: string, nodes: OpenNode[], level: number): void {
    chargeSteps(16);
    chargeMemory(500);
    const { parameters, url: urlAttribute } = this.#tree;
    let [itemUrl, base] = [url, rootUrl];
    if (level >= 0 && has(object, urlAttribute)) {
      const own = str(attributeValue(object, urlAttribute));
      itemUrl = itemUrl === '' ? own : `${itemUrl}/${own}`;
      base = base === '' ? own : base;
    }
    this.#set('tree-item-url', itemUrl);
    this.#set('tree-level', level);
    this.#set('tree-item-expanded', 0);
    const isRoot = nodes === this.#state && level < 0;
    const open = nodes.find((node) => node[0] === id);
    const assumed = !isRoot && parameters.has('assume_children') && open === undefined;
    const children = assumed ? undefined : this.#children(object);
    const leaves = !assumed && (children === undefined || children.length === 0) && parameters.has('leaves');
    const expandable = assumed || leaves || (children?.length ?? 0) > 0;
    this.#path.push(id);
    if (isRoot) this.#output += '<table cellspacing="0">\n';
    else this.#row(expandable, open !== undefined, id, base, level);
    const node = isRoot ? nodes[0] : open;
    if (node !== undefined && expandable)
      this.#below(object, node, children ?? [], leaves, base, itemUrl, level + 1);
    this.#path.pop();
    if (this.#path.length === 0) this.#output += '</table>\n';
  }

  #row(expandable: boolean, open: boolean, id: unknown, base: string, level: number): void {
    const { parameters, body } = this.#tree;
    this.#output += '<tr>\n';
    if (expandable) {
      if (level > 0) {
        if (level > 3) this.#output += SPANNING(level - 1);
        else if (level > 1) this.#output += CELL.repeat(level - 1);
        this.#output += `${CELL}\n`;
      }
      const extra = parameters.get('urlparam');
      const [change, title, icon] = open
        ? ['tree-c', 'Collapse...', 'fa-caret-down']
        : ['tree-e', 'Expand...', 'fa-caret-right'];
      if (open) this.#set('tree-item-expanded', 1);
      const anchor = str(id);
      this.#output +=
        '<td width="16" valign="top" style="white-space: nowrap">' +
        `<a name="${anchor}" href="${base}?${extra === undefined ? '' : `${extra}&`}${change}=${encodeState(this.#path)}#${anchor}">` +
        `<i title="${title}" class="fas ${icon} text-muted"></i></a></td>\n`;
    } else this.#output += `${indentation(level)}${CELL}\n`;
    const span = this.#columns - level;
    const nowrap = parameters.has('nowrap') ? ' style="white-space: nowrap"' : '';
    this.#output += `<td${span > 1 ? ` colspan="${span}"` : ''}${nowrap} valign="top" align="left">`;
    this.#output += renderParts(body, this.#namespace);
    this.#output += '</td>\n</tr>\n';
  }

  #below(
    _object: unknown,
    node: OpenNode,
    children: readonly unknown[],
    leaves: boolean,
    base: string,
    url: string,
    level: number,
  ): void {
    this.#document('header', level);
    if (leaves) this.#document('leaves', level);
    else if (this.#tree.parameters.has('expand')) this.#document('expand', level);
    else {
      const open = (node[1] ??= []);
      const ids: unknown[] = [];
      for (const item of children) {
        const id = idOf(item, this.#tree.id);
        ids.push(id);
        this.#namespace.push(new InstanceNames(item));
        try {
          this.#node(item, id, base, url, open, level);
        } finally {
          this.#namespace.pop();
        }
      }
      // What is gone is not kept open.
      const left = open.filter(([id]) => ids.includes(id));
      if (left.length > 0) node[1] = left;
      else node.length = 1;
    }
    this.#document('footer', level);
  }

  /** A template that the tag names, framed as a row of the table. */
  #document(parameter: string, level: number): void {
    const name = this.#tree.parameters.get(parameter);
    if (name === undefined) return;
    const document = this.#namespace.find(String(name));
    if (document === undefined) return;
    const span = this.#columns - level;
    this.#set('tree-level', level);
    this.#output += str(
      call(
        document,
        [null, this.#namespace],
        new Dict<string, unknown>([
          [
            'standard_html_header',
            `<tr>${indentation(level)}<td width="16" style="white-space: nowrap"></td><td${span > 1 ? ` colspan="${span}"` : ''} valign="top">`,
          ],
          ['standard_html_footer', '</td></tr>'],
        ]),
      ),
    );
  }
}

function mayHave(items: readonly unknown[], index: number): boolean {
  try {
    getitem(items, index);
    return true;
  } catch (error) {
    if (error instanceof Unauthorized) return false;
    throw error;
  }
}
