using Notifications.Log;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Routing;

/// <summary>What recipients see of an event with a template: rendered once per language, or per user where the template speaks of the user.</summary>
internal sealed class Contents
{
    private readonly EventRecord _record;
    private readonly RoutingContext _context;
    private readonly TenantConfig _config;
    private readonly PreparedTemplate? _template;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _byLocale = new(StringComparer.Ordinal);

    /// <exception cref="RoutingException">The template does not exist, and the event brings no title of its own.</exception>
    public Contents(EventRecord record, RoutingContext context, TenantConfig config)
    {
        (_record, _context, _config) = (record, context, config);
        if (record.Options?.Template is not { } key)
        {
            return;
        }

        _template = context.Templates.GetValueOrDefault((record.Tenant, key));
        if (_template is null && !record.HasTitle())
        {
            throw new RoutingException("template_not_found", $"There is no template '{key}', and the event has no title of its own.");
        }
    }

    /// <summary>Contents by user, or null where all see the event's own.</summary>
    /// <exception cref="RoutingException">The template failed.</exception>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? For(IReadOnlyList<string> users, bool orOwn = false)
    {
        if (_template is null)
        {
            return null;
        }

        var contents = new Dictionary<string, ReadOnlyMemory<byte>>(users.Count, StringComparer.Ordinal);
        foreach (var user in users)
        {
            contents.Add(user, Of(_context.Profile(_record, user), orOwn));
        }

        return contents;
    }

    /// <summary>What one user sees.</summary>
    /// <param name="user">What is known of the user, or null.</param>
    /// <param name="orOwn">Whether the event's own content will do where the template fails.</param>
    /// <exception cref="RoutingException">The template failed.</exception>
    public ReadOnlyMemory<byte> Of(Profile? user, bool orOwn)
    {
        try
        {
            return Of(user);
        }
        catch (RoutingException) when (orOwn)
        {
            return _record.Content;
        }
    }

    private ReadOnlyMemory<byte> Of(Profile? user)
    {
        if (_template is null)
        {
            return _record.Content;
        }

        var locale = _template.LocaleFor(user, _config.Policy.Locale);
        if (_template.UsesUser(locale))
        {
            return Render(user);
        }

        if (!_byLocale.TryGetValue(locale, out var content))
        {
            _byLocale.Add(locale, content = Render(user));
        }

        return content;
    }

    private ReadOnlyMemory<byte> Render(Profile? user)
    {
        try
        {
            return _template!.RenderInbox(_record.Content, _record.Id, user, _config.Policy.Locale);
        }
        catch (TemplateException e)
        {
            throw new RoutingException(e.Reason, e.Message);
        }
    }
}
