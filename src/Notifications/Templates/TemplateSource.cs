using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace Notifications.Templates;

/// <summary>
/// The text of a field, read by rules of our own before the template engine sees it: <c>{{path}}</c>, <c>{{helper …}}</c>, the blocks
/// <c>if</c>, <c>unless</c>, <c>each</c> and <c>with</c>, comments. What comes out is written anew from what was understood, so that the engine is
/// given nothing that was not checked: no partials, decorators, layouts or raw blocks, and no nesting that would exhaust the stack.
/// </summary>
internal sealed partial class TemplateSource
{
    /// <summary>Blocks within blocks.</summary>
    public const int MaxDepth = 16;

    /// <summary>Expressions of one field.</summary>
    public const int MaxExpressions = 1_000;

    private const int MaxArguments = 8;
    private const int MaxSubExpressions = 4;
    private const int MaxExpressionLength = 1_000;
    private const string BlockNames = "if, unless, each and with";

    private readonly string _text;
    private readonly bool _raw;
    private readonly StringBuilder _output = new();
    private readonly Stack<Block> _blocks = [];
    private int _expressions;

    private TemplateSource(string text, bool raw)
    {
        _text = text;
        _raw = raw;
    }

    /// <summary>For the template engine.</summary>
    public string Normalized => _output.ToString();

    /// <summary>Whether the result may depend on who it is for.</summary>
    public bool UsesUser { get; private set; }

    /// <summary>How many of the blocks around here have changed what names are looked up in.</summary>
    private int Scopes => _blocks.Count(block => block is { Name: "each" or "with", HasElse: false });

    /// <summary>Reads a field.</summary>
    /// <param name="text">The field.</param>
    /// <param name="raw">Whether <c>{{{…}}}</c> is allowed.</param>
    /// <exception cref="TemplateSyntaxException">It is not valid.</exception>
    public static TemplateSource Parse(string text, bool raw)
    {
        var source = new TemplateSource(text, raw);
        source.Read();
        return source;
    }

    private void Read()
    {
        var at = 0;
        while (_text.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var start)
        {
            _output.Append(_text, at, start - at);
            Refuse(start > 0 && _text[start - 1] == '\\', start, "a backslash before {{ is not supported");
            Refuse(++_expressions > MaxExpressions, start, $"there are more than {MaxExpressions} expressions");
            at = Is(start, "{{!") ? Comment(start) : Expression(start);
        }

        _output.Append(_text, at, _text.Length - at);
        if (_blocks.TryPeek(out var open))
        {
            throw Fault(open.At, $"{{{{#{open.Name}}}}} is not closed");
        }
    }

    private bool Is(int at, string text) => string.CompareOrdinal(_text, at, text, 0, text.Length) == 0;

    /// <summary>A comment goes, and with it its line where there is nothing else in it.</summary>
    private int Comment(int start)
    {
        var end = Is(start, "{{!--") ? "--}}" : "}}";
        var close = _text.IndexOf(end, start + 3, StringComparison.Ordinal);
        Refuse(close < 0, start, "the comment does not end");
        var after = close + end.Length;
        var lineStart = _text.LastIndexOf('\n', Math.Max(0, start - 1)) + 1;
        var next = after < _text.Length && _text[after] == '\r' ? after + 1 : after;
        return string.IsNullOrWhiteSpace(_text[lineStart..start]) && next < _text.Length && _text[next] == '\n' ? next + 1 : after;
    }

    private int Expression(int start)
    {
        var raw = Is(start, "{{{");
        Refuse(Is(start, "{{{{"), start, "raw blocks are not supported");
        var end = raw ? "}}}" : "}}";
        var inner = start + end.Length;
        var close = _text.IndexOf(end, inner, StringComparison.Ordinal);
        Refuse(close < 0, start, "the expression does not end");
        var after = close + end.Length;
        Refuse(after < _text.Length && _text[after] == '}', start, "there is a } too many; put a space before it if it belongs to the text");
        Refuse(raw && !_raw, start, "unescaped values are not allowed here; write {{…}}");
        var body = _text[inner..close];
        Refuse(body.Length > MaxExpressionLength, start, $"the expression is longer than {MaxExpressionLength} characters");
        var before = body.StartsWith('~');
        var trimAfter = body.EndsWith('~') && body.Length > 1;
        body = body[(before ? 1 : 0)..^(trimAfter ? 1 : 0)].Trim();
        Refuse(raw && (before || trimAfter), start, "~ does not go with {{{…}}}");
        _output.Append(raw ? "{{{" : "{{").Append(before ? "~" : "");
        Body(body, start, raw);
        _output.Append(trimAfter ? "~" : "").Append(end);
        return after;
    }

    private void Body(string body, int start, bool raw)
    {
        Refuse(body.Length == 0, start, "the expression is empty");
        switch (body[0])
        {
            case '#' or '/' or '^' when raw:
                throw Fault(start, "blocks have two braces");
            case '#':
                Open(body[1..].TrimStart(), start);
                break;
            case '/':
                var name = body[1..].Trim();
                Refuse(!_blocks.TryPop(out var block) || block.Name != name, start, $"{{{{/{Shown(name)}}}}} closes nothing that is open here");
                _output.Append('/').Append(name);
                break;
            case '^' when body.Length == 1:
                Else("", start);
                break;
            case '^' or '>' or '*' or '&' or '<':
                throw Fault(start, $"{{{{{body[0]} is not supported; there are values, helpers, and the blocks {BlockNames}");
            default:
                if (ElseWord().Match(body) is { Success: true } match)
                {
                    Else(match.Groups[1].Value.Trim(), start);
                    break;
                }

                Value(body, start);
                break;
        }
    }

    private void Open(string body, int start)
    {
        var tokens = new Tokens(this, body, start);
        var name = tokens.Next();
        Refuse(name is not ("if" or "unless" or "each" or "with"), start, $"there is no block {Shown(name ?? "")}; there are {BlockNames}");
        Refuse(_blocks.Count == MaxDepth, start, $"blocks are nested deeper than {MaxDepth} levels");
        _output.Append('#').Append(name).Append(' ');
        Argument(tokens, start, 0);
        if (tokens.Peek() == "as")
        {
            tokens.Next();
            Refuse(name is not ("each" or "with"), start, "as |…| goes with each and with");
            var names = tokens.BlockParameters();
            _output.Append(" as |").Append(names).Append('|');
        }

        Refuse(tokens.Peek() is not null, start, $"{{{{#{name}}}}} takes one value");
        _blocks.Push(new Block(name!, start));
    }

    private void Else(string condition, int start)
    {
        Refuse(!_blocks.TryPop(out var block), start, "{{else}} is in no block");
        Refuse(block.HasElse, start, "there is a second {{else}}");
        _output.Append("else");
        if (condition.Length > 0)
        {
            var tokens = new Tokens(this, condition, start);
            Refuse(tokens.Next() != "if" || block.Name is not ("if" or "unless"), start, "only {{else if …}} is supported, in if and unless");
            Refuse(block.Elses == MaxDepth, start, $"there are more than {MaxDepth} {{{{else if}}}} in a row");
            _output.Append(" if ");
            Argument(tokens, start, 0);
            Refuse(tokens.Peek() is not null, start, "{{else if}} takes one value");
            _blocks.Push(block with { Elses = block.Elses + 1 });
            return;
        }

        _blocks.Push(block with { HasElse = true });
    }

    private void Value(string body, int start)
    {
        var tokens = new Tokens(this, body, start);
        var first = tokens.Next()!;
        if (tokens.Peek() is null)
        {
            Refuse(TemplateHelpers.Names.ContainsKey(first) || TemplateHelpers.Reserved.Contains(first), start,
                $"{Shown(first)} is the name of a helper; a value of that name is this.{Shown(first)}");
            Operand(first, start);
            return;
        }

        Call(first, tokens, start, 0);
        Refuse(tokens.Peek() is not null, start, "there is a ) too many");
    }

    private void Call(string name, Tokens tokens, int start, int depth)
    {
        Refuse(!TemplateHelpers.Names.TryGetValue(name, out var helper), start,
            $"there is no helper {Shown(name)}; there are {string.Join(", ", TemplateHelpers.Names.Keys)}");
        _output.Append(helper.Name);
        var count = 0;
        for (; tokens.Peek() is { } next && next != ")"; count++)
        {
            Refuse(count == MaxArguments, start, $"{name} has more than {MaxArguments} arguments");
            _output.Append(' ');
            Argument(tokens, start, depth);
        }

        Refuse(count < helper.Min || count > helper.Max, start, $"{name} takes {helper.Arity} values");
    }

    private void Argument(Tokens tokens, int start, int depth)
    {
        var token = tokens.Next();
        Refuse(token is null or ")", start, "a value is missing");
        if (token != "(")
        {
            Operand(token, start);
            return;
        }

        Refuse(depth == MaxSubExpressions, start, $"( ) are nested deeper than {MaxSubExpressions} levels");
        _output.Append('(');
        var name = tokens.Next();
        Refuse(name is null or "(" or ")", start, "( ) call a helper");
        Call(name, tokens, start, depth + 1);
        Refuse(tokens.Next() != ")", start, "a ) is missing");
        _output.Append(')');
    }

    /// <summary>A text, a number, or the path of a value.</summary>
    private void Operand(string token, int start)
    {
        if (!Literal().IsMatch(token))
        {
            Refuse(!Path().IsMatch(token) || token.Length > 256, start, $"{Shown(token)} is not a value");
            var segments = token.Split('.', '/');
            UsesUser |= token == "@root" || segments.Any(s => s.Trim('[', ']').Equals("user", StringComparison.OrdinalIgnoreCase))
                || WholeParent().IsMatch(token) || (Scopes == 0 && token is "." or "this" or "./this" or "this.this");
        }
        else
        {
            // As the key of a lookup.
            UsesUser |= token.Contains("user", StringComparison.OrdinalIgnoreCase);
        }

        _output.Append(token);
    }

    private void Refuse([DoesNotReturnIf(true)] bool wrong, int at, string message)
    {
        if (wrong)
        {
            throw Fault(at, message);
        }
    }

    private TemplateSyntaxException Fault(int at, string message) => new($"line {_text.AsSpan(0, at).Count('\n') + 1}: {message}");

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;

    [GeneratedRegex(@"^else(\s.*)?$", RegexOptions.Singleline)]
    private static partial Regex ElseWord();

    [GeneratedRegex("""^(?:"[^"\\{}\r\n]*"|'[^'\\{}\r\n]*'|-?[0-9]{1,15}|true|false|null)$""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"^(?:\.\./)*(?:\.\.|\.|(?:\./)?@?(?:[\p{L}_$][\p{L}\p{N}_$-]*|\[[^\[\]{}'""\\|]{1,128}\])(?:[./](?:[\p{L}_$][\p{L}\p{N}_$-]*|[0-9]{1,6}|\[[^\[\]{}'""\\|]{1,128}\]))*)$")]
    private static partial Regex Path();

    [GeneratedRegex(@"^(?:\.\./)*(?:\.\.|\.\./\.|\.\./this)$")]
    private static partial Regex WholeParent();

    /// <summary>A block that is open.</summary>
    private sealed record Block(string Name, int At, bool HasElse = false, int Elses = 0);

    /// <summary>The words of an expression.</summary>
    private sealed partial class Tokens(TemplateSource source, string body, int start)
    {
        private int _at;
        private string? _next;

        public string? Peek() => _next ??= Read();

        public string? Next()
        {
            var next = Peek();
            _next = null;
            return next;
        }

        public string BlockParameters()
        {
            var match = Parameters().Match(body, _at);
            source.Refuse(!match.Success, start, "write one or two names after as, such as as |item|");
            _at += match.Length;
            return match.Groups[1].Value.Trim();
        }

        private string? Read()
        {
            while (_at < body.Length && char.IsWhiteSpace(body[_at]))
            {
                _at++;
            }

            if (_at == body.Length)
            {
                return null;
            }

            var match = Word().Match(body, _at);
            source.Refuse(!match.Success, start, $"{Shown(body[_at..])} is not understood");
            _at += match.Length;
            return match.Value;
        }

        [GeneratedRegex("""\G(?:[()]|"[^"]*"|'[^']*'|(?:\[[^\]]*\]|[^\s()"'=|\[\]])+)""")]
        private static partial Regex Word();

        [GeneratedRegex(@"\G\s*\|\s*([\p{L}_$][\p{L}\p{N}_$]*(?:\s+[\p{L}_$][\p{L}\p{N}_$]*)?)\s*\|")]
        private static partial Regex Parameters();
    }
}
