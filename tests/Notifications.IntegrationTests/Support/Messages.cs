using System.Text.Json;

namespace Notifications.IntegrationTests.Support;

/// <summary>How many items are new to the user, and how many are unread.</summary>
public sealed record Counts(long Unseen, long Unread)
{
    /// <summary>Reads them.</summary>
    public static Counts Read(JsonElement json) => new(json.GetProperty("unseen").GetInt64(), json.GetProperty("unread").GetInt64());

    /// <summary>What they should be for these items.</summary>
    public static Counts Of(IEnumerable<Item> items)
    {
        var counted = items.Where(i => !i.IsArchived && !i.IsSnoozed && !i.IsWithdrawn).ToList();
        return new Counts(counted.Count(i => !i.IsSeen), counted.Count(i => !i.IsRead));
    }
}

/// <summary>A notification as its user sees it.</summary>
public sealed record Item(
    string Id, long Seq, long Rev, string EventId, string Title, bool IsSeen, bool IsRead, bool IsArchived, bool IsSnoozed, bool IsWithdrawn, JsonElement Json)
{
    /// <summary>Reads it.</summary>
    public static Item Read(JsonElement json) => new(
        json.GetProperty("id").GetString()!, json.GetProperty("seq").GetInt64(), json.GetProperty("rev").GetInt64(),
        json.GetProperty("eventId").GetString()!, json.GetProperty("title").GetString()!,
        Has(json, "seenAt"), Has(json, "readAt"), Has(json, "archivedAt"), Has(json, "snoozedUntil"), Has(json, "withdrawnAt"), json.Clone());

    /// <inheritdoc/>
    public override string ToString() => $"{Title} (seq {Seq}, rev {Rev})";

    private static bool Has(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;
}

/// <summary>What a server sent over the hub.</summary>
public abstract record HubMessage;

/// <summary><c>notification(item, counts)</c></summary>
public sealed record Notification(Item Item, Counts Counts) : HubMessage;

/// <summary><c>updated(items, counts)</c></summary>
public sealed record Updated(IReadOnlyList<Item> Items, Counts Counts) : HubMessage
{
    /// <inheritdoc/>
    public override string ToString() => $"Updated [{string.Join(", ", Items)}] {Counts}";
}

/// <summary><c>counts(counts)</c></summary>
public sealed record CountsChanged(Counts Counts) : HubMessage;

/// <summary><c>resumed({epoch, head, recovered, counts})</c></summary>
public sealed record Resumed(long Epoch, long Head, bool Recovered, Counts Counts) : HubMessage;

/// <summary><c>reset({epoch, head, counts})</c></summary>
public sealed record Reset(long Epoch, long Head, Counts Counts) : HubMessage;

/// <summary><c>closing({code, message, reconnect})</c></summary>
public sealed record Closing(string Code, string Message, bool Reconnect) : HubMessage;

/// <summary>The close message of the SignalR protocol.</summary>
public sealed record ProtocolClose(string? Error, bool AllowReconnect) : HubMessage;
