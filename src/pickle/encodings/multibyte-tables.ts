/**
 * Python's encodings of several bytes a character, as what they differ in from those of the web, which Node's decoders have. Places are the bytes
 * in hexadecimal.
 */
export interface MultibyteTable {
  /** The web's name of the encoding. */
  readonly label: string;
  /** Whether characters for private use are characters here. */
  readonly privateUse?: true;
  /** Ranges that are no characters. */
  readonly none?: string;
  /** Characters from a place on. */
  readonly characters?: string;
  /** Characters whose bytes are not the first ones that are decoded to them. */
  readonly bytes?: string;
}

export const multibyteTables = (): Readonly<Record<string, MultibyteTable>> => ({
  big5: {
    label: 'big5',
    none: 'a3e1 f9d6-f9fe',
    characters:
      'a145• a14e､ a1c2‾ a1e3∼ a1f2♁☉ a241／＼ a244\u00a5 a246\u00a2\u00a3 c6a1ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんァアィイゥウェ c740エォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユ c7a1ョヨラリルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽',
    bytes: 'a451十 a4ca卅 a241／ a242＼',
  },
  cp932: {
    label: 'shift_jis',
    privateUse: true,
    bytes: '8191\u00a2 8192\u00a3 81ca\u00ac 8161‖ 817c− 8160〜',
  },
  cp949: {
    label: 'euc-kr',
    characters: 'a2e6€\u00ae',
  },
  cp950: {
    label: 'big5',
    characters:
      'c6a1ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんァアィイゥウェ c740エォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユ c7a1ョヨラリルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽',
    bytes: 'a246\u00a2 a247\u00a3 a244\u00a5 a145• a1c2‾ a1e3∼ a1f3☉ a1f2♁ a451十 a4ca卅 a14e､',
  },
  euc_jp: {
    label: 'euc-jp',
    none: '8ee0-8ee2 ada1-adfc f9a1-fcfe 8ff3a1-8ff3b7',
    characters: 'a1c1〜‖ a1dd− a1f1\u00a2\u00a3 a2cc\u00ac 8fa2b7~',
    bytes: '5c\u00a5 7e‾',
  },
  euc_kr: {
    label: 'euc-kr',
    none: 'a4d4',
    characters: 'a2e6€\u00ae',
    bytes: 'a4d4\u3164',
  },
  gb18030: {
    label: 'gb18030',
    privateUse: true,
    characters:
      'a3a0\ue5e5 a6d9\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793 a6ec\ue794\ue795 a6f3\ue796 a8bc\ue7c7 fe59\ue81e fe61\ue826 fe66\ue82b\ue82c fe6d\ue832 fe7e\ue843 fe90\ue854 fea0\ue864',
  },
  gb2312: {
    label: 'gbk',
    none: '8140-a0fe a2a1-a2aa a6e0-a6f5 a840-a895 a8bb-a8c0 a940-a996 aa40-b0a0 b140-b1a0 b240-b2a0 b340-b3a0 b440-b4a0 b540-b5a0 b640-b6a0 b740-b7a0 b840-b8a0 b940-b9a0 ba40-baa0 bb40-bba0 bc40-bca0 bd40-bda0 be40-bea0 bf40-bfa0 c040-c0a0 c140-c1a0 c240-c2a0 c340-c3a0 c440-c4a0 c540-c5a0 c640-c6a0 c740-c7a0 c840-c8a0 c940-c9a0 ca40-caa0 cb40-cba0 cc40-cca0 cd40-cda0 ce40-cea0 cf40-cfa0 d040-d0a0 d140-d1a0 d240-d2a0 d340-d3a0 d440-d4a0 d540-d5a0 d640-d6a0 d740-d7a0 d840-d8a0 d940-d9a0 da40-daa0 db40-dba0 dc40-dca0 dd40-dda0 de40-dea0 df40-dfa0 e040-e0a0 e140-e1a0 e240-e2a0 e340-e3a0 e440-e4a0 e540-e5a0 e640-e6a0 e740-e7a0 e840-e8a0 e940-e9a0 ea40-eaa0 eb40-eba0 ec40-eca0 ed40-eda0 ee40-eea0 ef40-efa0 f040-f0a0 f140-f1a0 f240-f2a0 f340-f3a0 f440-f4a0 f540-f5a0 f640-f6a0 f740-f7a0 f840-fe4f',
    characters: 'a1a4・ a1aa―',
  },
  gbk: {
    label: 'gbk',
  },
  shift_jis: {
    label: 'shift_jis',
    none: '8740-879c ed40-fc4b',
    characters: '8160〜‖ 817c− 8191\u00a2\u00a3 81ca\u00ac',
    bytes: '5c\u00a5 7e‾',
  },
});
