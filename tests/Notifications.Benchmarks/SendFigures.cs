using System.Net.Http.Headers;
using System.Net.Mail;
using System.Net.Mime;
using System.Net.Sockets;
using System.Text;
using Microsoft.Data.Sqlite;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// Webhooks and mails a second. All wait in the queue before any is sent: their events ask for them only if nothing was seen for an hour, and once
/// everything is stored, the hour is taken off.
/// </summary>
internal static class SendFigures
{
    private const int Webhooks = 5_000, Mails = 1_000, Clients = 4, InFlight = 64, Batch = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Measures all of it.</summary>
    public static async Task AddAsync(Table table)
    {
        await using var receiver = await CountingReceiver.StartAsync();
        foreach (var scheduled in new[] { false, true })
        {
            var what = scheduled ? $"webhooks of {Webhooks:#,0} events with the same sendAt" : $"webhooks, {Webhooks:#,0} in the queue, one host";
            await table.TryAsync(what, async () =>
            {
                var effort = new Effort(Webhooks);
                var turns = await Turns.MeasureAsync(() => WebhooksAsync(receiver, scheduled, effort), () => PostAsync(receiver));
                table.Add(what, turns.ToString(), $"{effort}; {(scheduled ? "each event comes to its inbox first" : $"bare: HttpClient, {InFlight} in flight")}");
            });
        }

        foreach (var domains in new[] { 200, 1 })
        {
            var what = $"mails, {Mails:#,0} in the queue, {(domains == 1 ? "one domain" : $"{domains} domains")}";
            await table.TryAsync(what, async () =>
            {
                var effort = new Effort(Mails);
                var turns = await Turns.MeasureAsync(() => MailsAsync(domains, effort), () => BareMailsAsync(domains, effort));
                table.Add(what, turns.ToString(), $"{effort}; bare: System.Net.Mail, {Clients} connections; the mail server is in Node.js on the same cores");
            });
        }

        await table.TryAsync("mails over sockets", async () =>
        {
            var rates = new List<double>();
            for (var i = 0; i < Turns.Count; i++)
            {
                rates.Add(await SocketMailsAsync());
            }

            table.Add(
                "mails over bare sockets", $"{Turns.Median(rates):#,0}/s",
                "what the mail server takes: as many connections, each message written at once and without waiting to fill packets");
        });
    }

    private static async Task<double> WebhooksAsync(CountingReceiver receiver, bool scheduled, Effort effort)
    {
        await using var server = await ServerProcess.StartAsync(new ServerOptions { DataRoot = ServerData.Root, Settings = receiver.Settings });
        (await server.Api.PostAsync("/v1/webhooks", new { url = receiver.Url, userId = "ada" })).Expect(201);

        // So that everything has been compiled.
        var warm = receiver.Expect(Batch);
        await QueueAsync(server, "warm", Batch, _ => "ada", ""","channels":["webhook"]""");
        await warm.PerSecondAsync(Patience);

        var wave = receiver.Expect(Webhooks);
        TimeSpan before;
        if (scheduled)
        {
            var at = TimeProvider.System.GetUtcNow().AddSeconds(5);
            await QueueAsync(server, "all", Webhooks, _ => "ada", $""","channels":["webhook"],"sendAt":"{at:O}" """);
            before = server.ProcessorTime;
        }
        else
        {
            await QueueAsync(server, "all", Webhooks, _ => "ada", Later("webhook"));
            await ReleaseAsync(server, Webhooks);
            before = server.ProcessorTime;
        }

        var perSecond = await wave.PerSecondAsync(Patience);
        effort.Used.Add(server.ProcessorTime - before);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System); // What comes again comes now.
        effort.Repeated += wave.Repeated;
        return perSecond;
    }

    /// <summary>The same body to the same endpoint, without anything around it.</summary>
    private static async Task<double> PostAsync(CountingReceiver receiver)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = InFlight });
        var body = receiver.Body;
        await WaveAsync("warm", Batch);
        return await WaveAsync("bare", Webhooks);

        async Task<double> WaveAsync(string name, int count)
        {
            var wave = receiver.Expect(count);
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (n, stop) =>
            {
                using var content = new ByteArrayContent(body);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                content.Headers.Add("webhook-id", $"{name}-{n}");
                using var response = await http.PostAsync(receiver.Url, content, stop);
                response.EnsureSuccessStatusCode();
            });
            return await wave.PerSecondAsync(Patience);
        }
    }

    private static async Task<double> MailsAsync(int domains, Effort effort)
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var server = await ServerProcess.StartAsync(new ServerOptions
        {
            DataRoot = ServerData.Root,
            Settings = new Dictionary<string, string>
            {
                ["Notifications__Smtp__Host"] = "127.0.0.1",
                ["Notifications__Smtp__Port"] = $"{smtp.Port}",
                ["Notifications__Smtp__From"] = "news@example.org",
                ["Notifications__Smtp__Connections"] = $"{Clients}",
            },
        });
        var users = new StringBuilder();
        for (var i = 0; i < Mails; i++)
        {
            users.Append($$"""{"id":"u{{i}}","email":"{{Address(i, domains)}}","name":"User {{i}}"}""").Append('\n');
        }

        (await server.Api.SendTextAsync(HttpMethod.Post, "/v1/users/import", users.ToString(), "application/x-ndjson")).Expect(200);
        await QueueAsync(server, "all", Mails, n => $"u{n}", Later("email"));
        await ReleaseAsync(server, Mails);
        var before = server.ProcessorTime;
        var (perSecond, bytes, repeated) = await TakenAsync(smtp);
        effort.Used.Add(server.ProcessorTime - before);
        effort.Bytes = bytes;
        effort.Repeated += repeated;
        return perSecond;
    }

    /// <summary>The same mails to the same server, without anything around them.</summary>
    private static async Task<double> BareMailsAsync(int domains, Effort effort)
    {
        await using var smtp = await SmtpServer.StartAsync();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var client = new SmtpClient("127.0.0.1", smtp.Port);
            for (int n; (n = Interlocked.Increment(ref next)) < Mails;)
            {
                using var mail = new MailMessage("news@example.org", Address(n, domains)) { Subject = $"Event {n}" };
                var text = string.Join('\n', Enumerable.Repeat("A text of the usual length, as people write them.", 8));
                mail.AlternateViews.Add(View(text, MediaTypeNames.Text.Plain));
                mail.AlternateViews.Add(View(string.Join('\n', Enumerable.Repeat(text, 6)), MediaTypeNames.Text.Html));
                await client.SendMailAsync(mail);
            }
        })));
        (var perSecond, effort.BareBytes, _) = await TakenAsync(smtp);
        return perSecond;

        static AlternateView View(string text, string type) =>
            new(new MemoryStream(Encoding.UTF8.GetBytes(text)), new ContentType(type + "; charset=utf-8")) { TransferEncoding = TransferEncoding.Base64 };
    }

    /// <summary>Mails of that size with no mail library at all.</summary>
    private static async Task<double> SocketMailsAsync()
    {
        await using var smtp = await SmtpServer.StartAsync();
        var next = -1;
        var text = string.Concat(Enumerable.Repeat("A text of the usual length, as people write them.\r\n", 80));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync("127.0.0.1", smtp.Port);
            var answer = new byte[4096];
            await ExpectAsync('2');
            await SayAsync("EHLO localhost\r\n", '2');
            for (int n; (n = Interlocked.Increment(ref next)) < Mails;)
            {
                await SayAsync("MAIL FROM:<news@example.org>\r\n", '2');
                await SayAsync($"RCPT TO:<{Address(n, 200)}>\r\n", '2');
                await SayAsync("DATA\r\n", '3');
                await SayAsync($"From: news@example.org\r\nTo: {Address(n, 200)}\r\nSubject: Event {n}\r\n\r\n{text}.\r\n", '2');
            }

            async Task SayAsync(string line, char expected)
            {
                await socket.SendAsync(Encoding.ASCII.GetBytes(line));
                await ExpectAsync(expected);
            }

            // An answer is over with a line whose code is followed by a space.
            async Task ExpectAsync(char expected)
            {
                for (var filled = 0; ;)
                {
                    var read = await socket.ReceiveAsync(answer.AsMemory(filled));
                    filled += read > 0 ? read : throw new IOException("The mail server closed the connection.");
                    var lines = Encoding.ASCII.GetString(answer, 0, filled).Split("\r\n");
                    if (lines[^1].Length == 0 && lines[^2][3] == ' ')
                    {
                        if (lines[^2][0] != expected)
                        {
                            throw new InvalidOperationException(lines[^2]);
                        }

                        return;
                    }
                }
            }
        })));
        return (await TakenAsync(smtp)).PerSecond;
    }

    private static string Address(int user, int domains) => $"u{user}@d{user % domains}.example";

    private static string Later(string channel) => $$""","channels":[{"channel":"{{channel}}","ifNotSeenAfter":3600}]""";

    private static async Task QueueAsync(ServerProcess server, string name, int count, Func<int, string> user, string more)
    {
        using var connection = await RawConnection.OpenAsync(server.Address);
        foreach (var numbers in Enumerable.Range(0, count).Chunk(Batch))
        {
            await connection.SendAsync(Request.Post(
                server.Address, "/v1/events/batch", Bodies.Array(numbers.Select(n => Bodies.Event("user:" + user(n), n, $"{name}-{n}", more: more)))).Bytes);
        }
    }

    /// <summary>Once all of them wait, they are due.</summary>
    private static async Task ReleaseAsync(ServerProcess server, int count)
    {
        var file = Path.Combine(server.DataFolder, "notifications.db");
        await using var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 10 }.ConnectionString);
        await database.OpenAsync();
        await using var waiting = new SqliteCommand("SELECT COUNT(*) FROM delivery_queue", database);
        await Until.ValueAsync("all to wait", async () => (long)(await waiting.ExecuteScalarAsync())!, n => n == count, Patience);
        await using var release = new SqliteCommand("UPDATE delivery_queue SET due_at = due_at - 3600000", database);
        await release.ExecuteNonQueryAsync();
    }

    private static async Task<(double PerSecond, long Bytes, int Repeated)> TakenAsync(SmtpServer smtp)
    {
        var (messages, bytes, took) = await Until.ValueAsync("the mails", smtp.CountAsync, state => state.Messages >= Mails, Patience);
        return (messages / took.TotalSeconds, bytes / messages, messages - Mails);
    }

    /// <summary>What it took the service.</summary>
    private sealed class Effort(int count)
    {
        /// <summary>Processor time of each turn.</summary>
        public List<TimeSpan> Used { get; } = [];

        /// <summary>What came twice.</summary>
        public int Repeated { get; set; }

        /// <summary>The size of one, where both are not the same.</summary>
        public long Bytes { get; set; }

        /// <summary>The same of the bare ones.</summary>
        public long BareBytes { get; set; }

        /// <inheritdoc/>
        public override string ToString() => $"{Turns.Median(Used.Select(u => u.TotalMilliseconds)) / count:0.00} ms of a core each" +
            (Bytes > 0 ? $", {Bytes:#,0} bytes each, bare {BareBytes:#,0}" : "") + (Repeated > 0 ? $", {Repeated} CAME TWICE" : "");
    }
}
