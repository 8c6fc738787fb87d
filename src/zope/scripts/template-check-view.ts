/** The view `@@check_templates`: the problems of the templates and scripts of an object and of all below it, as JSON. */
import { getSecurityManager, Permissions } from '../../access/index.ts';
import { registerView } from '../../publisher/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { checkSource } from '../../templates/index.ts';
import type { Item } from '../ofs/item.ts';
import { sourcesBelow } from './template-sources.ts';

class TemplateCheckView {}
declareClass(TemplateCheckView, { object: 'private' });

registerView('check_templates', {
  declaration: { permission: Permissions.viewManagementScreens },
  render(object, request) {
    const item = object as Item;
    const manager = getSecurityManager();
    const allowed = (each: Item) => manager.checkPermission(Permissions.viewManagementScreens, each);
    const sources = [...sourcesBelow(item, item.getPhysicalPath().join('/'), allowed)];
    request.response.setHeader('Content-Type', 'application/json; charset=utf-8');
    return JSON.stringify({
      kinds: sources.map(({ kind }) => kind),
      problems: sources.flatMap((source) => checkSource(source)),
    });
  },
  create: () => new TemplateCheckView(),
});
