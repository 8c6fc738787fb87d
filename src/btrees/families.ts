/** The families by the width of their ints, so that code can be written for both. */
import { fs } from './families/fs.ts';
import { IF } from './families/if.ts';
import { II } from './families/ii.ts';
import { IO } from './families/io.ts';
import { IU } from './families/iu.ts';
import { LF } from './families/lf.ts';
import { LL } from './families/ll.ts';
import { LO } from './families/lo.ts';
import { LQ } from './families/lq.ts';
import { OI } from './families/oi.ts';
import { OL } from './families/ol.ts';
import { OO } from './families/oo.ts';
import { OQ } from './families/oq.ts';
import { OU } from './families/ou.ts';
import { QF } from './families/qf.ts';
import { QL } from './families/ql.ts';
import { QO } from './families/qo.ts';
import { QQ } from './families/qq.ts';
import { UF } from './families/uf.ts';
import { UI } from './families/ui.ts';
import { UO } from './families/uo.ts';
import { UU } from './families/uu.ts';
import type { BTreeModule } from './family.ts';

/** Modules under names that do not say the width of ints: I for signed and U for unsigned ones. */
export interface BTreeFamily {
  readonly minint: number | bigint;
  readonly maxint: number | bigint;
  readonly maxuint: number | bigint;
  readonly OO: BTreeModule;
  readonly OI: BTreeModule;
  readonly OU: BTreeModule;
  readonly IO: BTreeModule;
  readonly II: BTreeModule;
  readonly IF: BTreeModule;
  readonly IU: BTreeModule;
  readonly UO: BTreeModule;
  readonly UU: BTreeModule;
  readonly UF: BTreeModule;
  readonly UI: BTreeModule;
}

export const family32: BTreeFamily = {
  minint: -0x80000000,
  maxint: 0x7fffffff,
  maxuint: 0xffffffff,
  OO,
  OI,
  OU,
  IO,
  II,
  IF,
  IU,
  UO,
  UU,
  UF,
  UI,
};

export const family64: BTreeFamily = {
  minint: -(2n ** 63n),
  maxint: 2n ** 63n - 1n,
  maxuint: 2n ** 64n - 1n,
  OO,
  OI: OL,
  OU: OQ,
  IO: LO,
  II: LL,
  IF: LF,
  IU: LQ,
  UO: QO,
  UU: QQ,
  UF: QF,
  UI: QL,
};

/** Every module by its name in Python, such as `BTrees.OOBTree`. */
export const btreeModules: ReadonlyMap<string, BTreeModule> = new Map(
  [OO, OI, OL, OU, OQ, IO, II, IF, IU, LO, LL, LF, LQ, UO, UU, UF, UI, QO, QQ, QF, QL, fs].map(
    (module: BTreeModule) => [module.name, module],
  ),
);
