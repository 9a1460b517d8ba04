import { createNotifyClient, UnauthorizedError } from "@notifications/client";

export const notify = createNotifyClient({
  url: "https://notify.example.com",
  async getToken({ signal }) {
    const answer = await fetch("/notify-token", { method: "POST", signal });
    if (answer.status === 401) {
      throw new UnauthorizedError(); // Nobody is signed in: do not ask again.
    }
    const { token } = (await answer.json()) as { token: string };
    return token;
  },
});

notify.connect();
