using System.Globalization;
using Notifications.IntegrationTests.Support;
using Npgsql;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// Fills the database of a service as if it had been in use for a while. Rows are copies of what the service itself wrote for one event, so that they
/// are what it would write, whatever its columns are; only what tells rows apart is replaced.
/// </summary>
/// <param name="service">A process of the service that dispatches; it is left alone while rows are written.</param>
/// <param name="connectionString">Its database.</param>
internal sealed class Seed(ServerProcess service, string connectionString)
{
    /// <summary>Events go to so many users each, and a user has as many items as there are events to a group.</summary>
    public const int UsersPerEvent = 100;

    private const int Days = 7;
    private const string Model = "model";

    /// <summary>A user that <see cref="FillAsync"/> gives items.</summary>
    public static string User(int number) => string.Create(CultureInfo.InvariantCulture, $"u{number:000000}");

    /// <summary>A user that <see cref="RegisterAsync"/> registers.</summary>
    public static string Registered(int number) => string.Create(CultureInfo.InvariantCulture, $"r{number:0000000}");

    /// <summary>Registers users: each has a head, as if named once, and nothing in it.</summary>
    public async Task RegisterAsync(int users)
    {
        await using var connection = await OpenAsync();
        await ExecuteAsync(
            connection,
            "INSERT INTO heads (tenant, user_id, broadcast_no) SELECT t.id, 'r' || lpad(i::text, 7, '0'), t.broadcast_no " +
            $"FROM tenants t, generate_series(0, {users - 1}) i WHERE t.id = 'default'");
        await ExecuteAsync(connection, "VACUUM ANALYZE heads");
    }

    /// <summary>
    /// Gives users 0 to <paramref name="users"/> - 1 so many items each: events spread over a week, each to <see cref="UsersPerEvent"/> users who are far
    /// apart, in the order of time, so that the items of a user are as scattered over the table as they are in a service that has been running.
    /// </summary>
    /// <param name="users">A multiple of <see cref="UsersPerEvent"/>.</param>
    /// <param name="itemsEach">Items of a user.</param>
    public async Task FillAsync(int users, int itemsEach)
    {
        var groups = users / UsersPerEvent; // Event e is the (e / groups)th of group e % groups, whose users are those with this remainder.
        var events = groups * itemsEach;
        var id = await PublishModelAsync();
        await using var connection = await OpenAsync();
        await ExecuteAsync(connection, "SET maintenance_work_mem = '1GB'");
        var from = (long)(TimeProvider.System.GetUtcNow().AddDays(-Days - 1) - DateTimeOffset.UnixEpoch).TotalMilliseconds;
        var at = $"({from} + (e * {Days * 86_400_000L} / {events})::bigint)";
        var eventId = $"decode(lpad(to_hex({at}), 12, '0') || '7' || lpad(to_hex(e & 4095), 3, '0') || '8' || lpad(to_hex(e), 15, '0'), 'hex')";
        var member = $"'u' || lpad((k * {groups} + e % {groups})::text, 6, '0')";

        await CopyAsync(
            connection, "events", $"id = decode('{id}', 'hex')", $"generate_series(0::bigint, {events - 1}) e", new()
            {
                ["id"] = eventId,
                ["external_id"] = "'seed-' || e",
                ["accepted_at"] = at,
                ["stored_at"] = at + " + 3",
                ["recipients"] = $"(SELECT string_agg('user:' || {member}, chr(10) ORDER BY k) FROM generate_series(0, {UsersPerEvent - 1}) k)",
            });
        await CopyAsync(
            connection, "inbox", $"user_id = '{Model}000'",
            $"generate_series(0::bigint, {events - 1}) e, generate_series(0, {UsersPerEvent - 1}) k", new()
            {
                ["user_id"] = member,
                ["seq"] = $"e / {groups} + 1",
                ["rev"] = $"e / {groups} + 1",
                ["event_id"] = eventId,
                ["created_at"] = at,
            });
        await CopyAsync(
            connection, "heads", $"user_id = '{Model}000'", $"generate_series(0, {users - 1}) u", new()
            {
                ["user_id"] = "'u' || lpad(u::text, 6, '0')",
                ["counter"] = Number(itemsEach),
                ["unseen"] = Number(itemsEach),
                ["unread"] = Number(itemsEach),
                ["items"] = Number(itemsEach),
            });
        foreach (var table in new[] { "events", "inbox", "heads" })
        {
            await ExecuteAsync(connection, "VACUUM ANALYZE " + table);
        }

        await ExecuteAsync(connection, "CHECKPOINT"); // Its writes would meet the first turns.
    }

    /// <summary>One event by the service itself, to as many users as each of the copies has.</summary>
    /// <returns>Its id, in hexadecimal digits.</returns>
    private async Task<string> PublishModelAsync()
    {
        var id = await service.Api.PublishAsync(new
        {
            id = "seed-model",
            type = "order.shipped",
            to = Enumerable.Range(0, UsersPerEvent).Select(i => string.Create(CultureInfo.InvariantCulture, $"user:{Model}{i:000}")),
            title = "Your order 4711-0815 is on its way",
            body = "The parcel left our warehouse this morning and should be with you on Thursday between 9 and 12.",
            url = "https://shop.example/orders/4711-0815",
            category = "orders",
            data = new { order = "4711-0815", carrier = "Example Parcel", parcels = 1, total = new { amount = 129.90, currency = "EUR" } },
        });
        await Until.TrueAsync("the model event is stored", async () => (await service.Api.GetAsync($"/v1/events/{id}")).Status == 200);
        return id["evt_".Length..];
    }

    /// <summary>Copies one row many times, with its indexes away meanwhile: building them at once is many times faster.</summary>
    private static async Task CopyAsync(NpgsqlConnection connection, string table, string model, string many, Dictionary<string, string> replaced)
    {
        var columns = await ColumnAsync(
            connection, "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1", table);
        var keys = await ColumnAsync(
            connection,
            "SELECT conname || chr(10) || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u')", table);
        var indexes = await ColumnAsync(
            connection,
            "SELECT i.indexrelid::regclass || chr(10) || pg_get_indexdef(i.indexrelid) FROM pg_index i " +
            "WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)", table);
        foreach (var key in keys)
        {
            await ExecuteAsync(connection, $"ALTER TABLE {table} DROP CONSTRAINT {key.Split('\n')[0]}");
        }

        foreach (var index in indexes)
        {
            await ExecuteAsync(connection, $"DROP INDEX {index.Split('\n')[0]}");
        }

        await ExecuteAsync(
            connection,
            $"INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", columns.Select(c => replaced.GetValueOrDefault(c, "m." + c)))} " +
            $"FROM (SELECT * FROM {table} WHERE {model}) m, {many}");
        foreach (var key in keys)
        {
            await ExecuteAsync(connection, $"ALTER TABLE {table} ADD CONSTRAINT {key.Replace('\n', ' ')}");
        }

        foreach (var index in indexes)
        {
            await ExecuteAsync(connection, index.Split('\n')[1].Replace(" ON ONLY ", " ON ", StringComparison.Ordinal)); // With partitions, where there are any.
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Command Timeout=0");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> ColumnAsync(NpgsqlConnection connection, string sql, string table)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter { Value = table } } };
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }
}
