using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Templates;

/// <summary><c>/v1/templates</c>: what events look like, by language and channel.</summary>
internal static class TemplatesApi
{
    private const string Document = """
        {"defaultLocale":"en","locales":{"en":{"inbox":{"title":"Order {{data.order}} is on its way"},
        "email":{"subject":"Your order {{data.order}}","body":"Hi {{default user.name \"there\"}},\n\nyour order is on its way. [Track it]({{event.url}})"}},
        "de":{"inbox":{"title":"Bestellung {{data.order}} ist unterwegs"}}}}
        """;

    private const string Example = $$"""{"key":"order-shipped","version":1,"updatedAt":"2026-01-15T09:30:00.000Z","document":{{Document}}}""";

    public static void MapTemplates(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v1/templates").WithTags("Templates").WithSmallBody();
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.View).WithName("listTemplates").WithSummary("List templates, without their documents")
            .WithResponseExample(200, """{"data":[{"key":"order-shipped","version":1,"updatedAt":"2026-01-15T09:30:00.000Z"}],"nextCursor":null}""");
        group.MapPut("/{key}", PutAsync).RequireAuthorization(Scopes.Operate).WithName("putTemplate").WithSummary("Create or replace a template")
            .WithDescription("Honours `If-Match: \"v1\"` and `If-None-Match: *`. A document that is already there makes no new version.")
            .WithRequestExample(Document).WithResponseExample(201, Example).WithResponseExample(200, Example)
            .WithProblem(412, "precondition_failed", "The template is not what If-Match or If-None-Match says.");
        group.MapGet("/{key}", GetAsync).RequireAuthorization(Scopes.View).WithName("getTemplate").WithSummary("Read a template, or one of its versions")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapDelete("/{key}", DeleteAsync).RequireAuthorization(Scopes.Operate).WithName("deleteTemplate").WithSummary("Delete a template; its versions stay readable")
            .WithProblem(404).WithProblem(412, "precondition_failed", "The template is not what If-Match says.");
        group.MapGet("/{key}/versions", VersionsAsync).RequireAuthorization(Scopes.View).WithName("listTemplateVersions").WithSummary("A template's versions, newest first")
            .WithResponseExample(200, """{"data":[{"version":1,"deleted":false,"updatedAt":"2026-01-15T09:30:00.000Z"}],"nextCursor":null}""").WithProblem(404);
        group.MapPost("/{key}/preview", PreviewAsync).RequireAuthorization(Scopes.View).WithName("previewTemplate").WithSummary("Render a template without sending anything")
            .WithDescription("With `document` that document is rendered instead of the one that is saved; nothing is saved.")
            .WithRequestExample("""{"locale":"de","data":{"order":42},"user":{"name":"Alice"}}""")
            .WithResponseExample(200, """{"locale":"de","inbox":{"title":"Bestellung 42 ist unterwegs","body":null,"url":null},"email":{"subject":"Your order 42","text":"Hi Alice","html":"<p>Hi Alice</p>"}}""")
            .WithProblem(404).WithProblem(422, "template_failed", "The template cannot be rendered with this.");
    }

    private static async Task<Results<Ok<Page<TemplateSummary>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var templates = await store.TemplatesAsync(context.User.Tenant(), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(templates, count, t => new TemplateSummary(t.Key, t.Version, Time(t.CreatedAt)), t => t.Key));
    }

    private static async Task<Results<Ok<TemplateView>, Created<TemplateView>, ProblemHttpResult>> PutAsync(
        string key, TemplateDocument document, HttpContext context, Store store, CancellationToken cancellationToken)
    {
        if ((TemplateTags.Condition(context.Request, out var expected) ?? CheckKey(context, ref key) ?? Check(document, "")) is { } problem)
        {
            return problem;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await store.WriteTemplateAsync(context.User.Tenant(), key, TemplateJson.Write(document), expected) is not { } write)
        {
            return Problems.Of(422, "too_many", $"A tenant can have {Store.MaxTemplates} templates.");
        }

        if (!write.Written)
        {
            return Conflict(write.Version);
        }

        context.Response.Headers.ETag = TemplateTags.Of(write.Version);
        var view = new TemplateView(key, write.Version, Time(write.CreatedAt), document);
        return write.Created ? TypedResults.Created($"/v1/templates/{Uri.EscapeDataString(key)}", view) : TypedResults.Ok(view);
    }

    private static async Task<Results<Ok<TemplateView>, StatusCodeHttpResult, ProblemHttpResult>> GetAsync(
        string key, HttpContext context, Store store, long? version = null, CancellationToken cancellationToken = default)
    {
        if (CheckKey(context, ref key) is { } problem)
        {
            return problem;
        }

        if (await store.TemplateAsync(context.User.Tenant(), key, version, cancellationToken) is not { Document: { } document } template)
        {
            return Missing();
        }

        context.Response.Headers.ETag = TemplateTags.Of(template.Version);
        return TemplateTags.IsKnown(context.Request, template.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(new TemplateView(key, template.Version, Time(template.CreatedAt), TemplateJson.Read(document)));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string key, HttpContext context, Store store)
    {
        if ((TemplateTags.Condition(context.Request, out var expected) ?? CheckKey(context, ref key)) is { } problem)
        {
            return problem;
        }

        var write = await store.WriteTemplateAsync(context.User.Tenant(), key, null, expected);
        return write is { Written: true } ? TypedResults.NoContent()
            : write is { Version: > 0 } there ? Conflict(there.Version)
            : expected is > 0 or Store.AnyTemplate ? Conflict(0)
            : Missing();
    }

    private static async Task<Results<Ok<Page<TemplateVersion>>, ProblemHttpResult>> VersionsAsync(
        string key, HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (CheckKey(context, ref key) is { } wrong)
        {
            return wrong;
        }

        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var before = long.MaxValue;
        if (place.Length > 0 && !long.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Paging.BadCursor();
        }

        var versions = await store.TemplateVersionsAsync(context.User.Tenant(), key, before, count + 1, cancellationToken);
        return versions.Count == 0 && place.Length == 0
            ? Missing()
            : TypedResults.Ok(Paging.Page(
                versions, count, t => new TemplateVersion(t.Version, t.Document is null, Time(t.CreatedAt)), t => t.Version.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<Results<Ok<TemplatePreview>, ProblemHttpResult>> PreviewAsync(
        string key, PreviewRequest request, HttpContext context, Store store, TimeProvider time, CancellationToken cancellationToken)
    {
        if ((CheckKey(context, ref key) ?? Check(request)) is { } problem)
        {
            return problem;
        }

        var document = request.Document;
        if (document is null && await store.TemplateAsync(context.User.Tenant(), key, null, cancellationToken) is { Document: { } saved })
        {
            document = TemplateJson.Read(saved);
        }

        if (document is null)
        {
            return Missing();
        }

        var template = new PreparedTemplate(key, 0, document, time);
        var budget = new TemplateBudget(time);
        var locale = template.Nearest(request.Locale ?? request.User?.Locale);
        var user = new Profile { UserId = request.User?.Id ?? "", Name = request.User?.Name, Email = request.User?.Email, Locale = request.User?.Locale ?? request.Locale };
        using var content = Content(request);
        try
        {
            var input = TemplateInput.Of(content.RootElement, Ids.New(time), null, user, budget);
            var inbox = template.Inbox(input, budget, locale);
            return TypedResults.Ok(new TemplatePreview(
                locale,
                new PreviewInbox(inbox.Title, inbox.Body.IsSet ? inbox.Body.Value : request.Event?.Body, inbox.Url.IsSet ? inbox.Url.Value : request.Event?.Url),
                template.Email(input, budget, locale)));
        }
        catch (TemplateException e)
        {
            return Problems.Of(422, e.Reason, e.Message);
        }
    }

    private static JsonDocument Content(PreviewRequest request) => JsonDocument.Parse(new JsonObject
    {
        ["type"] = request.Event?.Type,
        ["title"] = request.Event?.Title,
        ["body"] = request.Event?.Body,
        ["url"] = request.Event?.Url,
        ["data"] = request.Data is { } data ? JsonNode.Parse(data.GetRawText()) : null,
        ["category"] = request.Event?.Category,
        ["priority"] = request.Event?.Priority ?? "normal",
    }.ToJsonString());

    private static ProblemHttpResult? Check(PreviewRequest request) =>
        request.Locale is { } locale && !TemplateDocument.IsLocale(locale) ? Problems.Field("locale", "is no language tag such as en or de-AT")
        : request.Document is { } document ? Check(document, "document.")
        : null;

    private static ProblemHttpResult? Check(TemplateDocument document, string prefix)
    {
        var errors = document.Validate().ToDictionary(e => prefix + e.Key, e => e.Value);
        return errors.Count == 0
            ? null
            : Problems.Of(400, "invalid_request", $"{errors.First().Key}: {errors.First().Value[0]}", errors);
    }

    /// <summary>The key of <c>/v1/templates/KEY/…</c>, exactly as it was written.</summary>
    private static ProblemHttpResult? CheckKey(HttpContext context, ref string key)
    {
        key = PathSegment.Of(context, 2);
        return Recipient.IsKey(key) ? null : Problems.Field("key", "is 1 to 128 characters without white space, control characters and commas, and not . or ..");
    }

    private static ProblemHttpResult Conflict(long version) => Problems.Of(
        412, "precondition_failed", version == 0 ? "There is no such template." : $"The template is at {TemplateTags.Of(version)}; read it and try again.");

    private static ProblemHttpResult Missing() => Problems.NotFound("There is no such template.");

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
