using System.Text;
using System.Text.Json;
using Notifications.Events;

namespace Notifications.Channels.Email;

/// <summary>What a mail shows of an event.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Title">One line.</param>
/// <param name="Body">Plain text, or empty.</param>
/// <param name="Url">Where it leads, or null.</param>
/// <param name="ImageUrl">A picture, or null.</param>
/// <param name="Category">What it can be turned off by, or null.</param>
/// <param name="Actions">Buttons that lead somewhere, the important one first.</param>
internal sealed record MailContent(string Type, string Title, string Body, string? Url, string? ImageUrl, string? Category, IReadOnlyList<MailAction> Actions)
{
    /// <summary>Longest title that is shown, in characters.</summary>
    private const int MaxTitle = 1_000;

    /// <summary>Reads <see cref="EventDraft.Content"/>. A link of which it is not certain that it is harmless is left out.</summary>
    /// <exception cref="JsonException">It is no such content.</exception>
    public static MailContent Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var type = Text(root, "type") ?? "";
        var title = MailAddressRules.HeaderText(Text(root, "title"), MaxTitle);
        var actions = root.TryGetProperty("actions", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select(Action).OfType<MailAction>().OrderByDescending(action => action.Primary).ToArray()
            : [];
        return new MailContent(
            type, title.Length > 0 ? title : type, (Text(root, "body") ?? "").ReplaceLineEndings("\n").Trim(), Link(root, "url", mail: true),
            Link(root, "imageUrl", mail: false), Text(root, "category"), actions);
    }

    private static MailAction? Action(JsonElement action) => Link(action, "url", mail: true) is { } url
        ? new MailAction(
            MailAddressRules.HeaderText(Text(action, "label"), 200) is { Length: > 0 } label ? label : url, url,
            action.TryGetProperty("primary", out var primary) && primary.ValueKind == JsonValueKind.True)
        : null;

    private static string? Link(JsonElement of, string name, bool mail) =>
        Text(of, name) is { Length: > 0 and <= 4_096 } link && Links.Fault(Encoding.UTF8.GetBytes(link), mail) is null ? link : null;

    private static string? Text(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>A button.</summary>
/// <param name="Label">What it says.</param>
/// <param name="Url">Where it leads.</param>
/// <param name="Primary">Whether it is the one that most people want.</param>
internal sealed record MailAction(string Label, string Url, bool Primary);
