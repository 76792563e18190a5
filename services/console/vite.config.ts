import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  plugins: [react()],
  build: {
    outDir: here('../../dist/services/console'),
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content-security policy takes no data: but for images
    modulePreload: { polyfill: false }, // it would be an inline script
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1024,
  },
  // For work on the pages: `npx vite services/console` beside a running gate.
  server: { proxy: { '/api': process.env['WEIR_URL'] ?? 'http://127.0.0.1:8080' } },
});
