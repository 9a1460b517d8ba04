using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace Notifications.Storage;

/// <summary>
/// SQLite as the store: WAL, <c>synchronous=FULL</c>, one writer thread, a few readers.
/// <para>
/// Group commit: the writer takes every unit of work that has queued up, runs each in a savepoint of one transaction, commits once and
/// answers them all after the commit. An idle service commits a unit at once; a busy one shares the fsync among all that waited.
/// </para>
/// </summary>
public sealed partial class SqliteDatabase : IDatabase
{
    private const int MaxUnitsPerCommit = 1_000;
    private const int MaxQueuedUnits = 100_000;
    private static readonly TimeSpan MaxTransaction = TimeSpan.FromMilliseconds(25);

    private readonly ILogger _logger;
    private readonly Queue<Unit> _queue = new();
    private readonly SqliteConnection _writerConnection;
    private readonly SqliteSession _writer;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _readerSlots;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly string _path;
    private bool _closing;
    private long _commits;
    private bool _disposed;

    /// <summary>Opens the database file, creating it where it does not exist. Migrations are the caller's.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="readers">How many snapshots may be read side by side.</param>
    /// <param name="logger">Where faults of the file are reported.</param>
    public SqliteDatabase(string path, int readers, ILogger<SqliteDatabase> logger)
    {
        _path = path;
        _logger = logger;
        _readerSlots = new SemaphoreSlim(readers);
        _writerConnection = Open(SqliteOpenMode.ReadWriteCreate);
        _writer = new SqliteSession(_writerConnection);
        _thread = new Thread(WriteLoop) { IsBackground = true, Name = "sqlite-writer" };
        _thread.Start();
    }

    /// <summary>How many transactions were committed since the start.</summary>
    public long Commits => Volatile.Read(ref _commits);

    /// <inheritdoc/>
    public Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work)
    {
        var unit = new Unit<T>(work);
        lock (_queue)
        {
            if (_closing)
            {
                throw new StoreUnavailableException("The database is shutting down.");
            }

            if (_queue.Count >= MaxQueuedUnits)
            {
                throw new StoreUnavailableException("The database is further behind than its queue may grow.");
            }

            _queue.Enqueue(unit);
            Monitor.Pulse(_queue);
        }

        return unit.Task;
    }

    /// <inheritdoc/>
    public async Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default)
    {
        try
        {
            await _readerSlots.WaitAsync(cancellationToken);
        }
        catch (ObjectDisposedException e)
        {
            throw new StoreUnavailableException("The database is shutting down.", e);
        }

        SqliteSession? session = null;
        try
        {
            if (!_readers.TryTake(out session))
            {
                session = new SqliteSession(Open(SqliteOpenMode.ReadOnly));
            }

            await session.ExecuteAsync("BEGIN");
            try
            {
                return await work(session);
            }
            finally
            {
                await session.ExecuteAsync("COMMIT");
            }
        }
        catch (SqliteException e) when (IsUnavailable(e))
        {
            session?.Dispose();
            session = null;
            throw new StoreUnavailableException($"The database cannot be read: {e.Message}", e);
        }
        finally
        {
            if (session is not null)
            {
                _readers.Add(session);
            }

            _readerSlots.Release();
        }
    }

    /// <summary>Commits what is queued, then closes the file.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return ValueTask.CompletedTask;
        }

        lock (_queue)
        {
            _closing = true;
            Monitor.Pulse(_queue);
        }

        _thread.Join();
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer.Dispose();
        _readerSlots.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        // Pooling off: these connections live as long as the process, and a pool would keep the file open after it.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = mode == SqliteOpenMode.ReadOnly
            ? "PRAGMA busy_timeout=5000; PRAGMA cache_size=-16000; PRAGMA mmap_size=268435456;"
            : "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; " +
              "PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;";
        command.ExecuteNonQuery();
        return connection;
    }

    private void WriteLoop()
    {
        var batch = new List<Unit>(MaxUnitsPerCommit);
        while (Next(wait: true) is { } first)
        {
            batch.Add(first);
            try
            {
                Commit(batch);
            }
            catch (Exception e)
            {
                LogWriteFailed(_logger, _path, batch.Count, e);
                RollBack();
                var failure = new StoreUnavailableException($"The database did not commit: {e.Message}", e);
                foreach (var unit in batch)
                {
                    unit.Fail(failure);
                }
            }

            foreach (var unit in batch)
            {
                unit.Complete();
            }

            batch.Clear();
        }
    }

    /// <summary>The next unit; null where there is none, or, if waited for, where there will be none any more.</summary>
    private Unit? Next(bool wait)
    {
        lock (_queue)
        {
            // A plain monitor: it sleeps at once, where the ready-made queues spin first and take time from those who would fill them.
            while (wait && _queue.Count == 0 && !_closing)
            {
                Monitor.Wait(_queue);
            }

            return _queue.TryDequeue(out var unit) ? unit : null;
        }
    }

    /// <summary>One transaction: (1) begin, (2) each unit in its savepoint, taking what has queued up meanwhile, (3) commit.</summary>
    private void Commit(List<Unit> batch)
    {
        var started = Stopwatch.GetTimestamp();
        Execute("BEGIN IMMEDIATE"); // (1)
        for (var i = 0; i < batch.Count; i++) // (2)
        {
            Run(batch[i]);
            if (i + 1 == batch.Count && batch.Count < MaxUnitsPerCommit && Stopwatch.GetElapsedTime(started) < MaxTransaction
                && Next(wait: false) is { } next)
            {
                batch.Add(next);
            }
        }

        Execute("COMMIT"); // (3)
        Interlocked.Increment(ref _commits);
    }

    private void Run(Unit unit)
    {
        Execute("SAVEPOINT unit");
        try
        {
            unit.Run(_writer);
        }
        catch (Exception e) when (e is not SqliteException s || !IsUnavailable(s))
        {
            unit.Fail(e);
            if (raw.sqlite3_get_autocommit(_writerConnection.Handle) != 0)
            {
                // Some errors end the whole transaction, and with it the units that ran before this one.
                throw new StoreUnavailableException("The transaction was rolled back by the database.", e);
            }

            Execute("ROLLBACK TO unit");
        }

        Execute("RELEASE unit");
    }

    private void RollBack()
    {
        try
        {
            if (raw.sqlite3_get_autocommit(_writerConnection.Handle) == 0)
            {
                Execute("ROLLBACK");
            }
        }
        catch (SqliteException e)
        {
            LogWriteFailed(_logger, _path, 0, e);
        }
    }

    private void Execute(string sql) => _writer.Execute(sql);

    /// <summary>Faults of the file or the disk, as opposed to those of a statement.</summary>
    private static bool IsUnavailable(SqliteException e) => e.SqliteErrorCode is
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM or raw.SQLITE_READONLY or raw.SQLITE_IOERR or raw.SQLITE_CORRUPT
        or raw.SQLITE_FULL or raw.SQLITE_CANTOPEN or raw.SQLITE_PROTOCOL or raw.SQLITE_NOTADB;

    [LoggerMessage(1001, LogLevel.Error, "Writing to {Path} failed; {Units} units of work were not stored")]
    private static partial void LogWriteFailed(ILogger logger, string path, int units, Exception exception);

    /// <summary>Work that waits for the writer.</summary>
    private abstract class Unit
    {
        public abstract void Run(SqliteSession session);

        public abstract void Fail(Exception exception);

        /// <summary>Hands out the result; called after the commit.</summary>
        public abstract void Complete();
    }

    private sealed class Unit<T>(Func<StoreSession, ValueTask<T>> work) : Unit
    {
        private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _exception;

        public Task<T> Task => _source.Task;

        public override void Run(SqliteSession session)
        {
            var pending = work(session);
            if (!pending.IsCompleted)
            {
                throw new InvalidOperationException("A unit of work awaited something other than its session.");
            }

            _result = pending.GetAwaiter().GetResult();
        }

        public override void Fail(Exception exception) => _exception ??= exception;

        public override void Complete()
        {
            if (_exception is not null)
            {
                _source.SetException(_exception);
            }
            else
            {
                _source.SetResult(_result!);
            }
        }
    }
}
