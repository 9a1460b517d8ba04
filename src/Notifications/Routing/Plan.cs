using System.Text.Json;
using System.Text.Json.Serialization;
using Notifications.Log;

namespace Notifications.Routing;

/// <summary>What routing decided for one recipient and channel, and why.</summary>
/// <param name="Recipient">As in the event's <c>to</c>.</param>
/// <param name="Channel">Where it goes, such as <c>inbox</c>.</param>
/// <param name="Outcome"><c>deliver</c> or <c>skip</c>.</param>
/// <param name="Reason">Stable name of the reason; also given for what is not sent.</param>
/// <param name="Users">How many users a topic stood for when it was routed; absent for one user, for everyone, and while it is fanned out.</param>
public sealed record Decision(
    string Recipient, string Channel, string Outcome, string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Users = null)
{
    internal static byte[] Write(IReadOnlyList<Decision> decisions) =>
        JsonSerializer.SerializeToUtf8Bytes(decisions, RoutingJson.Default.IReadOnlyListDecision);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<Decision>))]
internal sealed partial class RoutingJson : JsonSerializerContext;

/// <summary>An event and what is to be done about it.</summary>
public sealed class Plan
{
    /// <summary>The event.</summary>
    public required EventRecord Event { get; init; }

    /// <summary>One entry per entry of the event's <c>to</c> and channel.</summary>
    public required IReadOnlyList<Decision> Decisions { get; init; }

    /// <summary>Users who get it in the transaction of the batch; none twice.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Users who are named, but get it another way; naming makes a user exist.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>Whether everyone gets it, when they next connect or read.</summary>
    public bool Broadcast { get; init; }

    /// <summary>Whether it is delivered in steps after the batch: too many recipients, or behind such an event of the same ordering key.</summary>
    public bool FanOut { get; init; }
}
