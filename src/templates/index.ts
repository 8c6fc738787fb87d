export { checkSource, type Problem, scriptSource, type Source, sourceOfFile } from './check.ts';
export { PTRuntimeError, renderPlaceOf, renderPlacesOf, type RenderPlace, TemplateError } from './errors.ts';
export { CatalogError, readLocales, setCatalogs } from './i18n/catalogs.ts';
export { Message, type MessageOptions } from './i18n/message.ts';
export { acceptedLanguages } from './i18n/translate.ts';
export {
  type CompileOptions,
  evaluateExpression,
  PageTemplateFile,
  PageTemplateProgram,
  type RenderOptions,
} from './program.ts';
export { Macros } from './runtime/macros.ts';
export { ParseError as DtmlParseError } from './dtml/errors.ts';
export {
  type Namespace as DtmlNamespace,
  type NameSource,
  registerNamespaceFunction,
} from './dtml/namespace.ts';
export { compileDtmlExpression, type Expression as DtmlExpression } from './dtml/expression.ts';
export { parseParameters as parseDtmlParameters } from './dtml/parameters.ts';
export {
  type BlockTag as DtmlBlockTag,
  renderParts as renderDtmlParts,
  type Section as DtmlSection,
} from './dtml/render.ts';
export { tainted, TaintedString } from './dtml/tainted.ts';
export { type DtmlCall, type DtmlOptions, DtmlProgram, registerDtmlTag } from './dtml/template.ts';
import './dtml/standard.ts';
