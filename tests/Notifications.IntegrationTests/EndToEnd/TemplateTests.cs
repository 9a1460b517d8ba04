using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Templates as operators manage them.</summary>
[Collection(SharedServer.Name)]
public sealed class TemplateTests(ServerFixture fixture)
{
    private const string Document = """
        {"defaultLocale":"en","locales":{
        "en":{"inbox":{"title":"Order {{data.order}} for {{user.name}}","body":"{{event.title}}","url":"https://shop.example/{{data.order}}"},
        "email":{"subject":"Order {{data.order}}","body":"Hi **{{user.name}}**\n\n[Track]({{event.url}})"}},
        "de":{"inbox":{"title":"Bestellung {{data.order}}"}}}}
        """;

    private readonly string _key = fixture.NewUser("template");

    private Api Api => fixture.Server.Api;

    private string Path => "/v1/templates/" + _key;

    [Fact]
    public async Task A_template_is_created_replaced_read_and_deleted()
    {
        (await Api.GetAsync(Path)).Expect(404);
        var created = (await PutAsync(Document)).Expect(201);
        Assert.Equal(("\"v1\"", Path), (created.Headers.ETag!.Tag, created.Headers.Location!.OriginalString));
        Assert.Equal("\"v1\"", (await PutAsync(Document)).Expect(200).Headers.ETag!.Tag); // The same again is no new version.
        var replaced = (await PutAsync("""{"locales":{"fr":{"inbox":{"title":"Bonjour"}}}}""")).Expect(200);
        Assert.Equal(2, replaced.Json.GetProperty("version").GetInt64());

        var read = (await Api.GetAsync(Path)).Expect(200);
        Assert.Equal("\"v2\"", read.Headers.ETag!.Tag);
        Assert.Equal("""{"defaultLocale":null,"locales":{"fr":{"inbox":{"title":"Bonjour","body":null,"url":null},"email":null}}}""", read.Json.GetProperty("document").GetRawText());
        Assert.Equal(1, (await Api.GetAsync(Path + "?version=1")).Expect(200).Json.GetProperty("version").GetInt64());
        (await Api.GetAsync(Path + "?version=9")).Expect(404);
        Assert.Contains(_key, (await Api.GetAsync("/v1/templates?limit=100")).Expect(200).Text);

        (await Api.SendAsync(HttpMethod.Delete, Path, null)).Expect(204);
        (await Api.SendAsync(HttpMethod.Delete, Path, null)).Expect(404);
        (await Api.GetAsync(Path)).Expect(404);
        Assert.DoesNotContain(_key, (await Api.GetAsync("/v1/templates?limit=100")).Expect(200).Text);
        var versions = (await Api.GetAsync(Path + "/versions")).Expect(200).Json.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal([(3L, true), (2L, false), (1L, false)], versions.Select(v => (v.GetProperty("version").GetInt64(), v.GetProperty("deleted").GetBoolean())));
        Assert.Equal("\"v4\"", (await PutAsync(Document)).Expect(201).Headers.ETag!.Tag);
        (await Api.GetAsync("/v1/templates/never-was/versions")).Expect(404);
    }

    [Fact]
    public async Task Conditions_are_honoured()
    {
        (await PutAsync(Document, ifMatch: "\"v1\"")).Expect(412);
        (await PutAsync(Document, ifMatch: "*")).Expect(412);
        (await PutAsync(Document, ifNoneMatch: "*")).Expect(201);
        Assert.Equal("precondition_failed", (await PutAsync(Document, ifNoneMatch: "*")).Expect(412).Code);
        const string Other = """{"locales":{"fr":{"inbox":{"title":"Bonjour"}}}}""";
        (await PutAsync(Other, ifMatch: "\"v1\"")).Expect(200);
        (await PutAsync(Document, ifMatch: "\"v1\"")).Expect(412);
        (await PutAsync(Document, ifMatch: "W/\"v2\"")).Expect(412);
        (await SendAsync(HttpMethod.Delete, null, ifMatch: "\"v1\"")).Expect(412);
        (await SendAsync(HttpMethod.Get, null, ifNoneMatch: "\"v2\"")).Expect(304);
        (await SendAsync(HttpMethod.Get, null, ifNoneMatch: "\"v1\"")).Expect(200);
        (await SendAsync(HttpMethod.Delete, null, ifMatch: "\"v2\"")).Expect(204);
        (await SendAsync(HttpMethod.Delete, null, ifMatch: "\"v2\"")).Expect(412);
    }

    [Theory]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"{{#if data.x}}"}}}}""", "locales.en.inbox.title")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"{{> partial}}"}}}}""", "locales.en.inbox.title")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"ok","url":"{{shout data.x}}"}}}}""", "locales.en.inbox.url")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"ok"},"email":{"subject":"s","body":"{{{data.html}}}"}}}}""", "locales.en.email.body")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":" "}}}}""", "locales.en.inbox.title")]
    [InlineData("""{"locales":{"en":{"email":{"subject":"s","body":"b"}}}}""", "locales.en.inbox")]
    [InlineData("""{"locales":{"en":{}}}""", "locales.en")]
    [InlineData("""{"locales":{}}""", "locales")]
    [InlineData("""{"locales":{"e n":{"inbox":{"title":"x"}}}}""", "locales")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"x"}},"de":{"inbox":{"title":"x"}}}}""", "defaultLocale")]
    [InlineData("""{"defaultLocale":"fr","locales":{"en":{"inbox":{"title":"x"}}}}""", "defaultLocale")]
    [InlineData("""{"locales":{"en":{"inbox":{"title":"x","footer":"y"}}}}""", "locales.en.inbox.footer")]
    public async Task A_document_that_is_not_valid_is_refused_with_the_field_and_changes_nothing(string document, string field)
    {
        var answer = (await PutAsync(document)).Expect(400);
        Assert.True(answer.Json.GetProperty("errors").TryGetProperty(field, out _), answer.Text);
        (await Api.GetAsync(Path)).Expect(404);
        (await Api.SendTextAsync(HttpMethod.Post, Path + "/preview", $$"""{"document":{{document}}}""")).Expect(400);
    }

    [Fact]
    public async Task A_document_that_is_too_large_is_refused()
    {
        var document = JsonSerializer.Serialize(new { locales = new { en = new { inbox = new { title = new string('x', 65_536) } } } });
        (await PutAsync(document)).Expect(413);
    }

    [Fact]
    public async Task A_preview_shows_what_recipients_would_get_in_their_language()
    {
        (await PutAsync(Document)).Expect(201);
        var english = (await Api.PostAsync(Path + "/preview", new
        {
            data = new { order = 42 },
            @event = new { title = "Shipped", url = "https://track.example/42?a=1&b=2" },
            user = new { name = "<Alice> *& Co*" },
        })).Expect(200).Json;
        Assert.Equal("en", english.GetProperty("locale").GetString());
        var inbox = english.GetProperty("inbox");
        Assert.Equal(
            ("Order 42 for <Alice> *& Co*", "Shipped", "https://shop.example/42"),
            (inbox.GetProperty("title").GetString(), inbox.GetProperty("body").GetString(), inbox.GetProperty("url").GetString()));
        var email = english.GetProperty("email");
        Assert.Equal("Order 42", email.GetProperty("subject").GetString());
        Assert.Equal(
            "<p>Hi <strong>&lt;Alice&gt; *&amp; Co*</strong></p>\n<p><a href=\"https://track.example/42?a=1&amp;b=2\">Track</a></p>",
            email.GetProperty("html").GetString()!.Trim());
        Assert.Equal("Hi **<Alice> *& Co***\n\n[Track](https://track.example/42?a=1&b=2)", email.GetProperty("text").GetString());

        // German has no email of its own.
        var german = (await Api.PostAsync(Path + "/preview", new { locale = "de-AT", data = new { order = 7 } })).Expect(200).Json;
        Assert.Equal(("de", "Bestellung 7", "Order 7"), (
            german.GetProperty("locale").GetString(), german.GetProperty("inbox").GetProperty("title").GetString(), german.GetProperty("email").GetProperty("subject").GetString()));

        var tried = (await Api.SendTextAsync(HttpMethod.Post, Path + "/preview", """{"document":{"locales":{"en":{"inbox":{"title":"{{data.missing}}"}}}}}""")).Expect(422);
        Assert.Equal("template_no_title", tried.Code);
        (await Api.PostAsync("/v1/templates/never-was/preview", new { })).Expect(404);
    }

    [Fact]
    public async Task A_key_is_what_was_written_in_the_path_and_a_template_is_its_tenants()
    {
        var path = $"/v1/templates/{_key}%2Fa%20";
        (await Api.SendTextAsync(HttpMethod.Put, path, Document)).Expect(400); // White space.
        path = $"/v1/templates/{_key}%2Fa";
        Assert.Equal(_key + "/a", (await Api.SendTextAsync(HttpMethod.Put, path, Document)).Expect(201).Json.GetProperty("key").GetString());
        (await Api.GetAsync(path)).Expect(200);
        (await Api.GetAsync(Path)).Expect(404);

        var key = (await Api.PostAsync("/v1/keys", new { name = "t", scopes = new[] { "operate", "view" }, tenant = "template-stranger" })).Expect(201).Json.GetProperty("key").GetString();
        using var stranger = Api.As(key);
        (await stranger.GetAsync(path)).Expect(404);
        (await stranger.SendAsync(HttpMethod.Delete, path, null)).Expect(404);
        using var viewer = Api.As((await Api.PostAsync("/v1/keys", new { name = "t", scopes = new[] { "view" } })).Expect(201).Json.GetProperty("key").GetString());
        (await viewer.GetAsync(path)).Expect(200);
        (await viewer.SendTextAsync(HttpMethod.Put, path, Document)).Expect(403);
    }

    private Task<Answer> PutAsync(string document, string? ifMatch = null, string? ifNoneMatch = null) => SendAsync(HttpMethod.Put, document, ifMatch, ifNoneMatch);

    private Task<Answer> SendAsync(HttpMethod method, string? body, string? ifMatch = null, string? ifNoneMatch = null)
    {
        var request = new HttpRequestMessage(method, Path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (ifNoneMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        }

        return Api.SendAsync(request);
    }
}
