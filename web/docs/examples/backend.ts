// On your server: a token for whoever is signed in there. The API key never leaves it.
export async function notifyToken(userId: string | undefined): Promise<Response> {
  if (userId === undefined) {
    return new Response(null, { status: 401 });
  }
  const answer = await fetch("https://notify.example.com/v1/tokens", {
    method: "POST",
    headers: { authorization: `Bearer ${process.env["NOTIFY_KEY"]}`, "content-type": "application/json" },
    body: JSON.stringify({ userId }),
  });
  if (!answer.ok) {
    return new Response(null, { status: 502 });
  }
  const { token } = (await answer.json()) as { token: string };
  return Response.json({ token });
}
