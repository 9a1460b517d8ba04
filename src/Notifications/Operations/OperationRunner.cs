using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Operations;

/// <summary>What came of working on an operation.</summary>
public enum OperationOutcome : byte
{
    /// <summary>It has ended.</summary>
    Ended,

    /// <summary>Somebody else works on it, or it ended before.</summary>
    NotClaimed,

    /// <summary>It goes on later: the process ends, the time is up, or something it needs is away.</summary>
    PutOff,
}

/// <summary>
/// Works on operations, step by step, each under a lease in the store, so that a node that dies loses no more than a step that was not committed.
/// </summary>
public sealed partial class OperationRunner(Store store, Node node, IServiceProvider services, TimeProvider time, ILogger<OperationRunner> logger)
{
    /// <summary>For how long an operation is somebody's after a step: so late does another node go on after one died.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>How long one call works before it leaves the rest to the next.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(5);

    private long _claims;

    /// <summary>Works on all open operations, the oldest first.</summary>
    /// <returns>What was done, for people.</returns>
    public async Task<string> RunOpenAsync(CancellationToken cancellationToken)
    {
        var (ended, putOff) = (0, new HashSet<Guid>());
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < Turn)
        {
            var open = await store.OpenOperationsAsync(cancellationToken);
            if (open.FindAll(id => !putOff.Contains(id)) is not [var next, ..])
            {
                break;
            }

            if (await RunAsync(next, started, cancellationToken) == OperationOutcome.Ended)
            {
                ended++;
            }

            putOff.Add(next); // Or it ended, and is not open any more.
            cancellationToken.ThrowIfCancellationRequested();
        }

        return FormattableString.Invariant($"{ended} ended, {putOff.Count - ended} put off");
    }

    /// <summary>Works on one operation.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public Task<OperationOutcome> RunAsync(Guid id, CancellationToken cancellationToken) => RunAsync(id, time.GetTimestamp(), cancellationToken);

    private async Task<OperationOutcome> RunAsync(Guid id, long started, CancellationToken cancellationToken)
    {
        var owner = FormattableString.Invariant($"{node.Id}/{Interlocked.Increment(ref _claims)}");
        if (await store.ClaimOperationAsync(id, owner, Lease) is not { } operation)
        {
            return OperationOutcome.NotClaimed;
        }

        try
        {
            if (!OperationKinds.Steps.TryGetValue(operation.Kind, out var step))
            {
                // Of a newer version; one of its nodes knows it.
                await store.PutOffOperationAsync(operation, $"This node does not know operations of the kind {operation.Kind}.");
                return OperationOutcome.PutOff;
            }

            while (time.GetElapsedTime(started) < Turn && !cancellationToken.IsCancellationRequested)
            {
                (operation, var last) = await step(services, operation, cancellationToken);
                if (last)
                {
                    LogEnded(logger, operation.Kind, Ids.Format(Ids.Operation, id), operation.Done);
                    return OperationOutcome.Ended;
                }
            }

            await store.PutOffOperationAsync(operation, error: null);
            return OperationOutcome.PutOff;
        }
        catch (OperationLostException)
        {
            return OperationOutcome.NotClaimed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await store.PutOffOperationAsync(operation, error: null);
            return OperationOutcome.PutOff;
        }
        catch (Exception e) when (e is LogUnavailableException or OperationPutOffException)
        {
            LogPutOff(logger, operation.Kind, Ids.Format(Ids.Operation, id), e.Message);
            await store.PutOffOperationAsync(operation, e.Message);
            return OperationOutcome.PutOff;
        }
        catch (Exception e) when (e is not StoreUnavailableException)
        {
            LogFailed(logger, operation.Kind, Ids.Format(Ids.Operation, id), e);
            await store.FailOperationAsync(operation, e.Message);
            return OperationOutcome.Ended;
        }
    }

    [LoggerMessage(5101, LogLevel.Information, "{Kind} {Operation} has ended; it went through {Done}")]
    private static partial void LogEnded(ILogger logger, string kind, string operation, long done);

    [LoggerMessage(5102, LogLevel.Warning, "{Kind} {Operation} goes on later: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string kind, string operation, string reason);

    [LoggerMessage(5103, LogLevel.Error, "{Kind} {Operation} failed")]
    private static partial void LogFailed(ILogger logger, string kind, string operation, Exception exception);
}

/// <summary>A step cannot be done now, but later: why, for people.</summary>
public sealed class OperationPutOffException(string message) : Exception(message);
