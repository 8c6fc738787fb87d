/** Opens the database of its argument, says what came of it, and stays until its input ends. */
import { FileStorage } from '../../../src/zodb/index.ts';

try {
  const storage = new FileStorage(process.argv[2]!);
  console.log('open');
  process.stdin.resume().on('end', () => storage.close());
} catch (error) {
  console.log((error as Error).message);
}
