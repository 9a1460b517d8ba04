using System.Diagnostics;
using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>One client that was away, from connecting to the last of what it missed.</summary>
internal static class CatchUp
{
    private const int Missed = 10_000, Batch = 500, Times = 10;
    private const string User = "eve";

    /// <summary>Beside reading the same rows and writing them to a socket.</summary>
    public static Measure Measure { get; } = new(
        "catch-up", "one client that missed 10,000, beside reading the same rows and writing them to a socket", "items/s", Goal.AtLeast(0.5), OpenAsync)
    {
        WarmUps = 2,
    };

    private static async Task<Sides> OpenAsync()
    {
        var service = await Service.StartAsync();
        await PostAsync(service.Ingest.Address);
        var token = await service.Api.TokenAsync(User);
        using var me = service.Api.As(token);
        await Until.TrueAsync("all are stored", async () => (await me.GetAsync("/v1/me/inbox/counts")).Json.GetProperty("unread").GetInt64() == Missed);
        var postgres = service.Cluster!.Postgres;
        await postgres.ExecuteAsync(Cluster.Database, "VACUUM ANALYZE"); // As it does by itself a while later.

        var port = Ports.Free();
        var floor = await FloorProcess.StartAsync(
            more: ["--rows", port.ToString(CultureInfo.InvariantCulture), "--database", postgres.ConnectionString(Cluster.Database)]);
        var swarm = new Swarm();
        return new Sides
        {
            Ours = _ => PerSecondAsync(() => ReceiveAsync(swarm, service.Hub(token, after: "0"))),
            Floor = _ => PerSecondAsync(async () =>
            {
                var (rows, took) = await RowsFloor.ReadAsync(port, User);
                return rows == Missed ? took : throw new InvalidOperationException($"{rows} rows came.");
            }),
            Processes = [.. service.Processes, ("floor", () => [floor.Id])],
        }.Owning(service, floor, swarm);
    }

    private static async Task PostAsync(Uri server)
    {
        using var connection = await RawConnection.OpenAsync(server);
        foreach (var batch in Enumerable.Range(0, Missed).Chunk(Batch))
        {
            await connection.SendAsync(
                Request.Post(server, "/v1/events/batch", Bodies.Array(batch.Select(n => Bodies.Event("user:" + User, n, $"missed-{n}")))).Bytes);
        }
    }

    private static async Task<double[]> PerSecondAsync(Func<Task<TimeSpan>> once)
    {
        var took = TimeSpan.Zero;
        for (var i = 0; i < Times; i++)
        {
            took += await once();
        }

        return [Times * Missed / took.TotalSeconds];
    }

    private static async Task<TimeSpan> ReceiveAsync(Swarm swarm, Uri address)
    {
        var (before, started) = (swarm.Received, Stopwatch.GetTimestamp());
        await swarm.ConnectAsync(address);
        await swarm.ReceivedAsync(before + Missed);
        var took = Stopwatch.GetElapsedTime(started);
        swarm.DropAll();
        return took;
    }
}
