export {
  type Class,
  type ClassDeclarations,
  type Declaration,
  declarationGeneration,
  declarationOf,
  declarationsOf,
  declareClass,
  objectDeclarationOf,
  signatureTextOf,
} from './declarations.ts';
export { getSecurityPolicy, type SecurityPolicy, setSecurityPolicy } from './policy.ts';
