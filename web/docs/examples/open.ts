// A click goes to your router rather than to another page.
document.body.addEventListener("notify-open", (event) => {
  const { url } = event.detail.item;
  if (url !== null && new URL(url, location.href).origin === location.origin) {
    event.preventDefault();
    void router.push(new URL(url, location.href).pathname);
  }
});

declare const router: { push(path: string): Promise<void> };
