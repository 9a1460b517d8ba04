using System.Diagnostics;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// What goes out beside the inbox: each step beside a bare loop that does no more than it has to, in the same run and on the same machine, so that the
/// ratio says what this service adds.
/// </summary>
internal static class ChannelFigures
{
    private const int Users = 10_000, Batch = 100;

    /// <summary>Measures and prints; about ten minutes.</summary>
    /// <returns>Whether everything was measured.</returns>
    public static async Task<bool> PrintAsync()
    {
        var table = new Table($"Channels (medians of {Turns.Count} turns)");
        var load = File.Exists("/proc/loadavg") ? (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0] : "unknown";
        table.Add("machine", $"{Table.Machine}; one fsync {Table.Fsync(ServerData.Root):0.00} ms; load {load}", "load: how much else ran before, 0 is best");
        await ClaimFigures.AddAsync(table);
        await SendFigures.AddAsync(table);
        await table.TryAsync("what it costs to accept", () => AcceptAsync(table));
        table.Print();
        return table.IsComplete;
    }

    /// <summary>Events accepted and stored with nothing configured, to users with profiles, and with a webhook that takes each of them.</summary>
    private static async Task AcceptAsync(Table table)
    {
        await using var receiver = await CountingReceiver.StartAsync();
        var (plain, profiles, webhook) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Turns.Count; i++)
        {
            plain.Add(await StoredAsync(new ServerOptions { DataRoot = ServerData.Root }, _ => Task.CompletedTask, ""));
            profiles.Add(await StoredAsync(new ServerOptions { DataRoot = ServerData.Root }, ImportAsync, ""));
            webhook.Add(await StoredAsync(
                new ServerOptions { DataRoot = ServerData.Root, Settings = receiver.Settings },
                async api => (await api.PostAsync("/v1/webhooks", new { url = receiver.Url })).Expect(201), ""","channels":["webhook"]"""));
        }

        table.Add("accepted and stored, batches of 100, 8 connections", $"{Turns.Median(plain):#,0} events/s", $"to {Users:#,0} users of whom nothing is known");
        table.Add("the same, each user with a profile", Beside(profiles), "address, name and language, read for each batch");
        table.Add("the same, each to the inbox and a webhook", Beside(webhook), "which is sent to meanwhile, by the same two processes on the same cores");

        string Beside(List<double> values) => $"{Turns.Median(values):#,0} events/s: {Turns.Median(values.Zip(plain, (value, floor) => value / floor)):0.00} of it";
    }

    private static async Task<double> StoredAsync(ServerOptions options, Func<Api, Task> prepare, string more)
    {
        await using var server = await ServerProcess.StartAsync(options);
        await prepare(server.Api);
        var batches = Enumerable.Range(0, Users / Batch).Select(b => Request.Post(server.Address, "/v1/events/batch", Bodies.Array(
            Enumerable.Range(b * Batch, Batch).Select(u => Bodies.Event($"user:u{u}", u, more: more))))).ToArray();
        await RunAsync(); // The JIT has seen it all.
        return await RunAsync();

        async Task<double> RunAsync()
        {
            var (load, started) = (new PostLoad(server.Address, connections: 8, (connection, n) => batches[(connection + n) % batches.Length]), Stopwatch.GetTimestamp());
            await load.MeasureAsync(new Turn([]));
            await load.StoredAsync(server.Api);
            return load.Answered * Batch / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }

    private static async Task ImportAsync(Api api)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < Users; i++)
        {
            lines.Append($$"""{"id":"u{{i}}","email":"u{{i}}@d{{i % 100}}.example","name":"User {{i}}","locale":"de-AT","timeZone":"Europe/Vienna"}""").Append('\n');
        }

        (await api.SendTextAsync(HttpMethod.Post, "/v1/users/import", lines.ToString(), "application/x-ndjson")).Expect(200);
    }
}
