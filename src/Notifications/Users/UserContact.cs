using System.Text.Json;
using Notifications.Hosting;
using Notifications.Preferences;

namespace Notifications.Users;

/// <summary>How a user is reached and addressed, as it is sent.</summary>
/// <param name="Email">Address.</param>
/// <param name="Name">How they are addressed, at most 200 characters.</param>
/// <param name="Locale">A language tag such as de-AT.</param>
/// <param name="TimeZone">An IANA time zone such as Europe/Vienna.</param>
public sealed record UserContact(string? Email, string? Name, string? Locale, string? TimeZone)
{
    private const int MaxName = 200;

    /// <summary>Reads a contact into a profile; what is absent or null is none.</summary>
    /// <param name="user">Whose.</param>
    /// <param name="json">The object.</param>
    /// <param name="faults">Where mistakes go.</param>
    /// <param name="other">Takes a property that is none of a contact's; false where it is not known to it either.</param>
    internal static Profile Read(string user, JsonElement json, Faults faults, Func<JsonProperty, bool>? other = null)
    {
        var profile = new Profile { UserId = user };
        if (!SettingsJson.IsObject(json, "body", faults))
        {
            return profile;
        }

        foreach (var property in json.EnumerateObject())
        {
            var (value, name) = (property.Value, property.Name);
            switch (name)
            {
                case "email": profile = profile with { Email = SettingsJson.Email(value, name, faults) }; break;
                case "name": profile = profile with { Name = SettingsJson.Text(value, name, MaxName, faults) }; break;
                case "locale": profile = profile with { Locale = SettingsJson.Locale(value, name, faults) }; break;
                case "timeZone": profile = profile with { TimeZone = SettingsJson.TimeZone(value, name, faults) }; break;
                default:
                    if (other is null || !other(property))
                    {
                        SettingsJson.Unknown("", property, faults);
                    }

                    break;
            }
        }

        return profile;
    }
}
