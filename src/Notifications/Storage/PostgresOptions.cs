namespace Notifications.Storage;

/// <summary>Settings under <c>Notifications:Postgres</c>.</summary>
public sealed class PostgresOptions
{
    /// <summary>
    /// Runs on a database that acknowledges a commit before it is on disk (<c>synchronous_commit=off</c>, <c>fsync=off</c>). Default: false.
    /// </summary>
    public bool AllowDataLoss { get; set; }
}
