export { renderPlaceOf, type RenderPlace, TemplateError } from './errors.ts';
export { type CompileOptions, PageTemplateFile, PageTemplateProgram } from './program.ts';
