/**
 * The door of the bench: loads the TypeScript of this folder without a build and hands over to main.ts. See README.md.
 */
import { register } from 'node:module'

register('../scripts/typescript-loader.mjs', import.meta.url)
await import('./main.ts')
