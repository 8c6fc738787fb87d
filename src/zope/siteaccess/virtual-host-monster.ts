/** Virtual hosting: the site as a proxy in front of it shows it (INVENTORY P-160 to P-168). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, IndexError, ValueError } from '../../restricted/index.ts';
import { BadRequest, type HTTPRequest, HTTPResponse, quote } from '../../publisher/index.ts';
import { Permissions } from '../../access/index.ts';
import { Item, ITEM_OPTIONS } from '../ofs/item.ts';
import { registerProduct } from '../ofs/products.ts';
import { virtualHostsPage } from '../zmi/virtual-hosts.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import {
  hasBeforeTraverse,
  NameCaller,
  registerBeforeTraverse,
  unregisterBeforeTraverse,
} from './before-traverse.ts';

/** Port (null: any) to the names of a path, the last first. */
type Ports = Dict<string | null, string[]>;

const META_TYPE = 'Virtual Host Monster';
const PRIORITY = 25;

export class VirtualHostMonster extends Item {
  declare lines: readonly string[];
  declare have_map: unknown;
  declare fixed_map: Dict<string, Ports>;
  declare sub_map: Dict<string, Ports>;

  /** Sets the mapping of hosts to paths, a line each: `host[:port]/path` or `*.host/path`. A line that is wrong says why. */
  set_map(map_text: string, response?: unknown): void {
    const fixed = new Dict<string, Ports>();
    const sub = new Dict<string, Ports>();
    const lines: string[] = [];
    for (const given of map_text.split('\n')) {
      let line = given.split('#!')[0]!.trim();
      if (line === '') continue;
      line = line.split('://').at(-1)!;
      try {
        this._addLine(line, fixed, sub);
      } catch (error) {
        if (!(error instanceof ValueError)) throw error;
        line = `${line} #! ${error.message}`;
      }
      lines.push(line);
    }
    this.fixed_map = fixed;
    this.sub_map = sub;
    this.lines = tupleFrom(lines);
    this.have_map = fixed.size > 0 || sub.size > 0;
    if (response instanceof HTTPResponse)
      response.redirect('manage_edit?manage_tabs_message=Changes%20Saved.');
  }

  _addLine(line: string, fixed: Dict<string, Ports>, sub: Dict<string, Ports>): void {
    const slash = line.indexOf('/');
    if (slash < 0) throw new ValueError(`Line needs a slash between host and path: ${line}`);
    const host = line.slice(0, slash).trim();
    const names = line
      .slice(slash + 1)
      .trim()
      .split('/')
      .filter(Boolean);
    if (names.length > 0) {
      this._checkPath(names);
      if (!names.includes('VirtualHostRoot')) names.push('/');
      names.reverse();
    }
    if (/^\d+$/.test(host.replaceAll('.', '')))
      throw new ValueError(`IP addresses are not mappable: ${host}`);
    const [map, name] = host.startsWith('*.') ? [sub, host.slice(2)] : [fixed, host];
    const colon = name.indexOf(':');
    const [hostname, port] = colon < 0 ? [name, null] : [name.slice(0, colon), name.slice(colon + 1)];
    let ports = map.get(hostname);
    if (ports === undefined) map.set(hostname, (ports = new Dict()));
    ports.set(port, names);
  }

  _checkPath(names: readonly string[]): void {
    const path = names[0] === 'VirtualHostBase' ? names.slice(3) : [...names];
    const root = path.indexOf('VirtualHostRoot');
    if (root >= 0) {
      let end = root + 1;
      while (path[end]?.startsWith('_vh_')) end++;
      path.splice(root, end - root);
    }
    if (path.length === 0) return;
    const object = this.unrestrictedTraverse(path, null) as object | null;
    const shown = `['${path.join("', '")}']`;
    if (object === null) throw new ValueError(`Path not found: ${shown}`);
    if (!getOwn(object, 'isPrincipiaFolderish'))
      throw new ValueError(`Path must lead to an Object Manager: ${shown}`);
  }

  /** Called in the container: reads what the path says of hosts and roots. */
  __traverse_hook__(_container: object, request: HTTPRequest): void {
    const stack = request.path;
    let mapped = false;
    let used = false;
    for (;;) {
      let path: string[] | undefined;
      let host = '';
      if (stack.at(-1) === 'VirtualHostBase') {
        used = true;
        stack.pop();
        const protocol = stack.pop();
        const given = stack.pop();
        if (protocol === undefined || given === undefined) throw new IndexError('pop from empty list');
        host = given;
        const [, hostname, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host) ?? [];
        if (hostname === undefined) throw new BadRequest(`VirtualHostBase: ${host} is no host`);
        request.setServerURL(protocol, hostname, port ? Number(port) : null);
        path = [...stack];
      }
      const rooted = this._rootDirective(request, stack, host);
      if (rooted !== undefined) {
        used = true;
        path = rooted;
      }
      if (used || mapped || !this.have_map) {
        if (path !== undefined) showVirtualUrl(request, path);
        return;
      }
      mapped = true;
      const names = this._mappedPath(request);
      if (names === undefined) return;
      stack.push(...names);
    }
  }

  /** Converts `VirtualHostRoot` and the `_vh_` names after it; gives the rest of the path, undefined when there is none. */
  _rootDirective(request: HTTPRequest, stack: string[], host: string): string[] | undefined {
    let firstName = -1;
    for (let at = 0; at < stack.length; at++) {
      if (stack[at] !== 'VirtualHostRoot') {
        if (firstName < 0 && stack[at]!.startsWith('_vh_')) firstName = at;
        continue;
      }
      const atTop = at === stack.length - 1;
      let names = [''];
      let end = at;
      if (firstName >= 0) {
        for (let each = firstName; each < at; each++) names.splice(1, 0, stack[each]!.slice('_vh_'.length));
        stack.splice(firstName, at + 1 - firstName, names.join('/'), this.getId());
        end = firstName + 1;
      } else if (at > 0 && stack[at - 1]!.startsWith('/')) {
        names = stack[at - 1]!.split('/');
        stack[at] = this.getId();
      } else {
        stack[at] = this.getId();
        stack.splice(at, 0, '/');
        end = at + 1;
      }
      const star = stack.indexOf('*');
      if (star >= 0) stack[star] = host.split('.')[0]!;
      const path = stack.slice(0, end);
      if (atTop) {
        request.setVirtualRoot(names);
        stack.splice(-2);
      }
      return path;
    }
    return undefined;
  }

  /** The path that the mapping gives for the request's host, the last name first. */
  _mappedPath(request: HTTPRequest): readonly string[] | undefined {
    const [hostname, port = null] = request.SERVER_URL.split('://')[1]!.toLowerCase().split(':');
    let ports = this.fixed_map.get(hostname!);
    for (let domain = hostname!; ports === undefined && this.sub_map.size > 0;) {
      ports = this.sub_map.get(domain);
      const dot = domain.indexOf('.');
      if (ports !== undefined || dot < 0) break;
      domain = domain.slice(dot + 1);
    }
    const names = ports?.get(port) ?? (port === null ? undefined : ports?.get(null));
    if (names === undefined || names.length === 0) return undefined;
    return names[0] === '/' ? ['/', this.getId(), ...names.slice(1)] : [...names];
  }

  /** Called where the virtual root is: this object leaves the path, and what comes before it becomes the root. */
  __bobo_traverse__(request: HTTPRequest, name: string): unknown {
    if (!name.startsWith('/')) return undefined;
    const { parents } = request;
    parents.pop();
    request.setVirtualRoot(name.length > 1 ? name : []);
    return parents.pop();
  }

  override manage_main(message?: string): string {
    return virtualHostsPage(this, 'manage_main', message);
  }

  manage_edit(message?: string): string {
    return virtualHostsPage(this, 'manage_edit', message);
  }

  manage_afterAdd(_item: object, container: ObjectManager): void {
    if (hasBeforeTraverse(container, META_TYPE))
      throw new BadRequest(`This container already has a ${META_TYPE}`);
    registerBeforeTraverse(container, new NameCaller(this.getId()), META_TYPE, PRIORITY);
  }

  manage_beforeDelete(_item: object, container: ObjectManager): void {
    unregisterBeforeTraverse(container, META_TYPE);
  }
}

function showVirtualUrl(request: HTTPRequest, stack: readonly string[]): void {
  const path = stack.toReversed();
  const root = path[0]?.startsWith('/') ? path.shift()!.slice(1) : '';
  const parts = [request.SERVER_URL, ...(root === '' ? [] : [root]), quote(path.join('/'))];
  const url = parts.join('/');
  request.set('VIRTUAL_URL_PARTS', tupleFrom(parts));
  request.set('VIRTUAL_URL', url);
  request.ACTUAL_URL = url + (path.length > 0 && request.ACTUAL_URL.endsWith('/') ? '/' : '');
}

registerClass(VirtualHostMonster, 'Products.SiteAccess.VirtualHostMonster.VirtualHostMonster', {
  python: true,
  acquires: 'implicit',
});
Object.assign(VirtualHostMonster.prototype, {
  id: 'virtual_hosting',
  meta_type: META_TYPE,
  zmi_icon: 'fa fa-code-branch',
  lines: tuple(),
  manage_options: [
    { label: 'About', action: 'manage_main' },
    { label: 'Mappings', action: 'manage_edit' },
    ...ITEM_OPTIONS,
  ],
  have_map: 0,
});
declareClass(VirtualHostMonster, {
  object: { permission: Permissions.view },
  published: ['manage_main', 'manage_edit'],
  changes: ['set_map'],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_edit: { permission: Permissions.addSiteRoots },
    set_map: { permission: Permissions.addSiteRoots },
    lines: { permission: Permissions.addSiteRoots },
    fixed_map: 'private',
    sub_map: 'private',
    manage_afterAdd: 'private',
    manage_beforeDelete: 'private',
  },
  signatures: { set_map: 'map_text, RESPONSE=None' },
});

registerProduct({
  metaType: META_TYPE,
  product: 'SiteAccess',
  permission: 'Add Virtual Host Monsters',
  fields: [],
  fixedId: 'virtual_hosting',
  allowedIn: (container) => !hasBeforeTraverse(container, META_TYPE),
  constructors: [
    {
      name: 'manage_addVirtualHostMonster',
      signature: 'id=None, REQUEST=None',
      add: (container, { request }) => {
        const monster = new VirtualHostMonster();
        container._setObject(monster.getId(), monster);
        request?.response.redirect(
          `${container.absolute_url()}/manage_main?manage_tabs_message=Virtual+Host+Monster+added.`,
        );
        return '';
      },
    },
  ],
});
