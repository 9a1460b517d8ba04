// Runs before anything is painted, so that a theme which was chosen (src/settings.ts keeps it) does not follow a flash of the other one.
try {
  const theme = localStorage.getItem("notifications-demo:theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Nothing may be kept here; then the system's theme holds.
}
