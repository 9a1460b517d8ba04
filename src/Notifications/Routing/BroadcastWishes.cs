using Notifications.Log;
using Notifications.Preferences;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Routing;

/// <summary>What users want of events to everyone when they take them into their logs.</summary>
/// <param name="config">The tenant.</param>
/// <param name="profiles">Those of the users who have one.</param>
/// <param name="templates">Templates that the events name.</param>
internal sealed class BroadcastWishes(
    TenantConfig config, IReadOnlyDictionary<string, Profile> profiles, IReadOnlyDictionary<string, PreparedTemplate?> templates)
{
    private readonly Dictionary<Guid, Contents> _contents = [];

    /// <summary>Whether a user wants an event in the inbox.</summary>
    public bool IsWanted(EventRecord record, string user) =>
        config.IsPlain
        || PreferenceRules.Resolve(
            config.Policy, profiles.GetValueOrDefault(user)?.Preferences ?? PreferenceDocument.Empty, record.Category, ChannelNames.Inbox, named: false)
            .Setting != ChannelSetting.Off;

    /// <summary>What a user sees where that is not the event's own content. An event whose template fails shows its type: it is not lost.</summary>
    public ReadOnlyMemory<byte>? OwnContent(EventRecord record, string user)
    {
        if (record.Options?.Template is not { } key)
        {
            return null;
        }

        if (!_contents.TryGetValue(record.Id, out var contents))
        {
            var context = RoutingContext.Empty with
            {
                Templates = new Dictionary<(string, string), PreparedTemplate?> { [(record.Tenant, key)] = templates.GetValueOrDefault(key) },
            };
            _contents.Add(record.Id, contents = new Contents(record.WithTitle(), context, config));
        }

        return contents.Of(profiles.GetValueOrDefault(user), orOwn: true);
    }

    /// <summary>An event to those who want it.</summary>
    public Plan Plan(EventRecord record, IEnumerable<string> users)
    {
        var wanted = users.Where(user => IsWanted(record, user)).ToArray();
        return new Plan
        {
            Event = record,
            Decisions = [],
            Users = wanted,
            Contents = record.Options?.Template is null ? null : wanted.ToDictionary(user => user, user => OwnContent(record, user)!.Value),
        };
    }
}
