using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace Notifications.Benchmarks;

/// <summary>A table that each request inserts one row into, in a transaction of its own, as durably as the service does (WAL, <c>synchronous=FULL</c>).</summary>
internal static class BareSqlite
{
    /// <summary>Maps <c>/insert</c>, and <c>/inserts</c>, which inserts the lines it is given in one transaction.</summary>
    public static void MapSqlite(this WebApplication app, string folder)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "floor.db"), Pooling = false }.ConnectionString);
        connection.Open();
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id BLOB NOT NULL, tenant TEXT NOT NULL, payload BLOB NOT NULL)");
        var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO log (event_id, tenant, payload) VALUES ($id, 'default', $payload)";
        var id = insert.Parameters.Add("$id", SqliteType.Blob);
        var payload = insert.Parameters.Add("$payload", SqliteType.Blob);
        insert.Prepare();
        var one = new Lock(); // SQLite has one writer.
        app.MapPost("/insert", async (HttpContext context) =>
        {
            var body = await ReadAsync(context);
            lock (one)
            {
                Insert(body);
            }

            return BareHubSetup.Answer();
        });
        app.MapPost("/inserts", async (HttpContext context) =>
        {
            var body = await ReadAsync(context);
            lock (one)
            {
                Execute("BEGIN");
                foreach (var line in body.AsSpan().Split((byte)'\n'))
                {
                    Insert(body[line]);
                }

                Execute("COMMIT");
            }

            return BareHubSetup.Answer();
        });

        void Insert(byte[] body)
        {
            (id.Value, payload.Value) = (Guid.CreateVersion7().ToByteArray(), body);
            insert.ExecuteNonQuery();
        }

        void Execute(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        var body = new byte[(int)context.Request.ContentLength!.Value];
        await context.Request.Body.ReadExactlyAsync(body);
        return body;
    }
}
