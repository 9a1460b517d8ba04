using Microsoft.Data.Sqlite;

namespace Notifications.Storage;

/// <summary>
/// Copies of the embedded data. A copy is taken while the service runs, as of one moment; putting one back needs the folder for itself, and
/// makes every client start over, for the copy lacks what they saw since.
/// </summary>
public static class Backup
{
    /// <summary>Writes a copy of the folder's database.</summary>
    /// <param name="dataPath">The data folder; a service may be running on it.</param>
    /// <param name="file">The copy; must not exist.</param>
    /// <exception cref="IOException">There is no data, or the copy exists, or cannot be written.</exception>
    public static void Create(string dataPath, string file)
    {
        var source = DatabaseIn(dataPath);
        if (!File.Exists(source))
        {
            throw new IOException($"There is no data in {Path.GetFullPath(dataPath)}.");
        }

        if (File.Exists(file))
        {
            throw new IOException($"{Path.GetFullPath(file)} exists already.");
        }

        var part = file + ".part";
        new FileStream(part, DataFolder.Private(FileMode.Create)).Dispose();
        try
        {
            using (var database = Open(source, SqliteOpenMode.ReadWrite))
            {
                Execute(database, "PRAGMA busy_timeout = 60000");
                Execute(database, "VACUUM INTO $1", part);
            }

            using (var copy = Open(part, SqliteOpenMode.ReadWrite))
            {
                // Without its stamp it is recognised as a copy wherever it is put; see RestoreStamp.
                Execute(copy, "PRAGMA synchronous = FULL");
                Execute(copy, "DELETE FROM settings WHERE name = $1", RestoreStamp.SettingName);
            }

            using (var whole = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            {
                whole.Flush(flushToDisk: true);
            }

            File.Move(part, file);
        }
        catch (SqliteException e)
        {
            throw new IOException($"{Path.GetFullPath(file)} could not be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Puts a copy in the place of the folder's database, which is kept beside it under another name.</summary>
    /// <param name="dataPath">The data folder; no service may be running on it.</param>
    /// <param name="file">The copy.</param>
    /// <param name="time">Names what is kept.</param>
    /// <returns>Where the database that was there is now, or null where there was none.</returns>
    /// <exception cref="IOException">The folder is in use, or the file is not a copy of this service's data.</exception>
    public static string? Restore(string dataPath, string file, TimeProvider time)
    {
        if (!File.Exists(file) || !IsOurs(file))
        {
            throw new IOException($"{Path.GetFullPath(file)} is not a backup of this service's data.");
        }

        using var folder = new DataFolder(dataPath);
        var database = folder.DatabasePath;
        string? kept = null;
        if (File.Exists(database))
        {
            // What is in the write-ahead log belongs to the database that is put aside.
            using (var old = Open(database, SqliteOpenMode.ReadWrite))
            {
                Execute(old, "PRAGMA wal_checkpoint(TRUNCATE)");
            }

            kept = $"{database}.{time.GetUtcNow():yyyyMMddHHmmss}";
            File.Move(database, kept);
        }

        File.Delete(database + "-wal");
        File.Delete(database + "-shm");
        var part = database + ".part";
        File.Copy(file, part, overwrite: true);
        using (var whole = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
        {
            whole.Flush(flushToDisk: true);
        }

        File.Move(part, database);
        return kept;
    }

    private static string DatabaseIn(string dataPath) => Path.Combine(dataPath, "notifications.db");

    private static bool IsOurs(string file)
    {
        try
        {
            using var copy = Open(file, SqliteOpenMode.ReadOnly);
            using var command = copy.CreateCommand();
            command.CommandText = "SELECT COUNT(*) FROM settings WHERE name = 'epoch'";
            return command.ExecuteScalar() is 1L;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql, string? argument = null)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is one of this file's constants; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        if (argument is not null)
        {
            command.Parameters.AddWithValue("$1", argument);
        }

        command.ExecuteNonQuery();
    }
}
