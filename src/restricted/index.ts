export { closeIntrinsics } from './close-intrinsics.ts';
export { forbidCodeFromText } from './code-from-text.ts';
export {
  allowsUndeclared,
  type Class,
  type ClassDeclarations,
  type Declaration,
  declarationGeneration,
  declarationOf,
  declarationsOf,
  declareClass,
  declaredPermissions,
  isChanging,
  isPostOnly,
  isPublishable,
  isPublishedName,
  namedDeclarationOf,
  objectDeclarationOf,
  permissionsIn,
  signatureTextOf,
} from './declarations.ts';
export {
  guardedDelattr as delattr,
  guardedGetattr as getattr,
  guardedHasattr as hasattr,
  guardedSetattr as setattr,
  trustedGetattr,
  Withheld,
} from './guards/attributes.ts';
export {
  guardedDelItem as delitem,
  guardedItem as getitem,
  guardedSetItem as setitem,
  rawItem as trustedGetitem,
  rawSetItem as trustedSetitem,
} from './guards/items.ts';
export { declareTraversal, ownAttribute, ownStep } from './guards/own-attribute.ts';
export { findModule, moduleItem, type ModuleOptions, registerModule } from './modules/registry.ts';
export { sortSequence } from './modules/sequence.ts';
export { htmlQuote, urlQuote, urlUnquote } from './modules/zope-standard.ts';
export { getSecurityPolicy, type SecurityPolicy, setSecurityPolicy } from './policy.ts';
export type { CodeProblem } from './python/checks.ts';
export { generatedFileName } from './runtime/frames.ts';
export {
  type CompiledExpression,
  type CompiledFunction,
  compileExpression,
  compileFunction,
  type ExpressionOptions,
  type FunctionSource,
} from './python/compile.ts';
export {
  Budget,
  BudgetError,
  type BudgetLimits,
  callDepth,
  chargeItems,
  chargeMemory,
  chargeSteps,
  chargeText,
  currentBudget,
  DEFAULT_LIMITS,
  guardedRun,
  restoreCallDepth,
  setBudgetSource,
  setDefaultLimits,
  withBudget,
} from './runtime/budget.ts';
export { builtinValue, registerBuiltin } from './runtime/builtins.ts';
export { call, isCallable, setSignature, signatureOf } from './runtime/call.ts';
export { contains, eq, equals, gt, le, len, lt, truth } from './runtime/compare.ts';
export { hash } from './runtime/hashing.ts';
export { isInstance } from './runtime/type-tests.ts';
export { alive } from './runtime/budget.ts';
export { caught } from './runtime/exceptions.ts';
export {
  ArithmeticError,
  AssertionError,
  AttributeError,
  Exception,
  exceptionTypes,
  type Frame,
  HostError,
  ImportError,
  IndexError,
  KeyError,
  LookupError,
  NameError,
  NotImplementedError,
  OSError,
  OverflowError,
  PyError,
  PySyntaxError,
  RecursionError,
  RefusedSyntaxError,
  registerException,
  registerForeignError,
  foreignError,
  RuntimeError,
  StopIteration,
  SystemError,
  TypeError,
  Unauthorized,
  UnboundLocalError,
  UnicodeDecodeError,
  UnicodeEncodeError,
  UnicodeError,
  ValueError,
  ZeroDivisionError,
} from './runtime/errors.ts';
export { declareText } from './guards/values.ts';
export { checkItem, guardedIterate as iterate, isForeign, trustedIterate } from './runtime/iterate.ts';
export {
  BoundMethod,
  GuardedIterator,
  HostCallable,
  PyFunction,
  PyGenerator,
  PyInstance,
  PyModule,
} from './runtime/objects.ts';
export { decodeBytes, encodeText } from './runtime/codecs.ts';
export { binary } from './runtime/operators.ts';
export { formatPercent } from './runtime/percent.ts';
export { sortBy } from './runtime/sort.ts';
export { groupThousands, stripText } from './runtime/text.ts';
export { format, repr, str } from './runtime/repr.ts';
export {
  type Operators,
  PyType,
  registerType,
  type TypeDescription,
  typeName,
  typeOf,
} from './runtime/types.ts';
export { compileTypeScript, compileTypeScriptExpression, typeScriptSignature } from './typescript/compile.ts';
import './runtime/text-methods.ts';
import './runtime/container-methods.ts';
import { installBytesMethods } from './runtime/bytes-methods.ts';

installBytesMethods();
import './modules/date-time.ts';
import './modules/persistent-types.ts';
import './modules/sequence.ts';
import './modules/value-types.ts';
import './modules/math-module.ts';
import './modules/random-module.ts';
import './modules/string-module.ts';
import './modules/zope-standard.ts';
import './modules/ztutils.ts';
