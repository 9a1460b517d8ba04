using System.Globalization;
using System.Text;
using HandlebarsDotNet;

namespace Notifications.Templates;

/// <summary>What a field is for, which decides how values are written into it.</summary>
internal enum FieldKind : byte
{
    /// <summary>Text that is shown as it is.</summary>
    Text,

    /// <summary>A link: a value that does not begin it is percent-encoded.</summary>
    Link,

    /// <summary>Markdown: a value never becomes markup, see <see cref="MarkdownBody"/>.</summary>
    Markdown,
}

/// <summary>A field that is ready to be rendered.</summary>
internal sealed class CompiledField
{
    private readonly HandlebarsTemplate<TextWriter, object, object> _render;

    /// <exception cref="TemplateSyntaxException">It is not valid.</exception>
    public CompiledField(string text, FieldKind kind)
    {
        var source = TemplateSource.Parse(text, raw: kind != FieldKind.Markdown);
        UsesUser = source.UsesUser;

        // An environment of its own: what the engine remembers of names goes when the template goes.
        var configuration = new HandlebarsConfiguration
        {
            TextEncoder = new FieldEncoder(kind),
            FormatProvider = CultureInfo.InvariantCulture,
            PartialTemplateResolver = NoPartials.Instance,
        };
        configuration.ObjectDescriptorProviders.Add(TemplateDescriptors.Instance);
        configuration.FormatterProviders.Add(TemplateDescriptors.Instance);
        var engine = Handlebars.Create(configuration);
        TemplateHelpers.Register(engine);
        try
        {
            using var reader = new StringReader(source.Normalized);
            _render = engine.Compile(reader);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new TemplateSyntaxException(e.Message);
        }
    }

    /// <summary>Whether the result may depend on who it is for.</summary>
    public bool UsesUser { get; }

    /// <summary>Renders the field.</summary>
    /// <exception cref="TemplateException">It cannot be.</exception>
    public string Render(TemplateMap root, TemplateBudget budget, string name)
    {
        using var writer = new BoundedWriter(budget, name);
        try
        {
            _render(writer, root, null!);
            return writer.ToString();
        }
        catch (Exception e) when (e is not (TemplateException or OutOfMemoryException))
        {
            throw e.InnerException as TemplateException ?? new TemplateException("template_failed", $"{name}: {e.Message}");
        }
    }

    private sealed class NoPartials : IPartialTemplateResolver
    {
        public static readonly NoPartials Instance = new();

        public bool TryRegisterPartial(IHandlebars env, string? partialName, string? templatePath) => false;
    }

    /// <summary>Collects what is written, up to a limit.</summary>
    private sealed class BoundedWriter(TemplateBudget budget, string field) : TextWriter(CultureInfo.InvariantCulture)
    {
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public bool IsEmpty => _text.Length == 0;

        public override void Write(char value)
        {
            Count(1);
            _text.Append(value);
        }

        public override void Write(string? value)
        {
            Count(value?.Length ?? 0);
            _text.Append(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            Count(count);
            _text.Append(buffer, index, count);
        }

        public override string ToString() => _text.ToString();

        private void Count(int length)
        {
            budget.Step();
            if (_text.Length + length > TemplateBudget.MaxLength)
            {
                throw new TemplateException("template_too_large", $"{field}: it is longer than {TemplateBudget.MaxLength} characters.");
            }
        }
    }

    /// <summary>Writes values so that they are nothing but values.</summary>
    private sealed class FieldEncoder(FieldKind kind) : ITextEncoder
    {
        public void Encode(StringBuilder? text, TextWriter target) => Encode(text?.ToString(), target);

        public void Encode<T>(T? text, TextWriter target)
            where T : IEnumerator<char>
        {
            var all = new StringBuilder();
            while (text?.MoveNext() == true)
            {
                all.Append(text.Current);
            }

            Encode(all.ToString(), target);
        }

        public void Encode(string? text, TextWriter target) => target.Write(kind switch
        {
            FieldKind.Markdown => MarkdownBody.Encode(text ?? ""),
            FieldKind.Link when target is BoundedWriter { IsEmpty: false } => Uri.EscapeDataString(text ?? ""),
            _ => text,
        });
    }
}
