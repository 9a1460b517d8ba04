using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Notifications.Storage;

/// <summary>
/// Notices that the database is an older copy of itself that was put back, and then raises the <see cref="Epoch"/>, so that clients which
/// saw more than the copy knows are told to start over.
/// <para>
/// The database and a file beside it hold the same stamp: the database's random id and a counter. The counter grows at start, on a clean
/// stop, and every ten seconds in which something was committed, (1) in the database, (2) in the file. So a database that lags behind the
/// file is a copy; one that is ahead of it is a crash between (1) and (2), which is harmless. A copy that someone makes should leave the
/// stamp out (<see cref="SettingName"/>); it is then recognised however young it is.
/// </para>
/// </summary>
public sealed partial class RestoreStamp : IAsyncDisposable
{
    /// <summary>The setting that a backup leaves out.</summary>
    public const string SettingName = "stamp";

    private const int Length = 24;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly SqliteDatabase _database;
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _rotation = Task.CompletedTask;
    private byte[] _stamp = [];
    private long _stampedCommits;

    private RestoreStamp(SqliteDatabase database, string file, TimeProvider time, ILogger<RestoreStamp> logger)
    {
        _database = database;
        _file = file;
        _time = time;
        _logger = logger;
    }

    /// <summary>Which life of the data this is; grows when an older copy is restored.</summary>
    public long Epoch { get; private set; }

    /// <summary>Whether an older copy was found at this start.</summary>
    public bool Restored { get; private set; }

    /// <summary>Compares the stamps, raises the epoch where the database is an older copy, and stamps both anew.</summary>
    /// <param name="database">The migrated database.</param>
    /// <param name="file">The stamp's file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where a restored copy is reported.</param>
    public static async Task<RestoreStamp> OpenAsync(SqliteDatabase database, string file, TimeProvider time, ILogger<RestoreStamp> logger)
    {
        var stamp = new RestoreStamp(database, file, time, logger);
        await stamp.OpenAsync();
        stamp._rotation = stamp.RotateAlwaysAsync();
        return stamp;
    }

    /// <summary>Stamps both anew, if anything was committed since the last time.</summary>
    public async Task RotateAsync()
    {
        var commits = _database.Commits;
        if (commits == _stampedCommits)
        {
            return;
        }

        var next = Next(_stamp);
        await _database.WriteAsync(session => session.ExecuteAsync( // (1)
            "INSERT INTO settings (name, value) VALUES ('stamp', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", next));
        WriteFile(next); // (2)
        _stamp = next;
        _stampedCommits = commits + 1; // our own
    }

    /// <summary>Stamps a last time.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _rotation;
        await TryRotateAsync();
        _stopping.Dispose();
    }

    private async Task OpenAsync()
    {
        var filed = File.Exists(_file) ? await File.ReadAllBytesAsync(_file) : null;
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var (epoch, stamp, reason) = await _database.WriteAsync(async session =>
        {
            var stored = await session.FirstAsync("SELECT value FROM settings WHERE name = 'stamp'", r => (byte[])r[0]);
            var known = await session.FirstAsync("SELECT value FROM settings WHERE name = 'epoch'", r => (byte[])r[0]);
            var before = known is null ? 0 : BinaryPrimitives.ReadInt64BigEndian(known);
            var why = known is null ? null : Compare(stored, filed);
            var current = known is null || why is not null ? Math.Max(before + 1, now) : before;
            var next = Next(Newer(stored, filed) ?? RandomNumberGenerator.GetBytes(Length));
            var epochBytes = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(epochBytes, current);
            await session.ExecuteAsync(
                "INSERT INTO settings (name, value) VALUES ('epoch', $1), ('stamp', $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                epochBytes, next);
            return (current, next, why);
        });
        WriteFile(stamp);
        (Epoch, _stamp, Restored) = (epoch, stamp, reason is not null);
        _stampedCommits = _database.Commits;
        if (reason is not null)
        {
            LogRestored(_logger, reason, epoch);
        }
    }

    /// <summary>Why the database is taken for an older copy, or null where it is not.</summary>
    private static string? Compare(byte[]? stored, byte[]? filed) =>
        stored is not { Length: Length } ? "it is a backup"
        : filed is not { Length: Length } ? "it was put into another folder"
        : !stored.AsSpan(0, 16).SequenceEqual(filed.AsSpan(0, 16)) ? "another database was here before"
        : Counter(filed) > Counter(stored) ? "the folder has seen a later state"
        : null;

    /// <summary>The stamp to continue from: a counter never goes back.</summary>
    private static byte[]? Newer(byte[]? stored, byte[]? filed) =>
        stored is not { Length: Length } ? null
        : filed is { Length: Length } && stored.AsSpan(0, 16).SequenceEqual(filed.AsSpan(0, 16)) && Counter(filed) > Counter(stored) ? filed
        : stored;

    private static ulong Counter(byte[] stamp) => BinaryPrimitives.ReadUInt64BigEndian(stamp.AsSpan(16)) & long.MaxValue;

    private static byte[] Next(byte[] stamp)
    {
        var next = stamp.ToArray();
        BinaryPrimitives.WriteUInt64BigEndian(next.AsSpan(16), (Counter(stamp) + 1) & long.MaxValue);
        return next;
    }

    private async Task RotateAlwaysAsync()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TryRotateAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TryRotateAsync()
    {
        try
        {
            await RotateAsync();
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            LogNotStamped(_logger, _file, e.Message);
        }
    }

    /// <summary>Replaces the file at once: a crash leaves the old one or the new one.</summary>
    private void WriteFile(byte[] stamp)
    {
        var temporary = _file + ".new";
        using (var stream = new FileStream(temporary, DataFolder.Private(FileMode.Create)))
        {
            stream.Write(stamp);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, _file, overwrite: true);
    }

    [LoggerMessage(2010, LogLevel.Warning,
        "The database is an older copy that was restored ({Reason}): the epoch is now {Epoch}, and clients will be told to start over")]
    private static partial void LogRestored(ILogger logger, string reason, long epoch);

    [LoggerMessage(2011, LogLevel.Warning, "The stamp {File} was not written: {Reason}")]
    private static partial void LogNotStamped(ILogger logger, string file, string reason);
}
