using Hangfire;
using Notifications.Jobs;
using Notifications.Operations;
using Notifications.Storage;

namespace Notifications.Hangfire;

/// <summary>
/// What Hangfire runs, with arguments that can be read in its dashboard. That one node at a time does it is the leases' promise, which also holds while a
/// node without Hangfire runs beside this one.
/// </summary>
public sealed class HangfireJobs(JobList jobs, JobRunner runner, OperationRunner operations, Store store)
{
    /// <summary>Runs a recurring job. It is tried again twice before its next turn; after that its next turn is the retry.</summary>
    [JobDisplayName("Job {0}")]
    [AutomaticRetry(Attempts = 2, DelaysInSeconds = [15, 60], OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public async Task RunJob(string job, CancellationToken cancellationToken)
    {
        if (jobs.Find(job) is not { } known)
        {
            return; // Of another version.
        }

        switch (await runner.RunAsync(known, due: false, cancellationToken))
        {
            case JobOutcome.Stopped:
                cancellationToken.ThrowIfCancellationRequested();
                break;
            case JobOutcome.Failed:
                var error = (await store.JobsAsync(CancellationToken.None)).Find(j => j.Name == job)?.Error;
                throw new InvalidOperationException(error ?? "The job failed; the log says why.");
            case JobOutcome.Unavailable:
                throw new StoreUnavailableException("The store did not answer.");
        }
    }

    /// <summary>Works on an operation. What it leaves, the job <c>operations</c> goes on with.</summary>
    [JobDisplayName("Operation {0}")]
    [AutomaticRetry(Attempts = 5, DelaysInSeconds = [5, 15, 60, 300, 900])]
    public async Task RunOperation(string operation, CancellationToken cancellationToken)
    {
        if (Ids.TryParse(Ids.Operation, operation, out var id))
        {
            await operations.RunAsync(id, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
