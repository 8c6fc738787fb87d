export { renderPlaceOf, type RenderPlace, TemplateError } from './errors.ts';
export { type CompileOptions, PageTemplateFile, PageTemplateProgram } from './program.ts';
export { ParseError as DtmlParseError } from './dtml/errors.ts';
export { type NameSource, registerNamespaceFunction } from './dtml/namespace.ts';
export { tainted, TaintedString } from './dtml/tainted.ts';
export { type DtmlCall, type DtmlOptions, DtmlProgram } from './dtml/template.ts';
import './dtml/standard.ts';
