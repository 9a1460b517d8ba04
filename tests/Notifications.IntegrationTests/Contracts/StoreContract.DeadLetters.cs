using System.Text;
using Notifications.Channels;
using Notifications.DeadLetters;
using Notifications.Operations;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Deliveries_that_are_dead_wait_again_once_however_often_they_are_replayed()
    {
        var dead = await DeliveryAsync("dead");
        var sent = await DeliveryAsync("sent");
        await LetterAsync(dead);
        await LetterAsync(sent);
        var letters = await LettersAsync();
        Assert.Equal(2, letters.Count);

        // Two operators at once, and one with ids of which some are gone by then.
        var first = await BeginAsync(OperationKinds.Replay);
        var second = await BeginAsync(OperationKinds.Replay);
        var third = await BeginAsync(OperationKinds.Replay, new DeadLetterSelection { Ids = [.. letters.Select(l => l.Id).Order()] });
        Assert.Equal((2, 2, 2), (first.Total, second.Total, third.Total));
        var batch = await SelectAsync(second);
        var done = await ReplayAsync(first);
        Assert.Equal(Counts(("replayed", 1), ("skipped_not_dead", 1)), done.Counts);
        Assert.Equal(Counts(("skipped_not_dead", 2)), (await Store.ReplayDeadLettersAsync(second, batch, Nothing)).Operation.Counts);
        Assert.Equal(Counts(("not_found", 2)), (await ReplayAsync(third)).Counts);

        Assert.Empty(await LettersAsync());
        Assert.Equal([dead], await QueueAsync());
        var delivery = (await Store.DeliveryAsync(Tenant, dead, Never))!;
        Assert.Equal(("pending", "replayed", 0, null), (delivery.State, delivery.Reason, delivery.Attempts, delivery.FinishedAt));
        Assert.NotNull(delivery.NextAttemptAt);
        Assert.Equal("sent", (await Store.DeliveryAsync(Tenant, sent, Never))!.State);
        foreach (var operation in new[] { first, second, third })
        {
            var ended = (await Store.OperationAsync(Tenant, operation.Id, Never))!;
            Assert.Equal((OperationState.Finished, 2), (ended.State, ended.Done));
            Assert.NotNull(ended.FinishedAt);
        }
    }

    [Fact]
    public async Task Letters_of_events_stay_where_they_cannot_be_replayed()
    {
        var results = new Dictionary<Guid, string>();
        foreach (var result in new[] { DeadLetterResult.Replayed, DeadLetterResult.AlreadyStored, DeadLetterResult.Malformed, DeadLetterResult.UnknownVersion })
        {
            results.Add(await LetterAsync(null), result);
        }

        var operation = await BeginAsync(OperationKinds.Replay);
        var step = await Store.ReplayDeadLettersAsync(operation, await SelectAsync(operation), results);
        Assert.True(step.IsLast);
        Assert.Equal(results.Values.ToDictionary(r => r, _ => 1L), step.Operation.Counts);
        Assert.Equal(
            results.Where(r => r.Value.StartsWith("failed", StringComparison.Ordinal)).Select(r => r.Key).Order(), (await LettersAsync()).Select(l => l.Id).Order());
    }

    [Fact]
    public async Task An_operation_goes_on_where_it_was_and_who_was_taken_for_dead_writes_nothing_more()
    {
        for (var i = 0; i < 7; i++)
        {
            await LetterAsync(await DeliveryAsync("dead"));
        }

        var asked = await Store.AddDeadLetterOperationAsync(Tenant, OperationKinds.Discard, new DeadLetterSelection { Filter = new(), Limit = 6 });
        Time.Advance(Minute);
        var later = await LetterAsync(null); // Not part of it.
        Assert.Equal([asked.Id], await Store.OpenOperationsAsync(Never));
        var claims = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Store.ClaimOperationAsync(asked.Id, $"n{i}", Hour)));
        var mine = Assert.Single(claims, c => c is not null)!;
        Assert.Empty(await Store.OpenOperationsAsync(Never));
        var step = await Store.DiscardDeadLettersAsync(mine, await SelectAsync(mine, rows: 4));
        Assert.Equal((4, false), (step.Operation.Done, step.IsLast));
        var stored = (await Store.OperationAsync(Tenant, asked.Id, Never))!;
        Assert.Equal((OperationState.Running, 4, 6), (stored.State, stored.Done, stored.Total));

        // It dies here, in the middle of the next step; another one goes on.
        var batch = await SelectAsync(step.Operation, rows: 4);
        await _database.WriteAsync(session => session.ExecuteAsync("UPDATE operations SET lease_until = {now} - 1"));
        var heir = (await Store.ClaimOperationAsync(asked.Id, "heir", Hour))!;
        await Assert.ThrowsAsync<OperationLostException>(() => Store.DiscardDeadLettersAsync(step.Operation, batch));
        Assert.Equal(4, (await LettersAsync()).Count);
        var last = await Store.DiscardDeadLettersAsync(heir, await SelectAsync(heir, rows: 4));
        Assert.Equal((6, true), (last.Operation.Done, last.IsLast));
        Assert.Equal(Counts(("discarded", 6)), last.Operation.Counts);
        Assert.Equal(2, (await LettersAsync()).Count);
        Assert.Contains(later, (await LettersAsync()).Select(l => l.Id));
        Assert.Null(await Store.ClaimOperationAsync(asked.Id, "heir", Hour));
    }

    [Fact]
    public async Task An_operation_that_is_cancelled_does_nothing_more()
    {
        await LetterAsync(null);
        var operation = await BeginAsync(OperationKinds.Discard);
        Assert.False(await Store.CancelOperationAsync("other", operation.Id));
        Assert.True(await Store.CancelOperationAsync(Tenant, operation.Id));
        Assert.False(await Store.CancelOperationAsync(Tenant, operation.Id));
        await Assert.ThrowsAsync<OperationLostException>(async () => await Store.DiscardDeadLettersAsync(operation, await SelectAsync(operation)));
        Assert.Single(await LettersAsync());
        Assert.Equal(OperationState.Cancelled, (await Store.OperationAsync(Tenant, operation.Id, Never))!.State);
        Assert.Empty(await Store.OpenOperationsAsync(Never));
    }

    [Fact]
    public async Task An_operation_that_waits_says_why_and_one_that_failed_is_over()
    {
        var operation = await BeginAsync(OperationKinds.Discard);
        await Store.PutOffOperationAsync(operation, "The event log is full.");
        Assert.Equal("The event log is full.", (await Store.OperationAsync(Tenant, operation.Id, Never))!.Error);
        Assert.Equal([operation.Id], await Store.OpenOperationsAsync(Never));
        var again = (await Store.ClaimOperationAsync(operation.Id, "other", Hour))!;
        await Store.FailOperationAsync(operation, "not mine any more");
        await Store.FailOperationAsync(again, new string('x', 5_000));
        var failed = (await Store.OperationAsync(Tenant, operation.Id, Never))!;
        Assert.Equal((OperationState.Failed, 1_000), (failed.State, failed.Error!.Length));
        Assert.Equal([operation.Id], (await Store.OperationsAsync(Tenant, OperationState.Failed, null, Guid.AllBitsSet, 10, Never)).Select(o => o.Id));
        Assert.Empty(await Store.OperationsAsync(Tenant, OperationState.Running, null, Guid.AllBitsSet, 10, Never));
        Assert.Empty(await Store.OperationsAsync("other", null, OperationKinds.Discard, Guid.AllBitsSet, 10, Never));
    }

    [Fact]
    public async Task Dead_letters_are_found_by_what_they_are()
    {
        var mail = await LetterAsync(await DeliveryAsync("dead"), channel: "email", reason: "smtp_550");
        Time.Advance(Minute);
        var hook = await LetterAsync(await DeliveryAsync("dead", channel: "webhook"), channel: "webhook", reason: "http_500");
        Time.Advance(Minute);
        var @event = await LetterAsync(null, reason: "malformed");
        Assert.Equal([@event, hook, mail], (await LettersAsync()).Select(l => l.Id));
        Assert.Equal([hook], await FindAsync(new() { Channel = "webhook" }));
        Assert.Equal([hook, mail], await FindAsync(new() { Kind = "delivery" }));
        Assert.Equal([@event], await FindAsync(new() { Reason = "malformed" }));
        var letter = (await Store.DeadLetterAsync(Tenant, hook, Never))!;
        Assert.Equal(("{}", 3, 500, "No."), (Encoding.UTF8.GetString(letter.Payload), letter.Attempts, letter.Code, letter.Response));
        Assert.Equal([hook], (await Store.DeadLettersAsync(Tenant, new(), letter.EventId, Guid.AllBitsSet, 10, Never)).Select(l => l.Id));
        Assert.Empty(await Store.DeadLettersAsync("other", new(), null, Guid.AllBitsSet, 10, Never));
        Assert.Null(await Store.DeadLetterAsync("other", hook, Never));

        var selection = new DeadLetterSelection { Filter = new() { Before = Time.GetUtcNow() - TimeSpan.FromMilliseconds(2) }, Limit = 5 };
        var (counts, sample) = await Store.PreviewDeadLettersAsync(Tenant, selection, 1, Never);
        Assert.Equal(Counts(("delivery", 2)), counts);
        Assert.Equal([mail], sample.Select(l => l.Id));
        (counts, _) = await Store.PreviewDeadLettersAsync(Tenant, selection with { Limit = 1 }, 10, Never);
        Assert.Equal(Counts(("delivery", 1)), counts);
        (counts, sample) = await Store.PreviewDeadLettersAsync(Tenant, new() { Ids = [@event, Guid.NewGuid()] }, 10, Never);
        Assert.Equal(Counts(("event", 1)), counts);
        Assert.Equal(@event, Assert.Single(sample).Id);
    }

    [Fact]
    public async Task A_delivery_is_sent_again_once_it_has_ended()
    {
        foreach (var (state, force, expected) in new[]
        {
            ("pending", true, ResendOutcome.Pending), ("skipped", true, ResendOutcome.Skipped), ("sent", false, ResendOutcome.Sent),
            ("sent", true, ResendOutcome.Resent), ("dead", false, ResendOutcome.Resent), ("rejected", false, ResendOutcome.Resent),
            ("cancelled", false, ResendOutcome.Resent),
        })
        {
            var id = await DeliveryAsync(state);
            Assert.Equal(ResendOutcome.NotFound, await Store.ResendAsync("other", id, force));
            Assert.Equal(expected, await Store.ResendAsync(Tenant, id, force));
            var delivery = (await Store.DeliveryAsync(Tenant, id, Never))!;
            Assert.Equal(expected == ResendOutcome.Resent ? "pending" : state, delivery.State);
            Assert.Equal(expected == ResendOutcome.Resent, (await QueueAsync()).Contains(id));
        }

        // Its dead letter goes with it; what is gone cannot be sent.
        var dead = await DeliveryAsync("dead");
        await LetterAsync(dead);
        Assert.Equal(ResendOutcome.Resent, await Store.ResendAsync(Tenant, dead, force: false));
        Assert.Empty(await LettersAsync());
        Assert.Equal(ResendOutcome.Pending, await Store.ResendAsync(Tenant, dead, force: false));
        await _database.WriteAsync(session => session.ExecuteAsync("DELETE FROM events"));
        Assert.Equal(ResendOutcome.Gone, await Store.ResendAsync(Tenant, await DeliveryAsync("dead", store: false), force: false));
        Assert.Equal(ResendOutcome.Gone, await Store.ResendAsync(Tenant, await DeliveryAsync("sent", kind: "digest", store: false), force: true));
    }

    [Fact]
    public async Task Deliveries_are_found_by_what_they_are()
    {
        var mail = await DeliveryAsync("sent", user: "ann");
        var hook = await DeliveryAsync("dead", channel: "webhook", user: "bob");
        Assert.Equal([hook, mail], await FindAsync(new DeliveryFilter(null, null, null, null, null)));
        Assert.Equal([hook], await FindAsync(new DeliveryFilter("webhook", null, null, null, null)));
        Assert.Equal([mail], await FindAsync(new DeliveryFilter(null, "sent", null, null, null)));
        Assert.Equal([mail], await FindAsync(new DeliveryFilter(null, null, "ann", null, null)));
        Assert.Equal([hook], await FindAsync(new DeliveryFilter("webhook", "dead", "bob", null, "target")));
        Assert.Empty(await FindAsync(new DeliveryFilter("webhook", "sent", null, null, null)));
        var @event = (await Store.DeliveryAsync(Tenant, mail, Never))!.EventId;
        Assert.Equal([mail], await FindAsync(new DeliveryFilter(null, null, null, @event, null)));
        Assert.Equal([mail], (await Store.DeliveriesAsync(Tenant, new DeliveryFilter(null, null, null, null, null), hook, 10, Never)).Select(d => d.Id));
        Assert.Empty(await Store.DeliveriesAsync("other", new DeliveryFilter(null, null, null, null, null), Guid.AllBitsSet, 10, Never));

        async Task<IEnumerable<Guid>> FindAsync(DeliveryFilter filter) =>
            (await Store.DeliveriesAsync(Tenant, filter, Guid.AllBitsSet, 10, Never)).Select(d => d.Id);
    }

    [Fact]
    public async Task Retention_deletes_what_has_ended_and_is_old_and_keeps_what_a_dead_letter_is_about()
    {
        var (sent, dead, pending) = (await DeliveryAsync("sent"), await DeliveryAsync("dead"), await DeliveryAsync("pending"));
        await LetterAsync(dead);
        var digest = await DeliveryAsync("sent", kind: "digest");
        await _database.WriteAsync(session => session.ExecuteAsync(
            "INSERT INTO digest_items (tenant, user_id, channel, event_id, due_at, delivery_id, created_at) VALUES ($1, 'ann', 'email', $2, 0, $2, 0)",
            Tenant, digest.Bytes()));
        var ended = await BeginAsync(OperationKinds.Discard, new() { Filter = new() { Kind = "event" } });
        await Store.DiscardDeadLettersAsync(ended, await SelectAsync(ended));
        var open = await BeginAsync(OperationKinds.Discard);
        Time.Advance(48 * Hour);
        var young = await DeliveryAsync("sent");
        var before = Time.GetUtcNow() - (24 * Hour);
        Assert.Equal((1, null), await Store.TrimDeliveriesAsync(Tenant, sent, before, 100)); // After the first one: the digest.
        Assert.Equal((1, null), await Store.TrimDeliveriesAsync(Tenant, default, before, 100));
        Assert.Equal(0, await _database.ReadAsync(s => s.FirstAsync("SELECT COUNT(*) FROM digest_items", r => r.GetInt32(0))));
        Assert.Equal([young, pending, dead], (await Store.DeliveriesAsync(Tenant, new(null, null, null, null, null), Guid.AllBitsSet, 10, Never)).Select(d => d.Id).Order().Reverse());
        Assert.Equal(1, await Store.TrimDeadLettersAsync(before, 100));
        Assert.Equal((1, null), await Store.TrimDeliveriesAsync(Tenant, default, before, 100));
        Assert.Equal(1, await Store.TrimOperationsAsync(before, 100));
        Assert.Equal([open.Id], (await Store.OperationsAsync(Tenant, null, null, Guid.AllBitsSet, 10, Never)).Select(o => o.Id));
        Assert.Equal([Tenant], await Store.TenantsAsync(Never));
    }

    [Fact]
    public async Task Throttles_are_forgotten_when_their_window_began_long_ago()
    {
        await Store.AddTenantAsync(Tenant);
        for (var i = 0; i < 5; i++)
        {
            await _database.WriteAsync(session => session.ExecuteAsync(
                "INSERT INTO throttles (tenant, user_id, category, window_start, count) VALUES ($1, $2, 'c', $3, 1)", Tenant, $"u{i}", Time.Milliseconds));
            Time.Advance(Hour);
        }

        var next = new ThrottleKey("", "", "");
        var deleted = 0;
        while (next is { } after)
        {
            (var count, next) = await Store.TrimThrottlesAsync(after, Time.GetUtcNow() - (2.5 * Hour), 2);
            deleted += count;
        }

        Assert.Equal(3, deleted);
    }

    private static readonly Dictionary<Guid, string> Nothing = [];

    private static Dictionary<string, long> Counts(params (string, long)[] counts) => counts.ToDictionary();

    private async Task<Operation> BeginAsync(string kind, DeadLetterSelection? selection = null) => (await Store.ClaimOperationAsync(
        (await Store.AddDeadLetterOperationAsync(Tenant, kind, selection ?? new() { Filter = new() })).Id, "me", Hour))!;

    private Task<DeadLetterBatch> SelectAsync(Operation operation, int rows = 100) => Store.SelectedDeadLettersAsync(
        operation, System.Text.Json.JsonSerializer.Deserialize(operation.Request, DeadLetterSelectionJson.Default.DeadLetterSelection)!, rows, payload: true);

    private async Task<Operation> ReplayAsync(Operation operation) =>
        (await Store.ReplayDeadLettersAsync(operation, await SelectAsync(operation), Nothing)).Operation;

    private Task<List<DeadLetter>> LettersAsync() => Store.DeadLettersAsync(Tenant, new(), null, Guid.AllBitsSet, 1000, Never);

    private async Task<IEnumerable<Guid>> FindAsync(DeadLetterFilter filter) =>
        (await Store.DeadLettersAsync(Tenant, filter, null, Guid.AllBitsSet, 1000, Never)).Select(l => l.Id);

    private Task<List<Guid>> QueueAsync() =>
        _database.ReadAsync(session => session.QueryAsync("SELECT id FROM delivery_queue", r => Ids.FromBytes((byte[])r[0])));

    /// <summary>A delivery of an event of its own, which is stored.</summary>
    private async Task<Guid> DeliveryAsync(string state, string channel = "email", string kind = "event", string user = "ann", bool store = true)
    {
        var record = Event(to: "user:" + user);
        if (store)
        {
            await (await OwnAsync()).CommitAsync(Deliver(record, user));
        }

        var id = Guid.CreateVersion7(Time.GetUtcNow());
        await _database.WriteAsync(session => session.ExecuteAsync(
            "INSERT INTO deliveries (tenant, id, event_id, user_id, channel, target, kind, state, reason, created_at, due_at, finished_at, attempts) " +
            "VALUES ($1, $2, $3, $4, $5, 'target', $6, $7, 'test', $8, $8, $9, 3)",
            Tenant, id.Bytes(), kind == "digest" ? null : record.Id.Bytes(), user, channel, kind, state, Time.Milliseconds, state == "pending" ? null : Time.Milliseconds));
        Time.Advance(TimeSpan.FromMilliseconds(2));
        return id;
    }

    private async Task<Guid> LetterAsync(Guid? delivery, string? channel = null, string reason = "test")
    {
        var id = Guid.CreateVersion7(Time.GetUtcNow());
        await Store.AddTenantAsync(Tenant);
        await _database.WriteAsync(session => session.ExecuteAsync(
            "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload, kind, delivery_id, channel, attempts, code, response) " +
            "VALUES ($1, $2, $3, 0, 0, $4, 'An error.', $5, $6, $7, $8, $9, 3, 500, 'No.')",
            id.Bytes(), Tenant, Guid.NewGuid().Bytes(), reason, Time.Milliseconds, "{}"u8.ToArray(), delivery is null ? "event" : "delivery", delivery?.Bytes(), channel));
        Time.Advance(TimeSpan.FromMilliseconds(2));
        return id;
    }
}
