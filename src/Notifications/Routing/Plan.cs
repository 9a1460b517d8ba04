using System.Text.Json;
using System.Text.Json.Serialization;
using Notifications.Log;
using Notifications.Preferences;

namespace Notifications.Routing;

/// <summary>What routing decided for one recipient and channel, and why.</summary>
/// <param name="Recipient">As in the event's <c>to</c>; <c>*</c> for what concerns all of them together.</param>
/// <param name="Channel">Where it goes, such as <c>inbox</c>.</param>
/// <param name="Outcome"><c>deliver</c>, <c>hold</c> (later) or <c>skip</c>.</param>
/// <param name="Reason">Stable name of the reason; also given for what is not sent.</param>
/// <param name="Users">How many users it was so for, where the recipient is not one user; absent for everyone, and while it is fanned out.</param>
public sealed record Decision(
    string Recipient, string Channel, string Outcome, string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Users = null)
{
    internal static byte[] Write(IReadOnlyList<Decision> decisions) =>
        JsonSerializer.SerializeToUtf8Bytes(decisions, RoutingJson.Default.IReadOnlyListDecision);

    internal static IReadOnlyList<Decision> Read(ReadOnlySpan<byte> json) =>
        json.IsEmpty ? [] : JsonSerializer.Deserialize(json, RoutingJson.Default.IReadOnlyListDecision)!;

    /// <summary>What was decided in steps, together: the same decisions are counted as one.</summary>
    internal static IReadOnlyList<Decision> Merge(IReadOnlyList<Decision> before, IReadOnlyList<Decision> more)
    {
        var merged = before.ToList();
        foreach (var decision in more)
        {
            var at = merged.FindIndex(d => d with { Users = decision.Users } == decision);
            if (at < 0)
            {
                merged.Add(decision);
            }
            else
            {
                merged[at] = merged[at] with { Users = (merged[at].Users ?? 0) + (decision.Users ?? 0) };
            }
        }

        return merged;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<Decision>))]
internal sealed partial class RoutingJson : JsonSerializerContext;

/// <summary>What a delivery has to ask before it is sent.</summary>
public enum Recheck : byte
{
    /// <summary>Only whether the event is still wanted.</summary>
    None,

    /// <summary>It waited: whether it is still wanted at all, and now.</summary>
    Held,

    /// <summary>Whether the notification has been seen meanwhile; only if not, the rest.</summary>
    NotSeen,
}

/// <summary>A delivery beside the inbox that was decided on, or against.</summary>
/// <param name="Channel">See <see cref="ChannelNames"/>.</param>
/// <param name="User">Whose, or null for an address and for a tenant's webhook.</param>
/// <param name="Target">Address or id of the webhook; empty where it is skipped for want of one.</param>
/// <param name="Reason">Why.</param>
/// <param name="DueAt">When, Unix milliseconds; null where it is not sent.</param>
/// <param name="Recheck">What to ask then.</param>
public readonly record struct PlannedDelivery(string Channel, string? User, string Target, string Reason, long? DueAt, Recheck Recheck = Recheck.None);

/// <summary>An event that goes into a user's digest.</summary>
/// <param name="User">Whose.</param>
/// <param name="DueAt">When that is sent, Unix milliseconds.</param>
public readonly record struct PlannedDigest(string User, long DueAt);

/// <summary>An event and what is to be done about it.</summary>
public sealed class Plan
{
    /// <summary>The event.</summary>
    public required EventRecord Event { get; init; }

    /// <summary>One entry per entry of the event's <c>to</c>, and per channel where there is something to say.</summary>
    public required IReadOnlyList<Decision> Decisions { get; set; }

    /// <summary>Users into whose inbox it goes in the transaction of the batch; none twice.</summary>
    public IReadOnlyList<string> Users { get; set; } = [];

    /// <summary>Users who are named, but get it another way; naming makes a user exist.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>What each user sees, where that is not the event's own content; null where it is for all.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? Contents { get; init; }

    /// <summary>What goes out beside the inbox.</summary>
    public IReadOnlyList<PlannedDelivery> Deliveries { get; set; } = [];

    /// <summary>What goes into digests.</summary>
    public IReadOnlyList<PlannedDigest> Digests { get; set; } = [];

    /// <summary>Whether everyone gets it, when they next connect or read.</summary>
    public bool Broadcast { get; init; }

    /// <summary>
    /// Whether it is delivered in steps after the batch: too many recipients, or behind such an event of the same ordering key. With
    /// <see cref="Broadcast"/>: the channels beside the inbox are.
    /// </summary>
    public bool FanOut { get; init; }

    /// <summary>Until when it waits, Unix milliseconds; null where it is routed now.</summary>
    public long? ScheduledFor { get; init; }

    /// <summary>How often its users may be told of its category; counted when it is committed, under their locks.</summary>
    public Throttle? Throttle { get; init; }

    /// <summary>Whether its throttle took some of its users out.</summary>
    public bool WasThrottled { get; set; }

    /// <summary>Whether it can only be decided once its users' heads are locked.</summary>
    public bool IsLate => Throttle is not null || Event.Options?.CollapseKey is not null;

    /// <summary>About how many rows it makes.</summary>
    public int Rows => 1 + Users.Count + Deliveries.Count + Digests.Count;

    /// <summary>What a user sees.</summary>
    public ReadOnlyMemory<byte> ContentFor(string user) =>
        Contents is not null && Contents.TryGetValue(user, out var content) ? content : Event.Content;
}
