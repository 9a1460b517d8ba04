using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What only the embedded database does: units of work that share a transaction, and a disk that fills up.</summary>
public sealed class SqliteDatabaseTests : IAsyncLifetime
{
    private readonly SqliteEngine _engine = new();
    private SqliteDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await _engine.OpenAsync();
        await _database.WriteAsync(session => session.ExecuteAsync("CREATE TABLE numbers (n INTEGER PRIMARY KEY, data BLOB)"));
    }

    public Task DisposeAsync() => _engine.DeleteAsync();

    [Fact]
    public async Task A_unit_that_fails_touches_none_of_those_that_share_its_transaction()
    {
        var before = _database.Commits;
        using var queued = new ManualResetEventSlim();
        var blocking = _database.WriteAsync(session =>
        {
            queued.Wait(); // Holds the writer until the others wait for it.
            return session.ExecuteAsync("INSERT INTO numbers (n) VALUES (-1)");
        });
        var units = Enumerable.Range(0, 300).Select(n => (n, Task: _database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("INSERT INTO numbers (n) VALUES ($1)", n);
            switch (n % 5)
            {
                case 1:
                    throw new InvalidDataException($"unit {n}");
                case 2:
                    await session.ExecuteAsync("INSERT INTO numbers (n) VALUES (-1)"); // is taken
                    break;
                case 3:
                    await session.ExecuteAsync("INSERT INTO nowhere (n) VALUES (1)");
                    break;
            }

            return n;
        }))).ToArray();
        queued.Set();
        await blocking;

        foreach (var (n, task) in units)
        {
            switch (n % 5)
            {
                case 1:
                    Assert.Equal($"unit {n}", (await Assert.ThrowsAsync<InvalidDataException>(() => task)).Message);
                    break;
                case 2 or 3:
                    await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(() => task);
                    break;
                default:
                    Assert.Equal(n, await task);
                    break;
            }
        }

        Assert.Equal([-1, .. Enumerable.Range(0, 300).Where(n => n % 5 is 0 or 4)], await NumbersAsync());
        Assert.InRange(_database.Commits - before, 1, 150); // they did share
    }

    [Fact]
    public async Task Units_from_many_threads_are_all_committed_each_whole()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                await _database.WriteAsync(async session =>
                {
                    var n = ((thread * 60) + i) * 2;
                    await session.ExecuteAsync("INSERT INTO numbers (n) VALUES ($1)", n);
                    return await session.ExecuteAsync("INSERT INTO numbers (n) VALUES ($1)", n + 1);
                });
                var numbers = await _database.ReadAsync(session => session.QueryAsync("SELECT COUNT(*) FROM numbers", r => r.GetInt64(0)));
                Assert.Equal(0, numbers[0] % 2);
            }
        })));
        Assert.Equal(Enumerable.Range(0, 1_920), await NumbersAsync());
    }

    [Fact]
    public async Task What_was_answered_is_seen_by_who_reads_next_and_a_snapshot_stays_as_it_is()
    {
        var counts = await _database.ReadAsync(async session =>
        {
            var first = await session.QueryAsync("SELECT n FROM numbers", r => r.GetInt32(0));
            await _database.WriteAsync(writer => writer.ExecuteAsync("INSERT INTO numbers (n) VALUES (1)"));
            Assert.Equal([1], await NumbersAsync());
            return (first.Count, (await session.QueryAsync("SELECT n FROM numbers", r => r.GetInt32(0))).Count);
        });
        Assert.Equal((0, 0), counts);
    }

    [Fact]
    public async Task A_unit_must_not_wait_for_anything_else()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("INSERT INTO numbers (n) VALUES (1)");
            await Task.Yield();
            return 1;
        }));
        Assert.Empty(await NumbersAsync());
    }

    [Fact]
    public async Task A_full_disk_is_said_and_loses_only_what_was_not_answered()
    {
        await GrowAsync(50);
        var attempts = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(async () =>
        {
            try
            {
                await AddAsync(n);
                return (n, Stored: true);
            }
            catch (StoreUnavailableException)
            {
                return (n, Stored: false);
            }
        })));
        Assert.Contains(attempts, a => !a.Stored);
        Assert.Equal(attempts.Where(a => a.Stored).Select(a => a.n), await NumbersAsync());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => FillAsync(1_000));

        await GrowAsync(100_000);
        await AddAsync(5_000);
        Assert.Equal(5_000, (await NumbersAsync())[^1]);

        await _engine.CloseAsync();
        _database = await _engine.OpenAsync();
        Assert.Equal(5_000, (await NumbersAsync())[^1]);
        Assert.Equal("ok", await _database.ReadAsync(session => session.FirstAsync("PRAGMA integrity_check", r => r.GetString(0))));
    }

    [Fact]
    public async Task Closing_commits_what_is_queued_and_takes_nothing_more()
    {
        var units = Enumerable.Range(0, 100).Select(AddAsync).ToArray();
        await _database.DisposeAsync();
        await Task.WhenAll(units);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => AddAsync(100));
        await Assert.ThrowsAsync<StoreUnavailableException>(NumbersAsync);
        await _database.DisposeAsync(); // once more does no harm

        _database = await _engine.OpenAsync();
        Assert.Equal(Enumerable.Range(0, 100), await NumbersAsync());
    }

    [Fact]
    public async Task Data_of_a_newer_version_is_refused_and_left_alone()
    {
        await AddAsync(1);
        await _database.WriteAsync(session => session.ExecuteAsync("PRAGMA user_version = 999"));
        Assert.Contains("newer version", (await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.MigrateSqliteAsync(_database))).Message, StringComparison.Ordinal);
        Assert.Equal([1], await NumbersAsync());
    }

    private Task<List<int>> NumbersAsync() =>
        _database.ReadAsync(session => session.QueryAsync("SELECT n FROM numbers ORDER BY n", r => r.GetInt32(0)));

    private Task<int> AddAsync(int n) =>
        _database.WriteAsync(session => session.ExecuteAsync("INSERT INTO numbers (n, data) VALUES ($1, $2)", n, new byte[30_000]));

    private async Task FillAsync(int from)
    {
        for (var n = from; n < from + 1_000; n++)
        {
            await AddAsync(n);
        }
    }

    /// <summary>Lets the file grow by so many pages and no further.</summary>
    private Task<long> GrowAsync(int pages) => _database.WriteAsync(async session =>
    {
        var now = await session.FirstAsync("PRAGMA page_count", r => r.GetInt64(0));
        return await session.FirstAsync($"PRAGMA max_page_count = {now + pages}", r => r.GetInt64(0));
    });
}
