namespace Notifications.Benchmarks.Scale;

/// <summary>What must not grow with what is stored, registered or connected; the server engine alone.</summary>
internal static class ScaleRows
{
    /// <summary>All of them; the last ones take longest.</summary>
    public static IEnumerable<Measure> All =>
    [
        CatchUp.Measure, Storm.Measure, Memory.Measure, TwoOfEach.Measure, AllRegistered.Measure, FlatRows.Registered, FlatRows.Connections,
        LargeInboxes.Measure,
    ];
}
