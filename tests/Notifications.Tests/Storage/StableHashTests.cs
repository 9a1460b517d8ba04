using FsCheck;
using FsCheck.Fluent;
using Notifications.Storage;

namespace Notifications.Tests.Storage;

/// <summary>The hash is part of what is stored: partitions and ids are made with it. These values never change.</summary>
public sealed class StableHashTests
{
    [Theory]
    [InlineData("", 0xf52a15e9a9b5e89b)]
    [InlineData("a", 0x02c0bdbf481420f8)]
    [InlineData("user:ann", 0x536d6910605068fd)]
    [InlineData("é", 0x5ad2f93fc008067d)]
    [InlineData("😀", 0xd3400ab804e9f085)]
    [InlineData("\uE000", 0xe79368df0543939a)]
    public void A_text_has_this_hash_for_ever(string text, ulong expected) => Assert.Equal(expected, StableHash.Of(text));

    [Theory]
    [InlineData("", "", 0x6168c18c5583c71b)]
    [InlineData("ab", "c", 0xbb82ecb078a4afd7)]
    [InlineData("a", "bc", 0x07e963bed992820c)]
    [InlineData("default", "user:ann", 0x865ccb8a4be291be)]
    [InlineData("acme", "topic:news", 0x8df433cc1b4e8cfe)]
    [InlineData("acme", "all", 0x652b250bb67f53ea)]
    [InlineData("", "user:😀", 0x36abb52b6b5d9407)]
    public void A_pair_has_this_hash_for_ever(string first, string second, ulong expected) => Assert.Equal(expected, StableHash.Of(first, second));

    [Fact]
    public void Where_a_pair_is_split_matters() => Prop.ForAll(Texts.Any.ToArbitrary(), text =>
        Enumerable.Range(0, text.Length + 1).Select(at => StableHash.Of(text.AsSpan(0, at), text.AsSpan(at))).Distinct().Count() == text.Length + 1)
        .QuickCheckThrowOnFailure();
}
