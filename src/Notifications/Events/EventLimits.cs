namespace Notifications.Events;

/// <summary>
/// What an event may hold. Lengths of text are in Unicode code points, as JSON Schema counts <c>maxLength</c>, so that what the published
/// schema allows is what the service takes.
/// </summary>
public static class EventLimits
{
    /// <summary>Bytes of one event's JSON, alone or in a batch.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Levels of objects and arrays, the event itself included; <c>data</c> therefore has one less.</summary>
    public const int MaxDepth = 32;

    /// <summary>Length of <c>id</c>.</summary>
    public const int MaxId = 200;

    /// <summary>Length of <c>type</c>.</summary>
    public const int MaxType = 200;

    /// <summary>Length of a CloudEvents <c>source</c>.</summary>
    public const int MaxSource = 500;

    /// <summary>Length of <c>title</c>.</summary>
    public const int MaxTitle = 500;

    /// <summary>Length of <c>body</c>.</summary>
    public const int MaxBody = 10_000;

    /// <summary>Length of <c>url</c>, <c>imageUrl</c> and <c>actions[].url</c>.</summary>
    public const int MaxUrl = 2_048;

    /// <summary>Length of <c>category</c>.</summary>
    public const int MaxCategory = 100;

    /// <summary>Length of <c>orderingKey</c>.</summary>
    public const int MaxOrderingKey = 200;

    /// <summary>Length of <c>collapseKey</c>.</summary>
    public const int MaxCollapseKey = 200;

    /// <summary>Entries of <c>to</c>. Whoever has more names a topic.</summary>
    public const int MaxRecipients = 1_000;

    /// <summary>Entries of <c>actions</c>.</summary>
    public const int MaxActions = 5;

    /// <summary>Length of <c>actions[].id</c> and <c>actions[].label</c>.</summary>
    public const int MaxActionText = 100;

    /// <summary>Events in one batch.</summary>
    public const int MaxBatchItems = 1_000;

    /// <summary>Bytes of one batch.</summary>
    public const int MaxBatchBytes = 16 * 1024 * 1024;

    /// <summary>Fields that are reported for one event; a hopeless one does not earn a longer answer than that.</summary>
    internal const int MaxReportedFields = 50;
}
