using System.Buffers.Binary;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Notifications.Storage;

/// <summary>
/// Notices that the database is another than the one whose name is stored in it, so a copy that was restored, and then raises the epoch. Its name
/// is the cluster's system identifier, the timeline (which a promotion or a recovery to a point in time begins anew), and the ids of the
/// database and of a table of ours (which a restored dump creates anew). Looked at over each new connection, and every few seconds.
/// <para>
/// A copy of the data directory's files that is put back as it was keeps its name; that one is found by a dispatcher, whose log has more
/// committed than the store knows of.
/// </para>
/// </summary>
public sealed partial class PostgresIdentity(ILogger<PostgresIdentity> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Which history of the store this is.</summary>
    public StoreEpoch Epoch { get; } = new(0);

    /// <summary>(1) what it is and what it says; (2) another: by one transaction, of whatever node, the epoch is raised.</summary>
    public async ValueTask CheckAsync(StoreSession session)
    {
        var (name, stored, epoch) = await session.FirstAsync( // (1)
            "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || " +
            "(SELECT oid FROM pg_database WHERE datname = current_database())::text || '/' || 'settings'::regclass::oid::text, " +
            "(SELECT value FROM settings WHERE name = 'identity'), (SELECT value FROM settings WHERE name = 'epoch')",
            r => (r.GetString(0), r.IsDBNull(1) ? null : Encoding.ASCII.GetString((byte[])r[1]), r.IsDBNull(2) ? 0 : BinaryPrimitives.ReadInt64BigEndian((byte[])r[2])));
        if (name == stored)
        {
            Epoch.Learn(epoch);
            return;
        }

        var now = await session.FirstAsync("SELECT {now}", r => r.GetInt64(0)); // (2)
        await session.ExecuteAsync("INSERT INTO settings (name, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING", new byte[8]);
        epoch = await Store.LockedEpochAsync(session);
        stored = await session.FirstAsync("SELECT value FROM settings WHERE name = 'identity'", r => Encoding.ASCII.GetString((byte[])r[0]));
        if (name != stored)
        {
            epoch = await Store.SetEpochAsync(session, Math.Max(epoch + 1, now));
            await session.ExecuteAsync(
                "INSERT INTO settings (name, value) VALUES ('identity', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", Encoding.ASCII.GetBytes(name!));
            if (stored is not null)
            {
                LogRestored(logger, stored, name!, epoch);
            }
        }

        Epoch.Learn(epoch);
    }

    /// <summary>Looks every few seconds: at a restore that kept the connections, and at an epoch that another node raised.</summary>
    internal async Task WatchAsync(PostgresDatabase database, TimeProvider time, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await database.WriteAsync(async session =>
                    {
                        await CheckAsync(session);
                        return 0;
                    });
                }
                catch (StoreUnavailableException)
                {
                    // Looked at again when it is back.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(2012, LogLevel.Warning,
        "The database was restored from a copy, or a standby took over (it was {Before} and is {Now}): the epoch is now {Epoch}, and clients will be told to start over")]
    private static partial void LogRestored(ILogger logger, string before, string now, long epoch);
}

/// <summary>Runs <see cref="PostgresIdentity.WatchAsync"/> with the service.</summary>
internal sealed class PostgresWatch(PostgresIdentity identity, PostgresDatabase database, TimeProvider time) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => identity.WatchAsync(database, time, stoppingToken);
}
