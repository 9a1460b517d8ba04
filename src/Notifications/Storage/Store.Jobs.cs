using System.Data.Common;

namespace Notifications.Storage;

/// <summary>A job as the nodes know it.</summary>
/// <param name="Name">Which.</param>
/// <param name="NextAt">When it is due.</param>
/// <param name="Owner">Who runs it, or null.</param>
/// <param name="StartedAt">When it was last begun.</param>
/// <param name="FinishedAt">When it last ended, well or not.</param>
/// <param name="SucceededAt">When it last ended well.</param>
/// <param name="Failures">How often it failed since then.</param>
/// <param name="Result">What the last good run did.</param>
/// <param name="Error">Why the last run failed, or null where it did not.</param>
public sealed record JobEntry(
    string Name, DateTimeOffset NextAt, string? Owner, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, DateTimeOffset? SucceededAt, int Failures,
    string? Result, string? Error);

public sealed partial class Store
{
    private const int MaxJobText = 1_000;

    /// <summary>Makes jobs known; new ones are due at once.</summary>
    /// <param name="names">Which.</param>
    /// <param name="free">Whether nobody can be running one, so that leases from before are void, those of operations too.</param>
    public Task<int> AddJobsAsync(string[] names, bool free) => database.WriteAsync(async session =>
    {
        if (free)
        {
            await session.ExecuteAsync("UPDATE jobs SET lease_until = 0 WHERE lease_until > 0");
            await session.ExecuteAsync("UPDATE operations SET lease_until = 0 WHERE state = 'running' AND lease_until > 0");
        }

        return await session.ExecuteAsync(
            "INSERT INTO jobs (name, next_at) SELECT r.name, {now} FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING", new Rows().With("name", names));
    });

    /// <summary>The jobs that wait to be run: due ones, and those whose node died.</summary>
    public Task<List<string>> DueJobsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT name FROM jobs WHERE (owner = '' AND next_at <= {now}) OR (owner <> '' AND lease_until <= {now}) ORDER BY next_at", r => r.GetString(0)),
        cancellationToken);

    /// <summary>Begins a run. Its next one is then due at the next whole multiple of the period.</summary>
    /// <returns>Whether it was begun: false where somebody else runs it, or it is not due.</returns>
    public Task<bool> ClaimJobAsync(string name, string owner, TimeSpan lease, TimeSpan period, bool due) => database.WriteAsync(async session =>
    {
        if (!due)
        {
            await session.ExecuteAsync("INSERT INTO jobs (name, next_at) VALUES ($1, {now}) ON CONFLICT DO NOTHING", name);
        }

        return await session.ExecuteAsync(
            "UPDATE jobs SET owner = $2, lease_until = {now} + $3, started_at = {now}, next_at = ({now} / $4 + 1) * $4 " +
            "WHERE name = $1 AND ((owner = '' AND (next_at <= {now} OR $5 = 0)) OR (owner <> '' AND lease_until <= {now}))",
            name, owner, (long)lease.TotalMilliseconds, (long)period.TotalMilliseconds, due ? 1 : 0) == 1;
    });

    /// <summary>Goes on with a run.</summary>
    /// <returns>Whether it is still the owner's.</returns>
    public Task<bool> RenewJobAsync(string name, string owner, TimeSpan lease) => database.WriteAsync(async session => await session.ExecuteAsync(
        "UPDATE jobs SET lease_until = {now} + $3 WHERE name = $1 AND owner = $2", name, owner, (long)lease.TotalMilliseconds) == 1);

    /// <summary>Gives a run up without a result; the job is due at once.</summary>
    public Task<int> ReleaseJobAsync(string name, string owner) => database.WriteAsync(session => session.ExecuteAsync(
        "UPDATE jobs SET owner = '', lease_until = 0, next_at = {now} WHERE name = $1 AND owner = $2", name, owner));

    /// <summary>
    /// Ends a run. One that failed is due again after a pause that doubles with each failure, up to the period; one that somebody asked for meanwhile is
    /// due at once.
    /// </summary>
    /// <param name="name">Which.</param>
    /// <param name="owner">Whose; nothing happens where it is somebody else's by now.</param>
    /// <param name="result">What was done; null where it failed.</param>
    /// <param name="error">Why it failed; null where it did not.</param>
    /// <param name="pause">How long to wait after the first failure.</param>
    /// <param name="most">How long to wait at most.</param>
    public Task<int> FinishJobAsync(string name, string owner, string? result, string? error, TimeSpan pause, TimeSpan most) => database.WriteAsync(async session =>
    {
        if (error is null)
        {
            return await session.ExecuteAsync(
                "UPDATE jobs SET owner = '', lease_until = 0, finished_at = {now}, succeeded_at = {now}, failures = 0, result = $3, error = NULL " +
                "WHERE name = $1 AND owner = $2",
                name, owner, Cut(result));
        }

        var failures = await session.FirstAsync("SELECT failures FROM jobs WHERE name = $1 AND owner = $2 {lock}", r => r.GetInt32(0), name, owner);
        var wait = Math.Min(most.TotalMilliseconds, pause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)));
        return await session.ExecuteAsync(
            "UPDATE jobs SET owner = '', lease_until = 0, finished_at = {now}, failures = failures + 1, error = $3, " +
            "next_at = CASE WHEN next_at < {now} + $4 THEN next_at ELSE {now} + $4 END WHERE name = $1 AND owner = $2",
            name, owner, Cut(error), (long)wait);
    });

    /// <summary>Makes a job due now; one that runs is run once more.</summary>
    public Task<int> TriggerJobAsync(string name) => database.WriteAsync(session => session.ExecuteAsync(
        "INSERT INTO jobs (name, next_at) VALUES ($1, {now}) ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at", name));

    /// <summary>All jobs that were ever known, by name.</summary>
    public Task<List<JobEntry>> JobsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT name, next_at, CASE WHEN owner <> '' AND lease_until > {now} THEN owner ELSE NULL END, started_at, finished_at, succeeded_at, failures, " +
            "result, error FROM jobs ORDER BY name",
            r => new JobEntry(
                r.GetString(0), Moment(r.GetInt64(1)), Text(r, 2), Moment(r, 3), Moment(r, 4), Moment(r, 5), r.GetInt32(6), Text(r, 7), Text(r, 8))),
        cancellationToken);

    /// <summary>Takes or keeps what one node at a time does all the while.</summary>
    /// <returns>Whether it is the owner's for so long.</returns>
    public Task<bool> HoldAsync(string name, string owner, TimeSpan lease) => database.WriteAsync(async session =>
    {
        await session.ExecuteAsync("INSERT INTO jobs (name, next_at) VALUES ($1, {now}) ON CONFLICT DO NOTHING", name);
        return await session.ExecuteAsync(
            "UPDATE jobs SET owner = $2, lease_until = {now} + $3 WHERE name = $1 AND (owner = $2 OR owner = '' OR lease_until <= {now})",
            name, owner, (long)lease.TotalMilliseconds) == 1;
    });

    /// <summary>Gives up what was held.</summary>
    public Task<int> LetGoAsync(string name, string owner) => database.WriteAsync(session =>
        session.ExecuteAsync("UPDATE jobs SET owner = '', lease_until = 0 WHERE name = $1 AND owner = $2", name, owner));

    /// <summary>The beginning of a text, never half a character.</summary>
    private static string? Cut(string? text) => text is null || text.Length <= MaxJobText
        ? text
        : text[..(char.IsHighSurrogate(text[MaxJobText - 1]) ? MaxJobText - 1 : MaxJobText)];

    private static DateTimeOffset Moment(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static DateTimeOffset? Moment(DbDataReader r, int column) => r.IsDBNull(column) ? null : Moment(r.GetInt64(column));

}
