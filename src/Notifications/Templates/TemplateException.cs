namespace Notifications.Templates;

/// <summary>A template could not be rendered with what it was given.</summary>
/// <param name="reason">Stable name: <c>template_failed</c>, <c>template_too_slow</c>, <c>template_too_large</c>, <c>template_invalid_url</c>, <c>template_no_title</c>.</param>
/// <param name="message">For people; names the field.</param>
public sealed class TemplateException(string reason, string message) : Exception(message)
{
    /// <summary>Stable name of what went wrong.</summary>
    public string Reason => reason;
}

/// <summary>What is wrong with the text of a template.</summary>
/// <param name="message">For people, with the line where that is known.</param>
internal sealed class TemplateSyntaxException(string message) : Exception(message);
