using Microsoft.Extensions.DependencyInjection;
using Notifications.Events;
using Notifications.Operations;

namespace Notifications.Jobs;

/// <summary>The recurring jobs: here, all of them, and nowhere else. None is on the way of an event.</summary>
public sealed class JobList
{
    /// <summary>Goes on with what operators asked for; also run when somebody asks.</summary>
    public const string Operations = "operations";

    private readonly Dictionary<string, Job> _byName;

    /// <summary>The jobs of the service.</summary>
    public JobList()
        : this(
        [
            new("retention", "Deletes what is past its retention: inbox items, broadcasts, events, deliveries, dead letters and operations.",
                Schedule.Hours(1), (services, cancel) => services.GetRequiredService<Retention>().RunAsync(cancel))
            {
                Limit = TimeSpan.FromMinutes(50), // What an hour of full load leaves to be deleted takes longer than other jobs may.
            },
            new("digests", "Closes digests whose time has come, so that they are sent.",
                Schedule.Minutes(1), (services, cancel) => services.GetRequiredService<Digests>().RunAsync(cancel)),
            new("expiry", "Takes events whose time is over out of inboxes.",
                Schedule.Minutes(1), async (services, cancel) => FormattableString.Invariant($"{await services.GetRequiredService<EventWithdrawal>().ExpireAsync(cancel)} expired")),
            new("throttles", "Forgets how often users were told of a category in windows that have long ended.",
                Schedule.Hours(6), (services, cancel) => services.GetRequiredService<Retention>().ForgetThrottlesAsync(cancel)),
            new(Operations, "Goes on with operations that are open, such as the replay of dead letters.",
                Schedule.Minutes(1), (services, cancel) => services.GetRequiredService<OperationRunner>().RunOpenAsync(cancel)),
        ])
    {
    }

    /// <summary>Other jobs, for tests.</summary>
    internal JobList(IReadOnlyList<Job> all)
    {
        All = all;
        _byName = all.ToDictionary(job => job.Name, StringComparer.Ordinal);
    }

    /// <summary>All of them, in the order they are shown.</summary>
    public IReadOnlyList<Job> All { get; }

    /// <summary>The job of this name, or null.</summary>
    public Job? Find(string name) => _byName.GetValueOrDefault(name);
}
