import type { BlobStore } from '../interfaces.ts';

interface MaybeBlobs extends Partial<BlobStore> {
  supportsBlobs?(): boolean;
}

/** Whether blobs can be loaded from a storage. */
export function loadsBlobs<S extends object>(storage: S): storage is S & Pick<BlobStore, 'loadBlob'> {
  const { loadBlob, supportsBlobs } = storage as MaybeBlobs;
  return typeof loadBlob === 'function' && supportsBlobs?.call(storage) !== false;
}

/** Whether a storage keeps blobs. */
export function isBlobStore<S extends object>(storage: S): storage is S & BlobStore {
  return typeof (storage as MaybeBlobs).storeBlob === 'function' && loadsBlobs(storage);
}
