using System.Text;
using Notifications.Events;

namespace Notifications.Tests.Events;

public class EventBatchTests
{
    private const string Good = """{"type":"t","to":["all"],"title":"x"}""";

    [Fact]
    public void One_bad_item_costs_only_itself()
    {
        var items = EventBatch.ParseArray(Utf8($"[{Good}, 1 ,{{\"type\":1}},\n{Good}]"), out _)!;
        Assert.Equal([true, false, false, true], items.Select(i => i.Draft is not null));
        Assert.All(items, i => Assert.Equal(i.Draft is null, i.Refusal is not null));
    }

    [Fact]
    public void An_item_has_the_size_limit_of_an_event()
    {
        var large = $"{{\"type\":\"t\",\"to\":[\"all\"],\"title\":\"x\",\"data\":\"{new string('x', EventLimits.MaxBytes)}\"}}";
        var items = EventBatch.ParseArray(Utf8($"[{Good},{large},{Good}]"), out _)!;
        Assert.Equal([null, 413, null], items.Select(i => i.Refusal?.Status));
        items = EventBatch.ParseLines(Utf8($"{Good}\n{large}\n{Good}"), out _)!;
        Assert.Equal([null, 413, null], items.Select(i => i.Refusal?.Status));
    }

    [Theory]
    [InlineData("", "malformed_json")]
    [InlineData("[", "malformed_json")]
    [InlineData("[" + Good, "malformed_json")]
    [InlineData("[" + Good + ",]", "malformed_json")]
    [InlineData("[" + Good + "]]", "malformed_json")]
    [InlineData("[" + Good + "," + Good + ",{]", "malformed_json")]
    [InlineData("[" + Good + "]" + Good, "malformed_json")]
    [InlineData("[]", "empty_batch")]
    [InlineData(Good, "invalid_batch")]
    [InlineData("null", "invalid_batch")]
    public void An_array_that_is_none_is_refused_as_a_whole(string json, string code)
    {
        Assert.Null(EventBatch.ParseArray(Utf8(json), out var refusal));
        Assert.Equal((400, code), (refusal!.Status, refusal.Code));
    }

    [Fact]
    public void A_batch_has_a_limit()
    {
        var most = Enumerable.Repeat("1", EventLimits.MaxBatchItems).ToList();
        Assert.Equal(EventLimits.MaxBatchItems, EventBatch.ParseArray(Utf8($"[{string.Join(',', most)}]"), out _)!.Length);
        Assert.Equal(EventLimits.MaxBatchItems, EventBatch.ParseLines(Utf8(string.Join('\n', most) + "\n\n"), out _)!.Length);
        most.Add("1");
        Assert.Null(EventBatch.ParseArray(Utf8($"[{string.Join(',', most)}]"), out var refusal));
        Assert.Equal("too_many_events", refusal!.Code);
        Assert.Null(EventBatch.ParseLines(Utf8(string.Join('\n', most)), out refusal));
        Assert.Equal("too_many_events", refusal!.Code);
    }

    [Fact]
    public void A_bad_line_costs_only_itself()
    {
        var bytes = Utf8($"\uFEFF{Good}\r\n\n  \t\r\n{{bad\n{Good} {Good}\n@\n{Good}");
        bytes[Array.IndexOf(bytes, (byte)'@')] = 0xFF;
        var items = EventBatch.ParseLines(bytes, out _)!;
        Assert.Equal([true, false, false, false, true], items.Select(i => i.Draft is not null));
        Assert.Equal(["malformed_json", "malformed_json", "malformed_json"], items.Where(i => i.Refusal is not null).Select(i => i.Refusal!.Code));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\r\n \n")]
    public void No_lines_are_no_batch(string text)
    {
        Assert.Null(EventBatch.ParseLines(Utf8(text), out var refusal));
        Assert.Equal("empty_batch", refusal!.Code);
    }

    [Fact]
    public void A_receipt_keeps_the_order_of_the_batch()
    {
        var items = EventBatch.ParseArray(Utf8($"[0,{Good},{Good},1,{Good}]"), out _)!;
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        AcceptResult[] accepted = [new(AcceptOutcome.Accepted, first), new(AcceptOutcome.IdConflict, default), new(AcceptOutcome.Duplicate, second)];
        var receipt = BatchReceipt.Of(items, accepted);
        Assert.Equal((2, 3), (receipt.Accepted, receipt.Rejected));
        Assert.Equal([0, 1, 2, 3, 4], receipt.Results.Select(r => r.Index));
        Assert.Equal([null, $"evt_{first:N}", null, null, $"evt_{second:N}"], receipt.Results.Select(r => r.Id));
        Assert.Equal([null, false, null, null, true], receipt.Results.Select(r => r.Duplicate));
        Assert.Equal(["invalid_event", null, "id_conflict", "invalid_event", null], receipt.Results.Select(r => r.Problem?.Code));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(null, AcceptOutcome.Accepted, AcceptOutcome.Full)]
    [InlineData(null, AcceptOutcome.Unavailable, AcceptOutcome.IdConflict)]
    [InlineData("log_full", AcceptOutcome.Full, AcceptOutcome.Full)]
    [InlineData("unavailable", AcceptOutcome.Unavailable)]
    [InlineData("unavailable", AcceptOutcome.Full, AcceptOutcome.Unavailable, AcceptOutcome.Full)]
    public void A_batch_that_the_log_turned_away_has_to_come_again(string? code, params AcceptOutcome[] outcomes) =>
        Assert.Equal(code, BatchReceipt.TurnedAway([.. outcomes.Select(o => new AcceptResult(o, default))])?.Code);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
