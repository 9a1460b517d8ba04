using System.Diagnostics.Metrics;
using Notifications.Channels;

namespace Notifications.Stats;

/// <summary>How much was done, since the process started.</summary>
/// <param name="Accepted">Events that were accepted for the first time.</param>
/// <param name="Committed">Events that went from the log to the store.</param>
/// <param name="Written">Notifications that were written to inboxes.</param>
/// <param name="Pushed">Messages that were written to connections.</param>
public readonly record struct Totals(long Accepted, long Committed, long Written, long Pushed);

/// <summary>
/// What this process does, counted where it is done: one addition each. Published as instruments of the meter <c>Notifications</c>, so that
/// whatever collects metrics finds them.
/// </summary>
public static class NodeMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Notifications";

    private static readonly Meter Meter = new(Name);
    private static readonly string[] Outcomes = [.. Enum.GetNames<SendStatus>().Select(name => name.ToLowerInvariant())];
    private static readonly Counter<long> Attempts = Meter.CreateCounter<long>("notifications.deliveries.attempts", "{attempt}", "Attempts to deliver by email or webhook, by outcome.");
    private static long _accepted, _committed, _written, _pushed;
    private static Func<(int Connections, int Users)> _held = () => default;

    static NodeMeter()
    {
        Meter.CreateObservableCounter("notifications.events.accepted", () => Totals.Accepted, "{event}", "Events that were accepted for the first time.");
        Meter.CreateObservableCounter("notifications.events.committed", () => Totals.Committed, "{event}", "Events that went from the log to the store.");
        Meter.CreateObservableCounter("notifications.written", () => Totals.Written, "{notification}", "Notifications that were written to inboxes.");
        Meter.CreateObservableCounter("notifications.pushed", () => Totals.Pushed, "{message}", "Messages that were written to connections.");
        Meter.CreateObservableUpDownCounter("notifications.connections", () => Held.Connections, "{connection}", "Connections that are open.");
        Meter.CreateObservableUpDownCounter("notifications.users", () => Held.Users, "{user}", "Users who are connected.");
    }

    /// <summary>Everything so far.</summary>
    public static Totals Totals =>
        new(Volatile.Read(ref _accepted), Volatile.Read(ref _committed), Volatile.Read(ref _written), Volatile.Read(ref _pushed));

    /// <summary>The connections and users that this process holds now.</summary>
    public static (int Connections, int Users) Held => _held();

    /// <summary>Says where <see cref="Held"/> is known.</summary>
    public static void Observe(Func<(int Connections, int Users)> held) => _held = held;

    /// <summary>Events were accepted for the first time.</summary>
    public static void Accepted(int events) => Interlocked.Add(ref _accepted, events);

    /// <summary>Events went from the log to the store.</summary>
    public static void Committed(int events) => Interlocked.Add(ref _committed, events);

    /// <summary>Notifications were written to inboxes.</summary>
    public static void Written(int notifications) => Interlocked.Add(ref _written, notifications);

    /// <summary>An attempt to deliver has ended.</summary>
    public static void Delivered(string channel, SendStatus status) =>
        Attempts.Add(1, new KeyValuePair<string, object?>("channel", channel), new KeyValuePair<string, object?>("outcome", Outcomes[(int)status]));

    /// <summary>A message was written to a connection.</summary>
    public static void Pushed() => Interlocked.Increment(ref _pushed);
}
