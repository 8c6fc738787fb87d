/** A Python bytearray; `bytes` is a plain `Uint8Array` (or `Buffer`). */
export class ByteArray extends Uint8Array {}
