using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Preferences;

/// <summary>A user's preferences, for the user (<c>/v1/me/preferences</c>) and for an operator (<c>/v1/users/ID/preferences</c>).</summary>
public static class PreferencesApi
{
    private const string Request = """{"channels":{"email":"digest"},"categories":{"offers":{"email":"off","inbox":null}},"quietHours":{"start":"22:00","end":"07:00"},"timeZone":"Europe/Vienna"}""";

    private const string Example = """
        {"channels":{"email":"digest"},"categories":{"offers":{"email":"off"}},"quietHours":{"start":"22:00","end":"07:00"},"digest":null,
        "timeZone":"Europe/Vienna","locale":null,"defaults":{"channels":{"inbox":"on","email":"digest","webhook":"on"},
        "quietHours":{"start":"22:00","end":"07:00"},"digest":{"every":"daily","at":"08:00","weekday":"monday"},"timeZone":"Europe/Vienna","locale":"en"},
        "effective":[{"category":"offers","name":"Offers","mandatory":false,"channels":{"inbox":"on","email":"off","webhook":"on"}}]}
        """;

    private static readonly string[] Channels = [ChannelNames.Inbox, ChannelNames.Email, ChannelNames.Webhook];

    /// <summary>Maps <c>/v1/me/preferences</c>.</summary>
    public static IEndpointRouteBuilder MapMyPreferences(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/me/preferences").WithTags("Preferences").RequireAuthorization(Scopes.User).WithSmallBody();
        Describe(group.MapGet("", (HttpContext context, Store store, CancellationToken cancellationToken) => GetAsync(Me(context), store, cancellationToken)))
            .WithName("getMyPreferences").WithSummary("What the user wants, and what follows from it");
        DescribeChange(group.MapPatch("", (HttpContext context, Store store) => PatchAsync(Me(context), context, store)))
            .WithName("changeMyPreferences").WithSummary("Change what the user wants");
        return routes;
    }

    /// <summary>Maps <c>/v1/users/ID/preferences</c>.</summary>
    public static IEndpointRouteBuilder MapUserPreferences(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/users/{id}/preferences").WithTags("Preferences").WithSmallBody();
        Describe(group.MapGet("", GetOfAsync)).RequireAuthorization(Scopes.View)
            .WithName("getPreferences").WithSummary("What a user wants, and what follows from it");
        DescribeChange(group.MapPatch("", PatchOfAsync)).RequireAuthorization(Scopes.UsersWrite)
            .WithName("changePreferences").WithSummary("Change what a user wants; the user exists from then on");
        return routes;
    }

    private static async Task<Results<Utf8ContentHttpResult, ProblemHttpResult>> GetOfAsync(string id, HttpContext context, Store store, CancellationToken cancellationToken) =>
        UserPath.Check(context, ref id) is { } wrong ? wrong : await GetAsync(new UserKey(context.User.Tenant(), id), store, cancellationToken);

    private static async Task<Results<Utf8ContentHttpResult, ProblemHttpResult>> PatchOfAsync(string id, HttpContext context, Store store) =>
        UserPath.Check(context, ref id) is { } wrong ? wrong : await PatchAsync(new UserKey(context.User.Tenant(), id), context, store);

    private static UserKey Me(HttpContext context) => new(context.User.Tenant(), context.User.UserId());

    private static async Task<Utf8ContentHttpResult> GetAsync(UserKey key, Store store, CancellationToken cancellationToken)
    {
        var (profile, policy) = await store.PreferencesAsync(key, cancellationToken);
        return Answer(profile, policy);
    }

    private static async Task<Results<Utf8ContentHttpResult, ProblemHttpResult>> PatchAsync(UserKey key, HttpContext context, Store store)
    {
        var (json, problem) = await JsonBody.ReadAsync(context);
        if (problem is not null)
        {
            return problem;
        }

        // Once without what is stored: what is wrong whatever that is makes no user exist.
        var faults = new Faults();
        Merge(new Profile { UserId = key.User }, json, faults);
        if (faults.ToProblem() is { } invalid)
        {
            return invalid;
        }

        var written = await store.WriteProfilesAsync(key.Tenant, [key.User], before => Merge(before, json, faults) is var after && faults.Any ? null : after);
        if (written[0] is not { } result)
        {
            return faults.ToProblem()!;
        }

        return Answer(result.Profile, await store.PolicyAsync(key.Tenant, CancellationToken.None));
    }

    private static Profile Merge(Profile before, JsonElement json, Faults faults)
    {
        var profile = before;
        var document = PreferencesJson.Merge(before.Preferences, json, "", faults, (property, path) =>
        {
            switch (property.Name)
            {
                case "timeZone": profile = profile with { TimeZone = SettingsJson.TimeZone(property.Value, "timeZone", faults) }; break;
                case "locale": profile = profile with { Locale = SettingsJson.Locale(property.Value, "locale", faults) }; break;
                default: SettingsJson.Unknown(path, property, faults); break;
            }
        });
        return profile with { Preferences = document };
    }

    private static Utf8ContentHttpResult Answer(Profile profile, Policy policy) =>
        TypedResults.Text(SettingsJson.Write((profile, policy), Write), "application/json");

    private static void Write(Utf8JsonWriter writer, (Profile Profile, Policy Policy) of)
    {
        var ((profile, policy), preferences) = (of, of.Profile.Preferences);
        writer.WriteStartObject();
        PreferencesJson.WriteMembers(writer, preferences);
        writer.WriteString("timeZone"u8, profile.TimeZone);
        writer.WriteString("locale"u8, profile.Locale);
        writer.WriteStartObject("defaults"u8);
        WriteEffective(writer, policy, preferences, null);
        SettingsJson.WriteQuietHours(writer, preferences.QuietHours ?? policy.QuietHours);
        SettingsJson.WriteDigest(writer, preferences.Digest ?? policy.Digest);
        writer.WriteString("timeZone"u8, PreferenceRules.Zone(policy, profile.TimeZone).Id);
        writer.WriteString("locale"u8, profile.Locale ?? policy.Locale);
        writer.WriteEndObject();
        writer.WriteStartArray("effective"u8);
        foreach (var category in policy.Categories.Keys.Union(preferences.Categories.Keys).Order(StringComparer.Ordinal))
        {
            var rules = policy.Categories.GetValueOrDefault(category);
            writer.WriteStartObject();
            writer.WriteString("category"u8, category);
            writer.WriteString("name"u8, rules?.Name ?? category);
            writer.WriteBoolean("mandatory"u8, rules?.Mandatory ?? false);
            WriteEffective(writer, policy, preferences, category);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteEffective(Utf8JsonWriter writer, Policy policy, PreferenceDocument preferences, string? category)
    {
        writer.WriteStartObject("channels"u8);
        foreach (var channel in Channels)
        {
            writer.WriteString(channel, SettingsJson.Name(PreferenceRules.Resolve(policy, preferences, category, channel, named: false).Setting));
        }

        writer.WriteEndObject();
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder endpoint) => endpoint.Produces<PreferencesAnswer>().WithResponseExample(200, Example);

    private static RouteHandlerBuilder DescribeChange(RouteHandlerBuilder endpoint) => Describe(endpoint).WithBody<PreferencesBody>(Request)
        .WithDescription(
            "A merge: null removes a setting, so that the policy's holds again; what is absent stays. quietHours and digest are replaced as wholes. What " +
            "already waits for a digest or for the end of quiet hours follows a change of these and of the time zone.");
}
