/** Loads all content classes, so that records of them are known. */
export { Application } from './application.ts';
export { File, Pdata } from './file.ts';
export { Folder, OrderedFolder } from './folder.ts';
export { Image } from './image.ts';
export { Item } from './item.ts';
export { ObjectManager } from './object-manager.ts';
export { ZopePageTemplate } from './page-template.ts';
export { PropertyManager } from './properties.ts';
export { DTMLDocument, DTMLMethod } from '../dtml/dtml-method.ts';
export { PythonScript } from '../scripts/python-script.ts';
export { TypeScriptScript } from '../scripts/typescript-script.ts';
import '../app/guarded-types.ts';
import '../siteaccess/virtual-host-monster.ts';
import './absolute-url-view.ts';
import '../errorlog/site-error-log.ts';
