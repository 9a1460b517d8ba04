using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Storage;

namespace Notifications.Tests.Storage;

public sealed class CodePointOrderTests
{
    [Fact]
    public void Text_sorts_as_the_bytes_of_its_utf8() => Prop.ForAll(Gen.Zip(Texts.Any, Texts.Any, (a, b) => (a, b)).ToArbitrary(), pair =>
        Math.Sign(CodePointOrder.Instance.Compare(pair.a, pair.b)) == Math.Sign(Utf8(pair.a).AsSpan().SequenceCompareTo(Utf8(pair.b))))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Fact]
    public void A_common_beginning_changes_nothing() => Prop.ForAll(Gen.Zip(Texts.Any, Gen.Zip(Texts.Any, Texts.Any, (a, b) => (a, b)), (p, t) => (Prefix: p, t.a, t.b)).ToArbitrary(), t =>
        Math.Sign(CodePointOrder.Instance.Compare(t.Prefix + t.a, t.Prefix + t.b)) == Math.Sign(CodePointOrder.Instance.Compare(t.a, t.b)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void Private_use_characters_come_before_those_with_surrogates()
    {
        string[] sorted = ["", "a", "z", "é", "\uD7FF", "\uE000", "\uFFFF", "𐀀", "😀", "😁", "\U0010FFFF"];
        Assert.Equal(sorted, sorted.Reverse().Order(CodePointOrder.Instance));
        Assert.NotEqual(sorted, sorted.Order(StringComparer.Ordinal));
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
