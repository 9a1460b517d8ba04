using Notifications.Preferences;

namespace Notifications.Channels.Email;

/// <summary>What unsubscribing means for a user's wishes.</summary>
internal static class EmailWishes
{
    /// <summary>
    /// The same wishes without email of a category, or without any where it is null. A wish for email of a single category would count more than the
    /// one for none at all, so these end with it.
    /// </summary>
    public static PreferenceDocument WithoutEmail(this PreferenceDocument wishes, string? category)
    {
        if (category is not null)
        {
            var of = wishes.Categories.GetValueOrDefault(category) ?? PreferenceDocument.Empty.Channels;
            return wishes with { Categories = new Dictionary<string, IReadOnlyDictionary<string, ChannelSetting>>(wishes.Categories) { [category] = Off(of) } };
        }

        return wishes with
        {
            Channels = Off(wishes.Channels),
            Categories = wishes.Categories
                .Select(c => KeyValuePair.Create(c.Key, (IReadOnlyDictionary<string, ChannelSetting>)c.Value.Where(s => s.Key != ChannelNames.Email).ToDictionary()))
                .Where(c => c.Value.Count > 0).ToDictionary(),
        };
    }

    private static Dictionary<string, ChannelSetting> Off(IReadOnlyDictionary<string, ChannelSetting> channels) =>
        new(channels) { [ChannelNames.Email] = ChannelSetting.Off };
}
