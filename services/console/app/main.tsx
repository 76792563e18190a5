import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/components.css';
import { setUpClient } from './api.js';
import { queryClient, router, toSignIn } from './router.js';
import { ShortcutsProvider } from './shortcuts.js';

setUpClient(toSignIn);

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <ShortcutsProvider>
        <RouterProvider router={router} />
      </ShortcutsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
