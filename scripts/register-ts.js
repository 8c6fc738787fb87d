// `node --import ./scripts/register-ts.js file.ts` runs TypeScript sources where Node itself does not (before 22.18).
import { register } from 'node:module';

if (!process.features.typescript) register('./strip-types.js', import.meta.url);
