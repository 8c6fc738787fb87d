export {
  type Datatype,
  type DatatypeName,
  DATATYPES,
  type InetAddress,
  type SocketAddress,
} from './datatypes.ts';
export { didYouMean } from './did-you-mean.ts';
export {
  ConfigurationError,
  ConfigurationSyntaxError,
  DataConversionError,
  type Place,
  SchemaError,
  SchemaResourceError,
  SubstitutionReplacementError,
  SubstitutionSyntaxError,
  ValueRefused,
} from './errors.ts';
export { loadConfigFile, loadConfigText, type LoadOptions } from './load.ts';
export {
  type Item,
  type KeyItem,
  Schema,
  type SchemaDefinition,
  type SectionItem,
  type SectionTypeDefinition,
} from './schema.ts';
export { ImportedName } from './imported-name.ts';
export { TlsConfig } from './components/tls.ts';
export type { StorageConfig } from './zope-schema/storage-config.ts';
export { BLANK, NO_BLANK, quoted, strip, stripEnd, words } from './python-text.ts';
export { integer } from './numbers.ts';
export { TimeDelta } from './timedelta.ts';
export { SectionValue } from './section-value.ts';
export { loadZeoConf, type ZeoConfig } from './zope-schema/zeo-config.ts';
export { ZEO_SCHEMA } from './zope-schema/zeo-schema.ts';
export { type MountPoint, ZOPE_SCHEMA } from './zope-schema/schema.ts';
export {
  type DatabaseConfig,
  loadZopeConf,
  type Mount,
  parseZopeConf,
  type ZopeConfig,
} from './zope-schema/zope-config.ts';
