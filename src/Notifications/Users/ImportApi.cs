using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Topics;

namespace Notifications.Users;

/// <summary>What is wrong with a line.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Field">Which field, or null where it is the line as a whole.</param>
/// <param name="Message">What is wrong.</param>
public sealed record ImportError(long Line, string? Field, string Message);

/// <summary>What an import did.</summary>
/// <param name="Imported">Lines that were taken.</param>
/// <param name="Created">Of these, users or subscriptions that were not there before.</param>
/// <param name="Updated">Of these, those that were.</param>
/// <param name="Failed">Lines that were not taken.</param>
/// <param name="Errors">Why; of the first hundred.</param>
public sealed record ImportResult(long Imported, long Created, long Updated, long Failed, IReadOnlyList<ImportError> Errors);

/// <summary>A line of an import of users.</summary>
/// <param name="Id">Who.</param>
/// <param name="Email">Address.</param>
/// <param name="Name">How they are addressed, at most 200 characters.</param>
/// <param name="Locale">A language tag such as de-AT.</param>
/// <param name="TimeZone">An IANA time zone such as Europe/Vienna.</param>
/// <param name="Preferences">What they want; absent: as it is.</param>
public sealed record ImportedUser(string Id, string? Email, string? Name, string? Locale, string? TimeZone, PreferencesBody? Preferences);

/// <summary>A line of an import of subscriptions.</summary>
/// <param name="UserId">Who.</param>
public sealed record ImportedSubscription(string UserId);

/// <summary>
/// Imports: a JSON object per line, in bodies of any length. They are read as they arrive and written in batches, so that memory is bounded by a batch;
/// a bad line costs itself alone. What was written stays when the rest is lost on its way; sending everything again is safe.
/// </summary>
public static class ImportApi
{
    private const int MaxErrors = 100;

    /// <summary>Maps <c>/v1/users/import</c> and <c>/v1/topics/KEY/subscriptions/import</c>.</summary>
    public static IEndpointRouteBuilder MapImports(this IEndpointRouteBuilder routes)
    {
        const string Answer = """{"imported":2,"created":1,"updated":1,"failed":1,"errors":[{"line":2,"field":"email","message":"must be an email address, such as ada@example.com."}]}""";
        routes.MapPost("/v1/users/import", UsersAsync).WithTags("Users").RequireAuthorization(Scopes.UsersWrite).WithName("importUsers")
            .WithSummary("Write many users, one per line").WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithDescription("Each line replaces a user's contact, as PUT /v1/users/ID does, and their preferences where it has any. A line has at most 16 KiB, the body any length.")
            .WithBody<ImportedUser>("""{"id":"ada","email":"ada@example.com","preferences":{"channels":{"email":"digest"}}}""", MediaType.JsonLines)
            .WithResponseExample(200, Answer);
        routes.MapPost("/v1/topics/{key}/subscriptions/import", SubscriptionsAsync).WithTags("Topics").RequireAuthorization(Scopes.UsersWrite)
            .WithName("importSubscriptions").WithSummary("Subscribe many users, one per line").WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithDescription("A line has at most 16 KiB, the body any length.")
            .WithBody<ImportedSubscription>("""{"userId":"ada"}""", MediaType.JsonLines).WithResponseExample(200, Answer);
        return routes;
    }

    private static async Task<Results<Ok<ImportResult>, ProblemHttpResult>> UsersAsync(HttpContext context, Store store)
    {
        var tenant = context.User.Tenant();
        return await ImportAsync(context, ReadUser, user => user.Profile.UserId, async users =>
        {
            var byId = users.ToDictionary(u => u.Profile.UserId);
            var written = await store.WriteProfilesAsync(tenant, [.. byId.Keys], before => byId[before.UserId] is var user && user.KeepsPreferences
                ? user.Profile with { Preferences = before.Preferences }
                : user.Profile);
            return written.Count(w => w!.Value.Created);
        });
    }

    private static async Task<Results<Ok<ImportResult>, ProblemHttpResult>> SubscriptionsAsync(string key, HttpContext context, Store store)
    {
        key = PathSegment.Of(context, 2);
        if (!Recipient.IsKey(key))
        {
            return Problems.Field("key", TopicsApi.KeyRule);
        }

        var tenant = context.User.Tenant();
        return await ImportAsync(context, ReadSubscription, user => user, users => store.SubscribeAsync(tenant, key, users));
    }

    private static async Task<Results<Ok<ImportResult>, ProblemHttpResult>> ImportAsync<T>(
        HttpContext context, Func<JsonElement, Faults, T> read, Func<T, string> id, Func<List<T>, Task<int>> writeAsync)
    {
        if (MediaType.Of(context.Request.ContentType) != BodyKind.JsonLines || JsonBody.IsEncoded(context.Request))
        {
            return Problems.Of(
                StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", $"Send {MediaType.JsonLines}, a JSON object per line, without Content-Encoding.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        var (imported, created, failed) = (0L, 0L, 0L);
        var errors = new List<ImportError>();
        var batch = new List<T>(Store.MaxProfilesPerWrite);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var line in Lines.ReadAsync(context.Request.BodyReader, context.RequestAborted))
        {
            var (value, error) = Read(line, read);
            if (error is not null)
            {
                failed++;
                if (errors.Count < MaxErrors)
                {
                    errors.Add(error);
                }

                continue;
            }

            if (batch.Count == Store.MaxProfilesPerWrite || !ids.Add(id(value!)))
            {
                await WriteAsync(); // One who is named twice is written twice, the second time last.
                ids.Add(id(value!));
            }

            batch.Add(value!);
        }

        await WriteAsync();
        return TypedResults.Ok(new ImportResult(imported, created, imported - created, failed, errors));

        async Task WriteAsync()
        {
            if (batch.Count > 0)
            {
                created += await writeAsync(batch);
                imported += batch.Count;
                batch.Clear();
                ids.Clear();
            }
        }
    }

    private static (T? Value, ImportError? Error) Read<T>(Line line, Func<JsonElement, Faults, T> read)
    {
        if (line.Bytes is null)
        {
            return (default, new ImportError(line.Number, null, $"longer than {Lines.MaxBytes >> 10} KiB."));
        }

        if (JsonBody.Parse(line.Bytes, out var json) is var (place, problem))
        {
            return (default, new ImportError(line.Number, place, problem));
        }

        var faults = new Faults();
        var value = read(json, faults);
        return faults.Any && faults.First is var (field, message)
            ? (default, new ImportError(line.Number, field == "body" ? null : field, message))
            : (value, null);
    }

    private static UserLine ReadUser(JsonElement json, Faults faults)
    {
        string? id = null;
        PreferenceDocument? preferences = null;
        var profile = UserContact.Read("", json, faults, property =>
        {
            switch (property.Name)
            {
                case "id": id = ReadId(property, faults); return true;
                case "preferences" when property.Value.ValueKind == JsonValueKind.Null: preferences = PreferenceDocument.Empty; return true;
                case "preferences":
                    preferences = PreferencesJson.Merge(
                        PreferenceDocument.Empty, property.Value, property.Name, faults, (unknown, path) => SettingsJson.Unknown(path, unknown, faults));
                    return true;
                default: return false;
            }
        });
        if (id is null)
        {
            faults.Add("id", "required.");
        }

        return new UserLine(profile with { UserId = id ?? "", Preferences = preferences ?? PreferenceDocument.Empty }, preferences is null);
    }

    private static string ReadSubscription(JsonElement json, Faults faults)
    {
        string? id = null;
        if (SettingsJson.IsObject(json, "body", faults))
        {
            foreach (var property in json.EnumerateObject())
            {
                if (property.NameEquals("userId"))
                {
                    id = ReadId(property, faults);
                }
                else
                {
                    SettingsJson.Unknown("", property, faults);
                }
            }

            if (id is null)
            {
                faults.Add("userId", "required.");
            }
        }

        return id ?? "";
    }

    private static string? ReadId(JsonProperty property, Faults faults)
    {
        if (property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { } id && Recipient.IsKey(id))
        {
            return id;
        }

        faults.Add(property.Name, UserPath.Rule);
        return null;
    }

    /// <summary>A user as a line has them.</summary>
    /// <param name="Profile">The profile.</param>
    /// <param name="KeepsPreferences">Whether the line says nothing of preferences.</param>
    private sealed record UserLine(Profile Profile, bool KeepsPreferences);
}
