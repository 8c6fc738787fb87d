export { ByteArray } from './values/bytearray.ts';
export { Dict } from './values/dict.ts';
export { PyFloat, float, isFloat } from './values/float.ts';
export { type PyInt, int, isInt } from './values/int.ts';
export { KEY, normalKey } from './values/key.ts';
export { FrozenSet, PySet } from './values/set.ts';
export { Tuple, tuple, tupleFrom } from './values/tuple.ts';
