using System.Diagnostics;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>All clients come back at once, and each has missed something.</summary>
internal static class Storm
{
    private const int Count = 5_000, Missed = 20, InFlight = 256;
    private const string Topic = "storm";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Beside connecting to a bare hub, until each handshake is answered.</summary>
    public static Measure Measure { get; } = new(
        "storm", $"{Count:#,0} clients connect, {InFlight} at a time, until each has the {Missed} it missed, beside bare hub connects", "s", Goal.AtMost(1.5),
        OpenAsync)
    {
        WarmUps = 1,
    };

    private static async Task<Sides> OpenAsync()
    {
        Clients.NeedConnections(Count);
        var service = await Service.StartAsync();
        await MissAsync(service.Cluster!);
        var tokens = await service.TokensAsync(Count, User);
        var floor = await FloorProcess.StartAsync();
        return new Sides
        {
            Ours = async turn => [await ConnectAsync(turn, i => service.Hub(tokens[i], after: "0"), Count * Missed)],
            Floor = async turn => [await ConnectAsync(turn, i => floor.Hub(User(i)), 0)],
            Processes = [.. service.Processes, ("floor", () => [floor.Id])],
        }.Owning(service, floor);
    }

    private static string User(int number) => $"s{number:00000}";

    /// <summary>Events to everyone, as rows in each inbox.</summary>
    private static async Task MissAsync(Cluster cluster)
    {
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            "INSERT INTO heads (tenant, user_id, broadcast_no) SELECT t.id, 's' || lpad(i::text, 5, '0'), t.broadcast_no " +
            $"FROM tenants t, generate_series(0, {Count - 1}) i WHERE t.id = 'default'");
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            $"INSERT INTO subscriptions (tenant, topic, user_id, created_at) SELECT 'default', '{Topic}', 's' || lpad(i::text, 5, '0'), 0 " +
            $"FROM generate_series(0, {Count - 1}) i");
        for (var i = 0; i < Missed; i++)
        {
            (await cluster.Api.SendTextAsync(HttpMethod.Post, "/v1/events", Bodies.Event("topic:" + Topic, i))).Expect(202);
        }

        await Until.TrueAsync(
            "all inboxes have all of it",
            async () => await cluster.Postgres.NumberAsync(Cluster.Database, "SELECT COUNT(*) FROM inbox") == Count * Missed, Patience);
        await cluster.Postgres.ExecuteAsync(Cluster.Database, "VACUUM ANALYZE"); // As it does by itself a while later.
    }

    /// <returns>Seconds until everyone is connected and this many notifications have come.</returns>
    private static async Task<double> ConnectAsync(Turn turn, Func<int, Uri> address, int notifications)
    {
        double took;
        await using (var swarm = new Swarm())
        {
            turn.Begin();
            var started = Stopwatch.GetTimestamp();
            await swarm.ConnectAsync(Count, address, InFlight);
            await swarm.ReceivedAsync(notifications, Patience);
            took = Stopwatch.GetElapsedTime(started).TotalSeconds;
            turn.End();
            if (swarm.Lost > 0 || swarm.Received > notifications)
            {
                throw new InvalidOperationException(
                    $"{swarm.Lost} clients lost their connection; {swarm.Received:#,0} notifications came, not {notifications:#,0}.");
            }
        }

        await Task.Delay(Clients.Rest, TimeProvider.System); // The server has taken note of everyone's leaving.
        return took;
    }
}
