// Before the first paint, so that no light page flashes up in the dark. A file of its own: nothing inline is allowed.
try {
  const chosen = localStorage.getItem('weir.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is off: the system's choice holds.
}
