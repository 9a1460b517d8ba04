using System.Diagnostics;
using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What happens while something large or something bad does; the cluster has two gateways, two dispatchers and an ingest node.</summary>
internal sealed class ServerFaults(Cluster cluster, Target target)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private int _lastLoad;

    /// <summary>One event to a large topic, while others are sent to single users.</summary>
    public async Task<string> FanOutAsync(int subscribers)
    {
        const string Topic = "figures", Warm = "figures-warm";
        var last = Subscriber(subscribers - 1);
        await SubscribeAsync(Warm, subscribers / 20);
        await SubscribeAsync(Topic, subscribers);
        await cluster.Postgres.ExecuteAsync(Cluster.Database, "ANALYZE subscriptions, heads"); // As it does by itself a while later.
        await ReachAsync(Warm, Subscriber((subscribers / 20) - 1));
        var before = await InboxesAsync();

        await using var load = await PacedLoad.StartAsync(target, "fanout", clients: 50, perSecond: 50);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        var from = Stopwatch.GetTimestamp();
        await ReachAsync(Topic, last);
        var to = Stopwatch.GetTimestamp();
        await load.StopAsync();
        var reached = await InboxesAsync() - before;
        var took = Stopwatch.GetElapsedTime(from, to);
        return reached == subscribers
            ? $"{took.TotalSeconds:0.0} s, {subscribers / took.TotalSeconds:#,0} rows/s; single events {PacedLoad.Describe(load.DueBetween(from, to))}"
            : throw new InvalidOperationException($"{reached} of {subscribers} subscribers have the event, though the last one does.");

        Task<long> InboxesAsync() => cluster.Postgres.NumberAsync(
            Cluster.Database, "SELECT COUNT(*) FROM inbox WHERE user_id >= $1 AND user_id <= $2", Subscriber(0), last);
    }

    /// <summary>A dispatcher ends, in turn, under 200 events a second to all partitions: how long until the other one has all of them.</summary>
    public async Task<string> HandOverAsync(int times, Func<ServerProcess, Task> end)
    {
        var (owned, longest) = (TimeSpan.Zero, 0.0);
        for (var i = 0; i < times; i++)
        {
            var (leaving, staying) = i % 2 == 0 ? ("dispatch1", "dispatch2") : ("dispatch2", "dispatch1");
            await Until.TrueAsync("each dispatcher has its share", async () => await OwnedByOthersAsync(leaving) == await OwnedByOthersAsync(staying));
            await using var load = await PacedLoad.StartAsync(
                target, $"handover{++_lastLoad}", clients: 160, perSecond: 200, critical: true);
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            var signal = Stopwatch.GetTimestamp();
            var ending = end(cluster[leaving].Server);
            await Until.TrueAsync("all partitions have changed hands", async () => await OwnedByOthersAsync(staying) == 0);
            owned = Max(owned, Stopwatch.GetElapsedTime(signal));
            await ending;
            await load.StopAsync(); // Returns when the events of the partitions that changed hands have arrived.
            longest = Math.Max(longest, load.ArrivedBetween(signal).Max(a => a.Latency));
            await cluster[leaving].Server.StartAgainAsync();
        }

        return $"all partitions taken over after {owned.TotalSeconds:0.00} s; the longest from post to client {longest / 1_000:0.00} s";
    }

    /// <summary>A gateway is killed, and all its clients go to the other one at once.</summary>
    public async Task<string> StormAsync(int clients)
    {
        var (dying, other) = (cluster["gateway1"].Server, cluster["gateway2"].Server);
        var tokens = new string[clients];
        var epochs = new long[clients];
        var ready = new CountdownEvent(clients);
        var hubs = await Load.ConnectAsync(target.Api, clients, User, _ => dying.Address, (i, token) => new HubOptions
        {
            Token = tokens[i] = token,
            After = "0",
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Resumed resumed)
                {
                    epochs[i] = resumed.Epoch;
                    ready.Signal();
                }
            },
        });
        await Until.TrueAsync("all are connected", () => Task.FromResult(ready.IsSet));

        var refused = 0;
        var killed = Stopwatch.GetTimestamp();
        var killing = dying.KillAsync();
        var posting = PostToAllAsync();
        var times = await Task.WhenAll(hubs.Select((hub, i) => Task.Run(() => ComeBackAsync(hub, i)))).WaitAsync(Patience, TimeProvider.System);
        await killing;
        await posting;
        await Load.DisconnectAsync(times.Select(t => t.Hub));
        await Load.DisconnectAsync(hubs);
        return $"all back after {times.Max(t => t.Back).TotalSeconds:0.0} s, all caught up after {times.Max(t => t.CaughtUp).TotalSeconds:0.0} s " +
            $"(half of them {times.Select(t => t.CaughtUp).Order().ElementAt(clients / 2).TotalSeconds:0.0} s); {refused:#,0} attempts failed";

        async Task<(HubClient Hub, TimeSpan Back, TimeSpan CaughtUp)> ComeBackAsync(HubClient hub, int i)
        {
            await hub.Closed;
            var caughtUp = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            var (resumed, notified) = (false, false);
            var options = new HubOptions
            {
                Token = tokens[i],
                After = hub.HighestRev.ToString(CultureInfo.InvariantCulture),
                Epoch = epochs[i],
                Keep = false,
                OnMessage = (_, message) =>
                {
                    resumed |= message is Resumed;
                    notified |= message is Notification;
                    if (resumed && notified)
                    {
                        caughtUp.TrySetResult(Stopwatch.GetElapsedTime(killed));
                    }
                },
            };
            while (true)
            {
                try
                {
                    var again = await HubClient.ConnectAsync(other.Address, options);
                    var back = Stopwatch.GetElapsedTime(killed);
                    return (again, back, await caughtUp.Task);
                }
                catch (Exception e) when (e is HubRefusedException or OperationCanceledException)
                {
                    Interlocked.Increment(ref refused);
                    await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(100, 300)), TimeProvider.System);
                }
            }
        }

        async Task PostToAllAsync()
        {
            await killing;
            using var connection = await RawConnection.OpenAsync(target.Ingest.Address, "/v1/events/batch", ServerProcess.DevelopmentKey);
            foreach (var batch in Enumerable.Range(0, clients).Chunk(100))
            {
                await connection.PostAsync(Target.Batch(batch.Select(i => Target.Event($"storm-{i}", User(i), i))));
            }
        }

        static string User(int i) => $"storm{i}";
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string Subscriber(int i) => $"s{i:000000}";

    /// <summary>How many partitions somebody else has, or nobody.</summary>
    private Task<long> OwnedByOthersAsync(string owner) =>
        cluster.Postgres.NumberAsync(Cluster.Database, "SELECT COUNT(*) FROM partitions WHERE owner <> $1", owner);

    /// <summary>As the API does for each, which takes long for so many.</summary>
    private async Task SubscribeAsync(string topic, int subscribers)
    {
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            $"INSERT INTO heads (tenant, user_id, broadcast_no) SELECT t.id, 's' || lpad(i::text, 6, '0'), t.broadcast_no " +
            $"FROM tenants t, generate_series(0, {subscribers - 1}) i WHERE t.id = 'default' ON CONFLICT DO NOTHING");
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            $"INSERT INTO subscriptions (tenant, topic, user_id, created_at) SELECT 'default', '{topic}', 's' || lpad(i::text, 6, '0'), 0 " +
            $"FROM generate_series(0, {subscribers - 1}) i");
    }

    /// <summary>Sends an event to a topic, and waits until the subscriber who comes last has it.</summary>
    private async Task ReachAsync(string topic, string last)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await HubClient.ConnectAsync(target.Gateway(0), new HubOptions
        {
            Token = await target.Api.TokenAsync(last),
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Notification { Item.Title: var title } && title == topic)
                {
                    reached.TrySetResult();
                }
            },
        });
        await target.Api.PublishAsync(new { type = "figures.topic", to = new[] { "topic:" + topic }, title = topic });
        await reached.Task.WaitAsync(Patience, TimeProvider.System);
    }
}
