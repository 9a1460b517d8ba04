using System.Diagnostics;
using System.Net.Sockets;
using Notifications.IntegrationTests.Support;
using Npgsql;

namespace Notifications.IntegrationTests.Faults;

/// <summary>That the faults which the other tests cause are the ones they mean to cause.</summary>
[NeedsServers]
public sealed class FixtureTests
{
    [Fact]
    public async Task Redis_keeps_its_data_over_a_kill_and_gets_back_what_was_copied_aside()
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal("OK", await redis.CommandAsync("SET", "k", "ä"));
        var copy = await redis.CopyAsideAsync();
        await redis.CommandAsync("RPUSH", "list", "a", "b");
        await redis.KillAsync();
        await redis.StartAgainAsync();
        Assert.Equal("ä", await redis.CommandAsync("GET", "k"));
        Assert.Equal(["a", "b"], Assert.IsType<List<object?>>(await redis.CommandAsync("LRANGE", "list", "0", "-1")));
        await Assert.ThrowsAsync<RespException>(() => redis.CommandAsync("GET", "list"));

        await redis.KillAsync();
        await redis.PutBackAsync(copy);
        await redis.StartAgainAsync();
        Assert.Equal("ä", await redis.CommandAsync("GET", "k"));
        Assert.Equal(0L, await redis.CommandAsync("EXISTS", "list"));
    }

    [Fact]
    public async Task A_frozen_Redis_answers_when_it_thaws()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Freeze();
        await Until.TrueAsync("Redis stands still", () => Task.FromResult(State(redis.Id) == 'T'));
        var answer = redis.CommandAsync("PING");
        redis.Thaw();
        Assert.Equal("PONG", await answer);
    }

    [Fact]
    public async Task Redis_takes_other_settings()
    {
        await using var redis = await RedisServer.StartAsync(new Dictionary<string, string> { ["appendonly"] = "no" });
        Assert.Equal(["appendonly", "no"], Assert.IsType<List<object?>>(await redis.CommandAsync("CONFIG", "GET", "appendonly")));
    }

    [Fact]
    public async Task Postgres_keeps_its_data_over_a_kill_and_a_freeze_and_restores_a_backup()
    {
        await using var postgres = await PostgresServer.StartAsync();
        const string Name = "test_1";
        var connection = await postgres.CreateDatabaseAsync();
        Assert.Contains(Name, connection, StringComparison.Ordinal);
        await postgres.ExecuteAsync(Name, "CREATE TABLE t (n bigint); INSERT INTO t VALUES (1)");
        await postgres.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => postgres.NumberAsync(Name, "SELECT n FROM t"));
        await postgres.StartAgainAsync();
        Assert.Equal(1, await postgres.NumberAsync(Name, "SELECT n FROM t"));

        var backup = await postgres.DumpAsync(Name);
        postgres.Freeze();
        var update = postgres.ExecuteAsync(Name, "UPDATE t SET n = 2");
        postgres.Thaw();
        await update;
        await postgres.StopAsync();
        await postgres.StartAgainAsync();
        Assert.Equal(2, await postgres.NumberAsync(Name, "SELECT n FROM t WHERE n > $1", 1L));
        await postgres.RestoreAsync(Name, backup);
        Assert.Equal(1, await postgres.NumberAsync(Name, "SELECT n FROM t"));
    }

    [Fact]
    public async Task A_link_can_be_cut_and_restored()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        using var one = await RespConnection.ConnectAsync(proxy.Port);
        await one.CommandAsync(["SET", "n", "0"]);

        proxy.BlackHole();
        var held = one.CommandAsync(["INCR", "n"]);
        Assert.Equal("0", await redis.CommandAsync("GET", "n"));
        Assert.False(held.IsCompleted);
        proxy.Restore();
        Assert.Equal(1L, await held);

        proxy.Cut();
        await LostAsync(() => one.CommandAsync(["PING"]));
        await LostAsync(() => RespConnection.ConnectAsync(proxy.Port));
        proxy.Restore();
        using var two = await RespConnection.ConnectAsync(proxy.Port);
        proxy.DelayToClient = TimeSpan.FromMilliseconds(300);
        var started = Stopwatch.GetTimestamp();
        Assert.Equal("1", await two.CommandAsync(["GET", "n"]));
        Assert.True(Stopwatch.GetElapsedTime(started) > TimeSpan.FromMilliseconds(290));
    }

    [Fact]
    public async Task A_link_can_lose_a_request_or_its_answer()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        using (var one = await RespConnection.ConnectAsync(proxy.Port))
        {
            var cut = proxy.CutWhen(Direction.ToServer, bytes => bytes.IndexOf("INCR"u8) >= 0);
            await one.CommandAsync(["SET", "n", "0"]);
            Assert.False(cut.IsCompleted);
            await LostAsync(() => one.CommandAsync(["INCR", "n"]));
            await cut;
            Assert.Equal("0", await redis.CommandAsync("GET", "n"));
        }

        using (var two = await RespConnection.ConnectAsync(proxy.Port))
        {
            var lost = proxy.LoseAnswerTo(bytes => bytes.IndexOf("INCR"u8) >= 0);
            await LostAsync(() => two.CommandAsync(["INCR", "n"]));
            await lost;
            Assert.Equal("1", await redis.CommandAsync("GET", "n"));
        }
    }

    [Fact]
    public async Task The_answer_of_a_commit_can_be_lost()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await postgres.CreateDatabaseAsync("lost");
        await postgres.ExecuteAsync("lost", "CREATE TABLE t (n bigint)");
        await using var proxy = TcpProxy.Start(postgres.Port);
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("lost", proxy.Port) + ";Pooling=false");
        await connection.OpenAsync();
        var lost = proxy.CutWhen(Direction.ToClient, CommitAnswer.Is);
        var transaction = await connection.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO t VALUES (1)", connection, transaction))
        {
            await insert.ExecuteNonQueryAsync();
        }

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
        await lost;
        Assert.Equal(1, await postgres.NumberAsync("lost", "SELECT count(*) FROM t"));
    }

    private static async Task LostAsync(Func<Task> request)
    {
        var e = await Assert.ThrowsAnyAsync<Exception>(request);
        Assert.True(e is IOException or SocketException, e.ToString());
    }

    private static char State(int process) => File.ReadAllText($"/proc/{process}/stat").Split(") ")[1][0];
}
