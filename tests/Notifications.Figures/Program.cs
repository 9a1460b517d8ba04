using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Notifications.Figures;
using Notifications.IntegrationTests.Support;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = new ServerOptions { DataRoot = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "figures")).FullName };
var table = new List<(string What, string Value)>();

Add("machine", $"{Environment.ProcessorCount} cores, {RuntimeInformation.RuntimeIdentifier}, .NET {Environment.Version}; one fsync {Fsync():0.00} ms");
await StartUpAsync();
await AcceptAsync("single posts, 64 connections", connections: 64, batch: 1, seconds: 10);
await AcceptAsync("batches of 100, 8 connections", connections: 8, batch: 100, seconds: 10);
await IdleLatencyAsync();
await LatencyAsync(clients: 200, perSecond: 1_000, seconds: 20);
await CatchUpAsync(10_000);
await MemoryAsync(1_000);

var width = table.Max(t => t.What.Length);
Console.WriteLine();
table.ForEach(t => Console.WriteLine($"| {t.What.PadRight(width)} | {t.Value} |"));
return;

void Add(string what, string value)
{
    Console.Error.WriteLine($"{what}: {value}");
    table.Add((what, value));
}

async Task StartUpAsync()
{
    var started = Stopwatch.GetTimestamp();
    await using var server = await ServerProcess.StartAsync(options);
    var first = Stopwatch.GetElapsedTime(started);
    var again = new List<TimeSpan>();
    for (var i = 0; i < 5; i++)
    {
        await server.StopAsync();
        started = Stopwatch.GetTimestamp();
        await server.StartAgainAsync();
        again.Add(Stopwatch.GetElapsedTime(started));
    }

    Add("start to ready", $"{first.TotalMilliseconds:0} ms with a new data folder, then {again.Order().ElementAt(2).TotalMilliseconds:0} ms (median of 5)");
}

async Task AcceptAsync(string what, int connections, int batch, int seconds)
{
    await using var server = await ServerProcess.StartAsync(options);
    var lastIds = new string[connections];
    await RunAsync(TimeSpan.FromSeconds(3), "warm"); // The JIT has seen it all.
    var started = Stopwatch.GetTimestamp();
    var busy = server.ProcessorTime;
    var accepted = await RunAsync(TimeSpan.FromSeconds(seconds), "run");
    var took = Stopwatch.GetElapsedTime(started);
    busy = server.ProcessorTime - busy;
    foreach (var id in lastIds)
    {
        await Until.TrueAsync("the last events to be stored", async () => (await server.Api.GetAsync($"/v1/events/{id}")).Status == 200);
    }

    var stored = Stopwatch.GetElapsedTime(started);
    Add($"accepted, {what}", $"{accepted / took.TotalSeconds:#,0} events/s; all of them in inboxes {(stored - took).TotalMilliseconds:0} ms after the last; the server used {busy / took:0.0} cores");

    async Task<long> RunAsync(TimeSpan time, string name)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(async () =>
        {
            using var connection = await RawConnection.OpenAsync(
                server.Address, batch == 1 ? "/v1/events" : "/v1/events/batch", ServerProcess.DevelopmentKey);
            var count = 0;
            while (Stopwatch.GetTimestamp() < end)
            {
                if (batch == 1)
                {
                    await connection.PostAsync(Event($"{name}-{c}-{count}", $"u{(c + (count * 7)) % 1000}", count));
                }
                else
                {
                    await connection.PostAsync($"[{string.Join(',', Enumerable.Range(count, batch).Select(n => Event($"{name}-{c}-{n}", $"u{(c + (n * 7)) % 1000}", n)))}]");
                }

                count += batch;
            }

            var at = connection.Answer.LastIndexOf("evt_", StringComparison.Ordinal);
            lastIds[c] = connection.Answer.Substring(at, 36);
            return (long)count;
        })));
        return counts.Sum();
    }
}

async Task IdleLatencyAsync()
{
    await using var server = await ServerProcess.StartAsync(options);
    var arrived = Channel.CreateUnbounded<long>();
    await using var client = await HubClient.ConnectAsync(server.Address, new HubOptions
    {
        Token = await server.Api.TokenAsync("ada"),
        Keep = false,
        OnMessage = (_, message) =>
        {
            if (message is Notification)
            {
                arrived.Writer.TryWrite(Stopwatch.GetTimestamp());
            }
        },
    });
    using var connection = await RawConnection.OpenAsync(server.Address, "/v1/events", ServerProcess.DevelopmentKey);
    var latencies = new List<double>();
    for (var i = 0; i < 700; i++)
    {
        var sent = Stopwatch.GetTimestamp();
        await connection.PostAsync(Event($"idle-{i}", "ada", i));
        var got = await arrived.Reader.ReadAsync();
        if (i >= 200)
        {
            latencies.Add(Stopwatch.GetElapsedTime(sent, got).TotalMilliseconds);
        }
    }

    Add("post to client, idle service", $"p50 {Percentile(latencies, 0.5):0.0} ms, p99 {Percentile(latencies, 0.99):0.0} ms (500 events, one at a time)");
}

async Task LatencyAsync(int clients, int perSecond, int seconds)
{
    const int Senders = 64;
    await using var server = await ServerProcess.StartAsync(options);
    var latencies = new double[perSecond * (seconds + 5)];
    var received = 0;
    var hubs = new List<HubClient>();
    for (var i = 0; i < clients; i++)
    {
        hubs.Add(await HubClient.ConnectAsync(server.Address, new HubOptions
        {
            Token = await server.Api.TokenAsync($"u{i}"),
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Notification { Item: var item })
                {
                    var data = item.Json.GetProperty("data");
                    latencies[data.GetProperty("n").GetInt32()] = Stopwatch.GetElapsedTime(data.GetProperty("sent").GetInt64()).TotalMilliseconds;
                    Interlocked.Increment(ref received);
                }
            },
        }));
    }

    // Open loop: what is due is due, whether or not earlier ones have been answered; the first 5 s are warm-up.
    var due = Channel.CreateUnbounded<(int Number, long Sent)>();
    var sending = Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
    {
        using var connection = await RawConnection.OpenAsync(server.Address, "/v1/events", ServerProcess.DevelopmentKey);
        await foreach (var (number, sent) in due.Reader.ReadAllAsync())
        {
            await connection.PostAsync(Event($"latency-{number}", $"u{number % clients}", number, sent));
        }
    })).ToList();
    var started = Stopwatch.GetTimestamp();
    using (var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1), TimeProvider.System))
    {
        for (var next = 0; next < latencies.Length; await timer.WaitForNextTickAsync())
        {
            for (var until = Math.Min(latencies.Length, (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * perSecond)); next < until; next++)
            {
                due.Writer.TryWrite((next, Stopwatch.GetTimestamp()));
            }
        }
    }

    due.Writer.Complete();
    await Task.WhenAll(sending);
    await Until.TrueAsync("all notifications", () => Task.FromResult(Volatile.Read(ref received) >= latencies.Length));
    var measured = latencies.Skip(perSecond * 5).ToList();
    Add(
        $"post to client, {perSecond:#,0} events/s, {clients} clients",
        $"p50 {Percentile(measured, 0.5):0.0} ms, p99 {Percentile(measured, 0.99):0.0} ms, max {measured.Max():0} ms ({seconds} s)");
    foreach (var hub in hubs)
    {
        await hub.DisposeAsync();
    }
}

async Task CatchUpAsync(int missed)
{
    await using var server = await ServerProcess.StartAsync(options);
    using (var connection = await RawConnection.OpenAsync(server.Address, "/v1/events/batch", ServerProcess.DevelopmentKey))
    {
        foreach (var batch in Enumerable.Range(0, missed).Chunk(500))
        {
            await connection.PostAsync($"[{string.Join(',', batch.Select(n => Event($"missed-{n}", "ada", n)))}]");
        }
    }

    using var me = await server.Api.AsUserAsync("ada");
    await Until.TrueAsync("all stored", async () => (await me.GetAsync("/v1/me/inbox/counts")).Json.GetProperty("unread").GetInt64() == missed);
    var times = new List<TimeSpan>();
    var token = await server.Api.TokenAsync("ada");
    for (var i = 0; i < 5; i++)
    {
        var received = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = Stopwatch.GetTimestamp();
        await using var client = await HubClient.ConnectAsync(server.Address, new HubOptions
        {
            Token = token,
            After = "0",
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Notification && ++received == missed)
                {
                    all.SetResult();
                }
            },
        });
        await all.Task;
        times.Add(Stopwatch.GetElapsedTime(started));
    }

    Add($"catching up {missed:#,0} missed notifications", $"{times[0].TotalMilliseconds:0} ms the first time, {times.Order().ElementAt(2).TotalMilliseconds:0} ms (median of 5)");
}

async Task MemoryAsync(int connections)
{
    await using var server = await ServerProcess.StartAsync(options);
    await server.Api.PublishAsync("warm-up", "x");
    await using (await HubClient.ConnectAsync(server.Address, await server.Api.TokenAsync("warm-up")))
    {
    }

    var before = server.ResidentBytes;
    var hubs = new List<HubClient>();
    for (var i = 0; i < connections; i++)
    {
        var hub = await HubClient.ConnectAsync(server.Address, await server.Api.TokenAsync($"u{i}"));
        hubs.Add(hub);
    }

    foreach (var hub in hubs)
    {
        await hub.AckAsync(0);
    }

    await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System);
    var after = server.ResidentBytes;
    Add(
        $"memory (RSS) with {connections:#,0} idle connections",
        $"{after / 1048576.0:0} MiB; {before / 1048576.0:0} MiB without, so {(after - before) / 1024.0 / connections:0} KiB each");
    foreach (var hub in hubs)
    {
        await hub.DisposeAsync();
    }
}

static string Event(string id, string user, int number, long sent = 0) =>
    $$$"""{"id":"{{{id}}}","type":"figures.event","to":["user:{{{user}}}"],"title":"Event {{{number}}}","body":"A text of the usual length, as people write them.","data":{"n":{{{number}}},"sent":{{{sent}}}}}""";

static double Percentile(IEnumerable<double> values, double p)
{
    var sorted = values.Order().ToList();
    return sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(sorted.Count * p) - 1)];
}

double Fsync()
{
    var path = Path.Combine(options.DataRoot, "fsync");
    using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
    var page = new byte[4096];
    var times = new List<double>();
    for (var i = 0; i < 50; i++)
    {
        var started = Stopwatch.GetTimestamp();
        file.Write(page);
        file.Flush(flushToDisk: true);
        times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    return Percentile(times, 0.5);
}
