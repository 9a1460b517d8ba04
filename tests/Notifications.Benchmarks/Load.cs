using System.Diagnostics;
using System.Threading.Channels;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>How many events were accepted.</summary>
/// <param name="PerSecond">Each second.</param>
/// <param name="Behind">How long after the last one all of them were in inboxes.</param>
/// <param name="ServiceCores">How many cores all processes of the service were busy with.</param>
/// <param name="OwnCores">The same for the generator.</param>
internal sealed record Accepted(double PerSecond, TimeSpan Behind, double ServiceCores, double OwnCores)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{PerSecond:#,0} events/s; all of them in inboxes {Behind.TotalMilliseconds:#,0} ms after the last; the service used {ServiceCores:0.0} cores, the generator {OwnCores:0.0}";
}

/// <summary>What idle connections cost a gateway.</summary>
/// <param name="Connections">How many there are.</param>
/// <param name="Before">Resident bytes without them.</param>
/// <param name="After">Resident bytes with them.</param>
/// <param name="Cores">Share of a core that is busy while nothing happens, with them.</param>
internal sealed record IdleConnections(int Connections, long Before, long After, double Cores)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{After / 1048576.0:0} MiB; {Before / 1048576.0:0} MiB without, so {(After - Before) / 1024.0 / Connections:0} KiB each";
}

/// <summary>What is measured the same way on every engine.</summary>
internal static class Load
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>As many events as are accepted: each connection sends again when it is answered.</summary>
    /// <param name="target">What is measured.</param>
    /// <param name="name">What ids begin with.</param>
    /// <param name="connections">How many send.</param>
    /// <param name="batch">Events in a post.</param>
    /// <param name="warmUp">How long before it counts.</param>
    /// <param name="time">How long it counts.</param>
    /// <param name="users">To how many users, in turn.</param>
    /// <param name="more">More members of each event.</param>
    public static async Task<Accepted> AcceptAsync(
        Target target, string name, int connections, int batch, TimeSpan warmUp, TimeSpan time, int users = 1_000, string more = "")
    {
        var lastIds = new string[connections];
        await RunAsync(warmUp, name + "-warm"); // The JIT has seen it all.
        var started = Stopwatch.GetTimestamp();
        var (busy, own) = (target.ProcessorTime, Environment.CpuUsage.TotalTime);
        var accepted = await RunAsync(time, name);
        var took = Stopwatch.GetElapsedTime(started);
        (busy, own) = (target.ProcessorTime - busy, Environment.CpuUsage.TotalTime - own);
        foreach (var id in lastIds)
        {
            await Until.TrueAsync("the last events to be stored", async () => (await target.Api.GetAsync($"/v1/events/{id}")).Status == 200, Patience);
        }

        return new Accepted(accepted / took.TotalSeconds, Stopwatch.GetElapsedTime(started) - took, busy / took, own / took);

        async Task<long> RunAsync(TimeSpan time, string run)
        {
            var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(async () =>
            {
                using var connection = await RawConnection.OpenAsync(
                    target.Ingest.Address, batch == 1 ? "/v1/events" : "/v1/events/batch", ServerProcess.DevelopmentKey);
                var count = 0;
                while (Stopwatch.GetTimestamp() < end)
                {
                    var events = Enumerable.Range(count, batch).Select(n => Target.Event($"{run}-{c}-{n}", $"u{(c + (n * 7)) % users}", n, more: more));
                    await connection.PostAsync(batch == 1 ? events.First() : Target.Batch(events));
                    count += batch;
                }

                var at = connection.Answer.LastIndexOf("evt_", StringComparison.Ordinal);
                lastIds[c] = connection.Answer.Substring(at, 36);
                return (long)count;
            })));
            return counts.Sum();
        }
    }

    /// <summary>How long it takes from a post to the client where nothing else happens: each event is sent when the one before has arrived.</summary>
    public static async Task<string> OneAtATimeAsync(Target target)
    {
        const int WarmUp = 200, Events = 500;
        var arrived = Channel.CreateUnbounded<long>();
        await using var client = await HubClient.ConnectAsync(target.Gateway(0), new HubOptions
        {
            Token = await target.Api.TokenAsync("ada"),
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Notification)
                {
                    arrived.Writer.TryWrite(Stopwatch.GetTimestamp());
                }
            },
        });
        using var connection = await RawConnection.OpenAsync(target.Ingest.Address, "/v1/events", ServerProcess.DevelopmentKey);
        var latencies = new List<double>();
        for (var i = 0; i < WarmUp + Events; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            await connection.PostAsync(Target.Event($"idle-{i}", "ada", i));
            var got = await arrived.Reader.ReadAsync().AsTask().WaitAsync(Until.Limit, TimeProvider.System);
            if (i >= WarmUp)
            {
                latencies.Add(Stopwatch.GetElapsedTime(sent, got).TotalMilliseconds);
            }
        }

        return $"p50 {Table.Percentile(latencies, 0.5):0.0} ms, p99 {Table.Percentile(latencies, 0.99):0.0} ms ({Events} events, one at a time)";
    }

    /// <summary>How long a client takes that was away, from connecting to the last of what it missed.</summary>
    public static async Task<string> CatchUpAsync(Target target, int missed)
    {
        const string User = "eve";
        using (var connection = await RawConnection.OpenAsync(target.Ingest.Address, "/v1/events/batch", ServerProcess.DevelopmentKey))
        {
            foreach (var batch in Enumerable.Range(0, missed).Chunk(500))
            {
                await connection.PostAsync(Target.Batch(batch.Select(n => Target.Event($"missed-{n}", User, n))));
            }
        }

        var token = await target.Api.TokenAsync(User);
        using var me = target.Gateways[0].Api.As(token);
        await Until.TrueAsync(
            "all stored", async () => (await me.GetAsync("/v1/me/inbox/counts")).Json.GetProperty("unread").GetInt64() == missed, Patience);
        var times = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var received = 0;
            var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var started = Stopwatch.GetTimestamp();
            await using var client = await HubClient.ConnectAsync(target.Gateway(0), new HubOptions
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
            await all.Task.WaitAsync(Patience, TimeProvider.System);
            times.Add(Stopwatch.GetElapsedTime(started));
        }

        return $"{times[0].TotalMilliseconds:#,0} ms the first time, {times.Order().ElementAt(2).TotalMilliseconds:#,0} ms (median of 5)";
    }

    /// <summary>What connections cost on which nothing happens.</summary>
    public static async Task<IdleConnections> IdleConnectionsAsync(Api api, ServerProcess gateway, int connections)
    {
        await api.PublishAsync("warm-up", "x");
        await using (await HubClient.ConnectAsync(gateway.Address, await api.TokenAsync("warm-up")))
        {
        }

        var before = gateway.ResidentBytes;
        var hubs = await ConnectAsync(api, connections, i => $"idle{i}", _ => gateway.Address, (_, token) => new HubOptions { Token = token });
        foreach (var hub in hubs)
        {
            await hub.AckAsync(0);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        var (started, busy) = (Stopwatch.GetTimestamp(), gateway.ProcessorTime);
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System); // Every client has pinged in the meantime.
        var cores = (gateway.ProcessorTime - busy) / Stopwatch.GetElapsedTime(started);
        var after = gateway.ResidentBytes;
        await DisconnectAsync(hubs);
        return new IdleConnections(connections, before, after, cores);
    }

    /// <summary>Connects many clients.</summary>
    /// <param name="api">Gives tokens.</param>
    /// <param name="count">How many.</param>
    /// <param name="user">Who each is.</param>
    /// <param name="gateway">Where each connects.</param>
    /// <param name="options">How each connects, with its token.</param>
    public static async Task<HubClient[]> ConnectAsync(
        Api api, int count, Func<int, string> user, Func<int, Uri> gateway, Func<int, string, HubOptions> options)
    {
        var clients = new HubClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
            clients[i] = await HubClient.ConnectAsync(gateway(i), options(i, await api.TokenAsync(user(i)))));
        return clients;
    }

    /// <summary>Drops all these connections.</summary>
    public static async Task DisconnectAsync(IEnumerable<HubClient> clients)
    {
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }
}
