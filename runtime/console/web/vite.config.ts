/**
 * Builds the page into dist/runtime/console/web: one small script for the first page, one more for
 * each part that is opened later. Nothing is inlined, so that the page needs no inline script.
 */

import { join } from 'node:path';
import { defineConfig } from 'vite';

const ROOT = join(import.meta.dirname, '../../..');

export default defineConfig({
  root: import.meta.dirname,
  base: '/page/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: join(ROOT, 'dist/runtime/console/web'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: {
        page: join(import.meta.dirname, 'index.html'),
        sw: join(import.meta.dirname, 'sw.ts'),
      },
      output: {
        // A service worker is found by its name, and reaches what lies beside it.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
