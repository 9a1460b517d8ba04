using FsCheck;
using FsCheck.Fluent;

namespace Notifications.Tests.Storage;

/// <summary>Generators of text that could be stored.</summary>
internal static class Texts
{
    private static readonly string[] Characters =
        ["a", "b", "z", "0", "-", ".", "\"", "\\", "/", "<", "é", "ß", "\u2028", "漢", "\uD7FF", "\uE000", "\uFFFD", "\uFFFF", "𐀀", "😀", "\U0010FFFF"];

    /// <summary>Any text without lone surrogates, of characters on both sides of every border.</summary>
    public static Gen<string> Any { get; } = Gen.Elements(Characters).ArrayOf().Select(string.Concat);

    /// <summary>Text that may be a user id or a topic key.</summary>
    public static Gen<string> Key { get; } = Any.Where(t => Notifications.Events.Recipient.IsKey(t));

    /// <summary>A JSON value.</summary>
    public static Gen<string> Json { get; } = Any.Two().Select(p => (p.Item1, p.Item2) switch
    {
        ("", "") => "null",
        ("", var t) => System.Text.Json.JsonSerializer.Serialize(t),
        (var t, "") => "[ " + System.Text.Json.JsonSerializer.Serialize(t) + " ,-1.50e3,true]",
        var (a, b) => $"{{ {System.Text.Json.JsonSerializer.Serialize(a)} : {{\"}}\":{System.Text.Json.JsonSerializer.Serialize(b)} }} }}",
    });

    /// <summary>Three generators as one.</summary>
    public static Gen<TResult> Zip<T1, T2, T3, TResult>(Gen<T1> first, Gen<T2> second, Gen<T3> third, Func<T1, T2, T3, TResult> map) =>
        Gen.Zip(Gen.Zip(first, second, (a, b) => (a, b)), third, (pair, c) => map(pair.a, pair.b, c));

    private static Gen<(T, T)> Two<T>(this Gen<T> gen) => Gen.Zip(gen, gen, (a, b) => (a, b));
}
