using Microsoft.Data.Sqlite;

namespace Notifications.IntegrationTests.Support;

/// <summary>The embedded database as an operator's tools see it, from outside the server.</summary>
public static class DataFile
{
    private static readonly byte[] Magic = "SQLite format 3\0"u8.ToArray();

    /// <summary>The database file in a data folder.</summary>
    public static string In(string dataFolder) => Directory.EnumerateFiles(dataFolder, "*", SearchOption.AllDirectories).Single(IsDatabase);

    /// <summary>Runs a query for one number.</summary>
    public static long Number(string dataFolder, string sql, params (string Name, object Value)[] parameters) =>
        Rows(dataFolder, sql, r => r.GetInt64(0), parameters)[0];

    /// <summary>Runs a query.</summary>
    public static List<T> Rows<T>(string dataFolder, string sql, Func<SqliteDataReader, T> map, params (string Name, object Value)[] parameters)
    {
        using var connection = Open(In(dataFolder));
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is one of the tests' constants.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        var rows = new List<T>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    /// <summary>Copies the database while it is in use, as <c>sqlite3 … ".backup"</c> does.</summary>
    public static void Backup(string dataFolder, string copy)
    {
        using var source = Open(In(dataFolder));
        using var target = Open(copy);
        source.BackupDatabase(target);
    }

    /// <summary>Puts a copy in the place of the database; the server is stopped.</summary>
    public static void Restore(string dataFolder, string copy)
    {
        var file = In(dataFolder);
        File.Delete(file + "-wal");
        File.Delete(file + "-shm");
        File.Copy(copy, file, overwrite: true);
    }

    /// <summary>The bytes of an event's id, as they are stored.</summary>
    public static byte[] EventId(string id) => Convert.FromHexString(id["evt_".Length..]);

    private static bool IsDatabase(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var start = new byte[Magic.Length];
            return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(Magic);
        }
        catch (IOException)
        {
            return false; // The server has locked it, which it cannot do to a database.
        }
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 60 }.ConnectionString);
        connection.Open();
        return connection;
    }
}
