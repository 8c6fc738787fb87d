/** Random requests that make, move, copy, rename, export, import and delete objects in a tree of folders. */
import type { WireRequest } from '../../publisher/lib/both-sites.ts';
import { MULTIPART, multipart } from '../../publisher/lib/multipart.ts';
import { authorization } from '../../publisher/lib/path-requests.ts';
import type { Random } from '../../restricted/programs.ts';

/** An object that is there, by the steps to it from the root of the tree. */
export interface Node {
  readonly steps: readonly string[];
  readonly metaType: string;
}

/** Those of a listing by the script `look`; the root comes first. */
export function nodesOf(listing: string): Node[] {
  const nodes: Node[] = [];
  const open: string[] = [];
  for (const line of listing.split('\n')) {
    const found = /^((?: {2})*)(\S.*?) ((?:[A-Z][\w()]*)(?: [A-Z(][\w()]*)*) ['"]/.exec(line);
    if (found === null) continue;
    const depth = found[1]!.length / 2;
    open.splice(depth, Infinity, found[2]!);
    nodes.push({ steps: open.slice(1), metaType: found[3]! });
  }
  return nodes;
}

/** A request; `exported`: the name of the file that each side is to import from what the other one sends. */
export interface TreeRequest extends WireRequest {
  readonly exported?: string;
}

type Field = readonly [name: string, value: string];

const USERS = {
  admin: authorization('admin', 'secret'),
  greta: authorization('greta', 'pw:g'),
  jürgen: authorization('jürgen', 'pä:ss'),
};
export const { admin: ADMIN } = USERS;

const IDS = ['a', 'b', 'c', 'f.txt', 'm', 'd', 'x y', 'ü', 'Z'];
const BAD_IDS = ['', '_x', 'a/b', '..', 'aq_parent', 'REQUEST', 'x__', 'a?b', 'acl_users', 'title', '<i>'];
const TITLES = ['', 'Title', 'Ä & <b>', 'two\nlines'];
const MOST_NODES = 30;
const FOLDERS = new Set(['Folder', 'Folder (Ordered)']);
const isFolder = ({ metaType }: Node) => FOLDERS.has(metaType);

export function form(
  target: string,
  fields: readonly Field[],
  user: readonly [string, string] = ADMIN,
): WireRequest {
  return {
    method: 'POST',
    target,
    headers: [user, ['Content-Type', 'application/x-www-form-urlencoded']],
    body: Buffer.from(
      new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
    ),
    ownPage: true,
    clipboard: target.includes('manage_paste'),
  };
}

/** Makes one request to the tree below `root`, whose objects are `nodes`. `files` are the names of what was exported so far. */
export function treeRequest(
  random: Random,
  root: string,
  nodes: readonly Node[],
  files: readonly string[],
): TreeRequest {
  const user = pickUser(random);
  const url = (node: Node, method: string) =>
    [root, ...node.steps.map((step) => encodeURIComponent(step)), method].join('/');
  const folder = random.pick(nodes.filter(isFolder));
  const inside = nodes.filter(
    ({ steps }) =>
      steps.length === folder.steps.length + 1 && folder.steps.every((step, i) => steps[i] === step),
  );
  const send = (method: string, fields: readonly Field[], where = folder) =>
    form(url(where, method), fields, user);
  const newId = () => random.pick(random.next() < 0.12 ? BAD_IDS : IDS);
  const some = (most: number): string[] => {
    const ids = inside.map(({ steps }) => steps.at(-1)!);
    if (ids.length === 0 || random.next() < 0.06) ids.push(random.pick(IDS));
    return Array.from({ length: 1 + random.below(most) }, () => random.pick(ids));
  };
  const named = (ids: readonly string[], field = 'ids:list') => ids.map((id): Field => [field, id]);
  const node = random.pick(nodes);
  // Copies of folders into themselves double a tree each time.
  const children = nodes.filter(({ steps }) => steps.length === 1);
  if (nodes.length > MOST_NODES)
    return form(`${root}/manage_delObjects`, named(children.slice(0, -1).map(({ steps }) => steps[0]!)));
  switch (random.below(24)) {
    case 0:
    case 1:
      return send('manage_addFolder', [
        ['id', newId()],
        ['title', random.pick(TITLES)],
        ...(random.next() < 0.15 ? [['createUserF', '1'] as Field] : []),
      ]);
    case 2:
      return {
        ...send('manage_addFile', []),
        headers: [user, ['Content-Type', MULTIPART]],
        body: multipart(
          { name: 'id', data: newId() },
          { name: 'title', data: random.pick(TITLES) },
          {
            name: 'file',
            filename: random.pick(['f.txt', 'C:\\d\\b', '']),
            data: random.pick(['', 'text', 'x'.repeat(70_000)]),
          },
        ),
      };
    case 3:
      return send('manage_addDTMLMethod', [
        ['id', newId()],
        ['title', random.pick(TITLES)],
        ['file', random.pick(['', 'text', '<dtml-var title>'])],
      ]);
    case 4:
      return send('manage_addProduct/OFSP/manage_addOrderedFolder', [
        ['id', newId()],
        ['title', random.pick(TITLES)],
      ]);
    case 5:
    case 6: {
      const ids = some(2);
      const count = random.next() < 0.05 ? ids.length + 1 : ids.length;
      return send('manage_renameObjects', [
        ...named(ids),
        ...Array.from({ length: count }, (): Field => ['new_ids:list', newId()]),
      ]);
    }
    case 7:
      return send('manage_renameObject', [
        ['id', some(1)[0]!],
        ['new_id', newId()],
      ]);
    case 8:
    case 9:
      return send('manage_cutObjects', named(random.next() < 0.05 ? [] : some(2)));
    case 10:
    case 11:
      return send('manage_copyObjects', named(random.next() < 0.05 ? [] : some(3)));
    case 12:
    case 13:
    case 14:
    case 15:
      return random.next() < 0.06
        ? {
            ...send('manage_pasteObjects', [['cb_copy_data', random.pick(['', 'nonsense'])]]),
            clipboard: false,
          }
        : send('manage_pasteObjects', []);
    case 16:
      return send('manage_delObjects', named(random.next() < 0.05 ? [] : some(2)));
    case 17: {
      const name = `e${files.length}.zexp`;
      const [id] = some(1);
      return {
        ...send('manage_exportObject', [
          ['id', id!],
          ['download', '1'],
        ]),
        exported: name,
      };
    }
    case 18:
    case 19:
      return send('manage_importObject', [
        [
          'file',
          random.next() < 0.1 || files.length === 0
            ? random.pick(['gone.zexp', '../a.zexp'])
            : random.pick(files),
        ],
        ...(random.next() < 0.2 ? [['set_owner:int', '0'] as Field] : []),
      ]);
    case 20:
      return send(
        'manage_setLocalRoles',
        [
          ['userid', random.pick(['greta', 'jürgen', 'nobody'])],
          ...named([random.pick(['Manager', 'Owner', 'Gardener', 'Nonsense'])], 'roles:list'),
        ],
        node,
      );
    case 21: {
      const take = send('manage_takeOwnership', random.next() < 0.5 ? [['recursive', '1']] : [], node);
      // Only the form of the object itself may ask.
      const from = `http://zope.test${take.target.replace(/takeOwnership$/, 'owner')}`;
      return random.next() < 0.1 ? take : { ...take, headers: [...take.headers!, ['Referer', from]] };
    }
    case 22:
      return send('manage_changeOwnershipType', random.next() < 0.5 ? [['explicit', '1']] : [], node);
    default:
      return send(
        random.pick([
          'manage_move_objects_up',
          'manage_move_objects_down',
          'manage_move_objects_to_top',
          'manage_move_objects_to_bottom',
        ]),
        named(some(2)),
      );
  }
}

export const userOf = ({ headers }: WireRequest): string | undefined =>
  Object.keys(USERS).find((name) => headers!.includes(USERS[name as keyof typeof USERS]));

function pickUser(random: Random): readonly [string, string] {
  const n = random.next();
  return n < 0.7 ? USERS.admin : n < 0.95 ? USERS.greta : USERS.jürgen;
}
