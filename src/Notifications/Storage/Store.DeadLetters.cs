using System.Data.Common;
using System.Text.Json;
using Notifications.DeadLetters;
using Notifications.Operations;

namespace Notifications.Storage;

/// <summary>A part of what an operation on dead letters goes through.</summary>
/// <param name="Letters">By id.</param>
/// <param name="Missing">How many of the ids that were named are no dead letter's.</param>
/// <param name="Cursor">The last id that was looked at.</param>
/// <param name="IsLast">Whether there is nothing after these.</param>
public sealed record DeadLetterBatch(IReadOnlyList<DeadLetter> Letters, int Missing, byte[]? Cursor, bool IsLast);

public sealed partial class Store
{
    private const string DeadLetterColumns = "d.id, d.kind, d.event_id, d.delivery_id, d.channel, d.reason, d.error, d.attempts, d.code, d.response, d.created_at";

    /// <summary>What a filter selects of a tenant's dead letters: after an id, and up to a time.</summary>
    private const string DeadLetterFilterSql =
        "FROM dead_letters d WHERE d.tenant = $1 AND d.id > $2 AND d.created_at <= $3 AND (CAST($4 AS TEXT) IS NULL OR d.kind = $4) " +
        "AND (CAST($5 AS TEXT) IS NULL OR d.channel = $5) AND (CAST($6 AS TEXT) IS NULL OR d.reason = $6) AND (CAST($7 AS BIGINT) IS NULL OR d.created_at < $7) ";

    /// <summary>A dead letter with its payload, or null.</summary>
    public Task<DeadLetter?> DeadLetterAsync(string tenant, Guid id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync(
            "SELECT " + DeadLetterColumns + ", d.payload FROM dead_letters d WHERE d.tenant = $1 AND d.id = $2", ReadDeadLetterWithPayload, tenant, id.Bytes()),
        cancellationToken);

    /// <summary>A tenant's dead letters before an id, newest first.</summary>
    public Task<List<DeadLetter>> DeadLettersAsync(
        string tenant, DeadLetterFilter filter, Guid? eventId, Guid before, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT " + DeadLetterColumns + " FROM dead_letters d WHERE d.tenant = $1 AND d.id < $2 AND (CAST($3 AS TEXT) IS NULL OR d.kind = $3) " +
            "AND (CAST($4 AS TEXT) IS NULL OR d.channel = $4) AND (CAST($5 AS TEXT) IS NULL OR d.reason = $5) " +
            "AND ($6 = 0 OR d.event_id = $7) ORDER BY d.id DESC LIMIT $8",
            ReadDeadLetter, tenant, before.Bytes(), filter.Kind, filter.Channel, filter.Reason, eventId is null ? 0 : 1, eventId.GetValueOrDefault().Bytes(), limit),
        cancellationToken);

    /// <summary>How many of a selection there are, by kind, and the oldest of them.</summary>
    public Task<(Dictionary<string, long> Counts, List<DeadLetter> Sample)> PreviewDeadLettersAsync(
        string tenant, DeadLetterSelection selection, int sample, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            if (selection.Ids is { } ids)
            {
                var letters = await NamedDeadLettersAsync(session, tenant, [.. ids.Take((int)Math.Min(int.MaxValue, selection.Limit))], payload: false);
                return (letters.GroupBy(l => l.Kind).ToDictionary(g => g.Key, g => (long)g.Count()), letters.Take(sample).ToList());
            }

            object?[] arguments = [.. FilterArguments(tenant, default, Now, selection.Filter!), selection.Limit];
            var counts = await session.QueryAsync(
                "SELECT kind, COUNT(*) FROM (SELECT d.kind " + DeadLetterFilterSql + "ORDER BY d.id LIMIT $8) AS s GROUP BY kind",
                r => (Kind: r.GetString(0), Count: r.GetInt64(1)), arguments);
            return (counts.ToDictionary(c => c.Kind, c => c.Count), await session.QueryAsync(
                "SELECT " + DeadLetterColumns + " " + DeadLetterFilterSql + "ORDER BY d.id LIMIT $8", ReadDeadLetter,
                [.. arguments[..7], Math.Min(sample, selection.Limit)]));
        },
        cancellationToken);

    /// <summary>Begins an operation on dead letters; those that are given up later are not part of it.</summary>
    public Task<Operation> AddDeadLetterOperationAsync(string tenant, string kind, DeadLetterSelection selection) => database.WriteAsync(async session =>
    {
        var total = selection.Ids?.Count ?? await session.FirstAsync(
            "SELECT COUNT(*) " + DeadLetterFilterSql, r => r.GetInt64(0), FilterArguments(tenant, default, Now, selection.Filter!));
        return await AddOperationAsync(
            session, tenant, kind, JsonSerializer.SerializeToUtf8Bytes(selection, DeadLetterSelectionJson.Default.DeadLetterSelection),
            Math.Min(total, selection.Limit));
    });

    /// <summary>What an operation goes through next.</summary>
    public Task<DeadLetterBatch> SelectedDeadLettersAsync(Operation operation, DeadLetterSelection selection, int rows, bool payload) => database.ReadAsync(
        async session =>
        {
            var most = (int)Math.Min(rows, selection.Limit - operation.Done);
            var after = operation.Cursor is { } cursor ? Ids.FromBytes(cursor) : default;
            if (selection.Ids is { } all)
            {
                var ids = all.Skip((int)operation.Done).Take(most).ToArray();
                var named = await NamedDeadLettersAsync(session, operation.Tenant, ids, payload);
                return new DeadLetterBatch(named, ids.Length - named.Count, null, operation.Done + ids.Length >= Math.Min(all.Count, selection.Limit));
            }

            var letters = await session.QueryAsync<DeadLetter>(
                "SELECT " + DeadLetterColumns + (payload ? ", d.payload " : " ") + DeadLetterFilterSql + "ORDER BY d.id LIMIT $8",
                payload ? ReadDeadLetterWithPayload : ReadDeadLetter,
                [.. FilterArguments(operation.Tenant, after, operation.CreatedAt.ToUnixTimeMilliseconds(), selection.Filter!), most]);
            return new DeadLetterBatch(
                letters, 0, letters.Count == 0 ? operation.Cursor : letters[^1].Id.Bytes(),
                letters.Count < most || operation.Done + letters.Count >= selection.Limit);
        });

    /// <summary>Which of these events are stored.</summary>
    public Task<HashSet<Guid>> StoredEventsAsync(Guid[] ids) => ids.Length == 0 ? Task.FromResult(new HashSet<Guid>()) : database.ReadAsync(
        async session => (await session.QueryAsync(
            "SELECT e.id FROM events e, {rows} AS r WHERE e.id = r.id", r => Ids.FromBytes((byte[])r[0]), new Rows().With("id", Column(ids, id => id.Bytes()))))
            .ToHashSet());

    /// <summary>
    /// A step of a replay: (1) it is still ours; (2) deliveries that are dead wait for their first attempt again; (3) letters that are settled go; (4) the
    /// progress is saved.
    /// </summary>
    /// <param name="operation">Where it is.</param>
    /// <param name="batch">What it goes through.</param>
    /// <param name="events">What became of letters that are events, by letter.</param>
    public Task<OperationStep> ReplayDeadLettersAsync(Operation operation, DeadLetterBatch batch, IReadOnlyDictionary<Guid, string> events) =>
        database.WriteAsync(async session =>
        {
            await LockOperationAsync(session, operation); // (1)
            var deliveries = batch.Letters.Where(l => l.DeliveryId is not null).Select(l => l.DeliveryId!.Value).Distinct().ToArray();
            var revived = await ReviveAsync(session, operation.Tenant, deliveries, "dead", "replayed"); // (2)
            var results = new List<string>(batch.Letters.Count + batch.Missing);
            var settled = new List<Guid>();
            foreach (var letter in batch.Letters)
            {
                var result = events.TryGetValue(letter.Id, out var found) ? found
                    : letter.DeliveryId is { } id && revived.Remove(id) ? DeadLetterResult.Replayed
                    : DeadLetterResult.NotDead;
                results.Add(result);
                if (result is not (DeadLetterResult.Malformed or DeadLetterResult.UnknownVersion))
                {
                    settled.Add(letter.Id);
                }
            }

            await DeleteDeadLettersAsync(session, settled); // (3)
            results.AddRange(Enumerable.Repeat(DeadLetterResult.NotFound, batch.Missing));
            return await AdvanceAsync(session, operation.After(batch.Cursor, results), batch.IsLast); // (4)
        });

    /// <summary>A step of a discard.</summary>
    public Task<OperationStep> DiscardDeadLettersAsync(Operation operation, DeadLetterBatch batch) => database.WriteAsync(async session =>
    {
        await LockOperationAsync(session, operation);
        await DeleteDeadLettersAsync(session, [.. batch.Letters.Select(l => l.Id)]);
        return await AdvanceAsync(
            session,
            operation.After(
                batch.Cursor,
                Enumerable.Repeat(DeadLetterResult.Discarded, batch.Letters.Count).Concat(Enumerable.Repeat(DeadLetterResult.NotFound, batch.Missing))),
            batch.IsLast);
    });

    private static async ValueTask DeleteDeadLettersAsync(StoreSession session, List<Guid> ids)
    {
        if (ids.Count > 0)
        {
            await session.ExecuteAsync("DELETE FROM dead_letters WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", Column(ids, id => id.Bytes())));
        }
    }

    private static async ValueTask<List<DeadLetter>> NamedDeadLettersAsync(StoreSession session, string tenant, Guid[] ids, bool payload)
    {
        var letters = ids.Length == 0 ? [] : await session.QueryAsync<DeadLetter>(
            "SELECT " + DeadLetterColumns + (payload ? ", d.payload " : " ") + "FROM dead_letters d, {rows} AS r WHERE d.id = r.id AND d.tenant = r.tenant",
            payload ? ReadDeadLetterWithPayload : ReadDeadLetter,
            new Rows().With("id", Column(ids, id => id.Bytes())).With("tenant", Column(ids, _ => tenant)));
        letters.Sort((a, b) => a.Id.CompareTo(b.Id));
        return letters;
    }

    private static object?[] FilterArguments(string tenant, Guid after, long upTo, DeadLetterFilter filter) =>
        [tenant, after.Bytes(), upTo, filter.Kind, filter.Channel, filter.Reason, filter.Before?.ToUnixTimeMilliseconds()];

    private static DeadLetter ReadDeadLetter(DbDataReader r) => new(
        Ids.FromBytes((byte[])r[0]), r.GetString(1), Ids.FromBytes((byte[])r[2]), r.IsDBNull(3) ? null : Ids.FromBytes((byte[])r[3]), Text(r, 4), r.GetString(5),
        r.GetString(6), r.GetInt32(7), r.IsDBNull(8) ? null : r.GetInt32(8), Text(r, 9), Moment(r.GetInt64(10)));

    private static DeadLetter ReadDeadLetterWithPayload(DbDataReader r) => ReadDeadLetter(r) with { Payload = (byte[])r[11] };
}
