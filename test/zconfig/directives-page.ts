/** The page docs/zope-conf.md, made of the schemas: what stands there is what a configuration is read by. */
import {
  type Item,
  ImportedName,
  type KeyItem,
  type SchemaDefinition,
  type SectionTypeDefinition,
  ZEO_SCHEMA,
  ZOPE_SCHEMA,
} from '../../src/zconfig/index.ts';
import { openStorage } from '../../src/zope/app/storages.ts';

const MOUNT = { text: '/shop', virtualPath: '/shop', realRoot: null, realPath: '/shop' };
/** Values that are no defaults: a directive without effect tells its reason for one of them. */
const SAMPLES: readonly unknown[] = [true, false, 8080, 'de_DE', new ImportedName('shop.Factory'), [MOUNT]];

/** Why a directive changes nothing here; undefined for one that has its effect. */
function reasonOf({ noEffect }: KeyItem): string | undefined {
  if (typeof noEffect !== 'function') return noEffect;
  for (const sample of SAMPLES) {
    try {
      const reason = noEffect(sample);
      if (reason !== undefined) return reason.replaceAll('/shop', 'a path other than /');
    } catch {
      // A value of another type.
    }
  }
  return undefined;
}

const escape = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function defaultOf(item: KeyItem): string {
  if (item.required === true) return 'required';
  const { default: one, defaults: several } = item;
  if (one !== undefined) return one === '' ? '' : `\`${one}\``;
  return several === undefined ? '' : `\`${JSON.stringify(several)}\``;
}

/** A section as it is written; of an abstract type those that can stand for it. */
function sectionName(type: string, { types = [] }: SchemaDefinition): string {
  const kinds = types.filter((each) => each.implements?.toLowerCase() === type.toLowerCase());
  if (kinds.length === 0) return `\`<${type}>\``;
  if (kinds.length > 3) return type.endsWith('storage') ? '*a storage*' : `*${type}*`;
  return kinds.map(({ name }) => `\`<${name}>\``).join(', ');
}

function row(item: Item, schema: SchemaDefinition): string {
  const about = item.about ?? '';
  if ('type' in item) {
    const many = item.kind === 'multisection' ? ', any number of them' : '';
    const required = item.required === true ? 'required' : '';
    return `| ${sectionName(item.type, schema)} | ${required} | ${escape(about)}${many} |`;
  }
  const name = item.name === '+' ? '*any name*' : `\`${item.name}\``;
  const reason = reasonOf(item);
  const effect = reason === undefined ? about : `${about}. **No effect**: ${reason}`;
  const many = item.kind === 'multikey' ? '; may be given several times' : '';
  return `| ${name} | ${defaultOf(item)} | ${escape(effect)}${many} |`;
}

const table = (items: readonly Item[], schema: SchemaDefinition) =>
  ['| directive | default | what it does |', '|---|---|---|', ...items.map((item) => row(item, schema))].join(
    '\n',
  );

/** Why a site cannot have a storage; undefined for one that it can. */
function refusalOf(type: SectionTypeDefinition): string | undefined {
  if (type.implements !== 'ZODB.storage') return undefined;
  if (['filestorage', 'mappingstorage', 'temporarystorage', 'demostorage', 'blobstorage'].includes(type.name))
    return undefined;
  try {
    openStorage({ type: type.name, name: null, values: { base: null }, place: undefined } as never);
  } catch (error) {
    const { message } = error as Error;
    return message.includes('is needed inside') ? undefined : message.replace(/^<\w+>: /, '');
  }
  return undefined;
}

/** Own items and those of the types that it extends. */
function itemsOf(type: SectionTypeDefinition, all: readonly SectionTypeDefinition[]): readonly Item[] {
  const base = all.find(({ name }) => name === type.extends);
  return [...(base === undefined ? [] : itemsOf(base, all)), ...(type.items ?? [])];
}

function typeText(type: SectionTypeDefinition, schema: SchemaDefinition, reads: boolean): string {
  const refusal = reads ? refusalOf(type) : undefined;
  const head = [`### \`<${type.name}>\``];
  if (type.about !== undefined) head.push(`${type.about[0]!.toUpperCase()}${type.about.slice(1)}.`);
  if (refusal !== undefined) head.push(`**Refused at start**: ${refusal}.`);
  return [...head, table(itemsOf(type, schema.types ?? []), schema)].join('\n\n');
}

function schemaText(schema: SchemaDefinition, reads: boolean): string {
  const types = schema.types ?? [];
  return [table(schema.items, schema), ...types.map((type) => typeText(type, schema, reads))].join('\n\n');
}

function importsText(schema: SchemaDefinition): string {
  return Object.entries(schema.components ?? {})
    .filter(([, types]) => types.length > 0)
    .map(([name, types]) => {
      const named = types
        .filter((type) => type.implements !== undefined || types.length === 1)
        .map((type) => {
          const refusal = refusalOf(type);
          return `\`<${type.name}>\`${refusal === undefined ? '' : ` (refused at start: ${refusal})`}`;
        });
      return `- \`%import ${name}\`: ${named.join(', ')}`;
    })
    .join('\n');
}

/** Names by their reason. */
function goneText(gone: Readonly<Record<string, string>>): string {
  const reasons = new Map<string, string[]>();
  for (const [name, reason] of Object.entries(gone)) {
    const names = reasons.get(reason) ?? [];
    names.push(`\`${name}\``);
    reasons.set(reason, names);
  }
  return [...reasons].map(([reason, names]) => `- ${escape(reason)}: ${names.join(', ')}`).join('\n');
}

export const directivesPage = (): string => `# zope.conf and zeo.conf

Every directive that a \`zope.conf\` or a \`zeo.conf\` may have, with what it does. Those that change nothing here say why; a site that gives one says
the same in its log when it starts, with file and line. A name that is not listed is an error with file, line and the name that was meant. This page
is made of the schemas that configurations are read by, by the test \`test/zconfig/directives-page.test.ts\`
(\`npx vitest run test/zconfig -u\` writes it anew).

The language is ZConfig's: \`%define NAME value\` and \`$NAME\`, \`%include FILE\`, \`%import PACKAGE\`, sections in angle brackets, and environment variables
as \`$(NAME)\`. Sizes take \`KB\`, \`MB\` and \`GB\`, times \`s\`, \`m\`, \`h\` and \`d\`, switches \`on\`, \`off\`, \`yes\`, \`no\`, \`true\` and \`false\`.

## zope.conf

${schemaText(ZOPE_SCHEMA, true)}

### Storages of packages

${importsText(ZOPE_SCHEMA)}

### Directives that are gone

They are errors in Python's Zope as well. The message says what is there in their place.

${goneText(ZOPE_SCHEMA.gone ?? {})}

## zeo.conf

Read and checked in full, and shown by \`runzeo --print-config\`; serving ZEO is not part of this version yet.

${schemaText(ZEO_SCHEMA, false)}
`;
