import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/components.css';
import { getIdentityMeOptions } from '../api/gen/@tanstack/react-query.gen.js';
import { setUpClient } from './api.js';
import { watchAttendance } from './attended.js';
import { queryClient, router, toSignIn } from './router.js';
import { ShortcutsProvider } from './shortcuts.js';

setUpClient({
  signIn: toSignIn,
  csrf: () => queryClient.getQueryData(getIdentityMeOptions().queryKey)?.pageSession?.csrf,
});

watchAttendance();
// What the browser kept of a page may be another person's, signed out since.
window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <ShortcutsProvider>
        <RouterProvider router={router} />
      </ShortcutsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
