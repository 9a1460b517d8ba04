using Microsoft.Extensions.DependencyInjection;
using Notifications.DeadLetters;
using Notifications.Events;

namespace Notifications.Operations;

/// <summary>
/// Does one step of an operation: at most <see cref="Operation.StepRows"/> rows, written in one transaction together with the progress
/// (<c>Store.AdvanceAsync</c>). A step that broke off before that is done again from its beginning, so what it does outside the transaction must bear a
/// repetition.
/// </summary>
/// <param name="services">The service.</param>
/// <param name="operation">Where it is.</param>
/// <param name="cancellationToken">The process ends, or the operation was cancelled.</param>
public delegate Task<OperationStep> OperationStepFunction(IServiceProvider services, Operation operation, CancellationToken cancellationToken);

/// <summary>The kinds of operations: here, all of them.</summary>
public static class OperationKinds
{
    /// <summary>Tries again what was given up.</summary>
    public const string Replay = "dead_letters.replay";

    /// <summary>Deletes what was given up.</summary>
    public const string Discard = "dead_letters.discard";

    /// <summary>Withdraws the notifications of an event.</summary>
    public const string Withdraw = "events.withdraw";

    /// <summary>How a step of each kind is done.</summary>
    internal static readonly IReadOnlyDictionary<string, OperationStepFunction> Steps = new Dictionary<string, OperationStepFunction>
    {
        [Replay] = (services, operation, _) => services.GetRequiredService<DeadLetterReplay>().ReplayAsync(operation),
        [Discard] = (services, operation, _) => services.GetRequiredService<DeadLetterReplay>().DiscardAsync(operation),
        [Withdraw] = (services, operation, _) => services.GetRequiredService<EventWithdrawal>().StepAsync(operation),
    };
}
