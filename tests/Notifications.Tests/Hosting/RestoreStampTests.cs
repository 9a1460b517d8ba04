using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Storage;

namespace Notifications.Tests.Hosting;

public sealed class RestoreStampTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new();

    private string Database => Path.Combine(_folder.Data, "notifications.db");

    private string Stamp => Path.Combine(_folder.Data, "stamp");

    private string Copy => Path.Combine(_folder.Info.FullName, "copy.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_ordinary_restart_keeps_the_epoch()
    {
        var (first, restored) = await RunAsync();
        Assert.False(restored);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((first, false), await RunAsync(commit: i != 1));
        }
    }

    [Fact]
    public async Task An_older_copy_is_recognised_and_only_once()
    {
        var (first, _) = await RunAsync();
        File.Copy(Database, Copy);
        await RunAsync();
        File.Copy(Copy, Database, overwrite: true);

        var (second, restored) = await RunAsync();
        Assert.True(restored);
        Assert.True(second > first);
        Assert.Equal((second, false), await RunAsync());
    }

    [Fact]
    public async Task A_copy_is_recognised_after_a_crash_that_followed_a_stamp()
    {
        var first = (await RunAsync()).Epoch;
        File.Copy(Database, Copy);
        await RunAsync(crash: true);
        File.Copy(Copy, Database, overwrite: true);
        File.Delete(Database + "-wal");
        File.Delete(Database + "-shm");

        var (second, restored) = await RunAsync();
        Assert.True(restored);
        Assert.True(second > first);
    }

    [Fact]
    public async Task A_copy_in_another_folder_or_without_its_stamp_is_recognised()
    {
        var first = (await RunAsync()).Epoch;
        File.Delete(Stamp);
        var (second, restored) = await RunAsync();
        Assert.True(restored && second > first);

        await using (var database = Open())
        {
            await database.WriteAsync(session => session.ExecuteAsync("DELETE FROM settings WHERE name = 'stamp'"));
        }

        (var third, restored) = await RunAsync();
        Assert.True(restored && third > second);
    }

    [Fact]
    public async Task Another_database_in_the_folder_is_recognised()
    {
        await RunAsync();
        File.Move(Database, Copy);
        await RunAsync(); // a new one
        File.Move(Copy, Database, overwrite: true);
        Assert.True((await RunAsync()).Restored);
    }

    [Fact]
    public async Task A_crash_between_the_two_stamps_is_no_restore()
    {
        var first = (await RunAsync()).Epoch;
        var before = await File.ReadAllBytesAsync(Stamp);
        await RunAsync();
        await File.WriteAllBytesAsync(Stamp, before);
        Assert.Equal((first, false), await RunAsync());
    }

    [Fact]
    public async Task The_epoch_grows_even_when_the_clock_went_back()
    {
        var first = (await RunAsync()).Epoch;
        File.Delete(Stamp);
        _time.Shift = TimeSpan.FromDays(-1);
        Assert.Equal((first + 1, true), await RunAsync());
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_is_committed()
    {
        using var folder = new DataFolder(_folder.Data);
        await using var database = Open();
        await Migrator.MigrateSqliteAsync(database);
        await using var stamp = await RestoreStamp.OpenAsync(database, folder.StampPath, _time, NullLogger<RestoreStamp>.Instance);
        var commits = database.Commits;
        await stamp.RotateAsync();
        Assert.Equal(commits, database.Commits);
        await new Store(database, _time).ProbeAsync();
        await stamp.RotateAsync();
        await stamp.RotateAsync();
        Assert.Equal(commits + 2, database.Commits);
    }

    [Fact]
    public void A_folder_has_one_holder_and_is_private()
    {
        using (new DataFolder(_folder.Data))
        {
            Assert.Contains(_folder.Data, Assert.Throws<IOException>(() => new DataFolder(_folder.Data)).Message, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Data));
            }
        }

        new DataFolder(_folder.Data).Dispose();
    }

    private async Task<(long Epoch, bool Restored)> RunAsync(bool commit = true, bool crash = false)
    {
        using var folder = new DataFolder(_folder.Data);
        await using var database = Open();
        await Migrator.MigrateSqliteAsync(database);
        var stamp = await RestoreStamp.OpenAsync(database, folder.StampPath, _time, NullLogger<RestoreStamp>.Instance);
        if (commit)
        {
            await new Store(database, _time).ProbeAsync();
        }

        if (!crash)
        {
            await stamp.DisposeAsync();
        }

        return (stamp.Epoch, stamp.Restored);
    }

    private SqliteDatabase Open() => new(Database, 2, NullLogger<SqliteDatabase>.Instance);
}
