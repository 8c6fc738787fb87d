/** Zope for TypeScript: the site, its content classes, and what a site's own code needs of the other rooms. */
export { makeApplication, type SiteApplication } from './app/make-application.ts';
export { getConfiguration } from './app/configuration.ts';
export { addMimeTags } from './mail/mime-tag.ts';
export { declareClass } from '../restricted/index.ts';
export { registerClass } from '../persistent/index.ts';
export { Application } from './ofs/application.ts';
export { File } from './ofs/file.ts';
export { Pdata } from './ofs/file-data.ts';
export { BTreeFolder } from './ofs/btree-folder.ts';
export { Folder } from './ofs/folder.ts';
export { OrderedFolder } from './ofs/ordered-folder.ts';
export { Image } from './ofs/image.ts';
export { Item } from './ofs/item.ts';
export { ObjectManager } from './ofs/object-manager.ts';
export { ZopePageTemplate } from './ofs/page-template.ts';
export { PropertyManager } from './ofs/properties.ts';
export { type ObjectEvent, subscribe } from './ofs/events.ts';
export { type Constructor, type ProductType, registerProduct } from './ofs/products.ts';
