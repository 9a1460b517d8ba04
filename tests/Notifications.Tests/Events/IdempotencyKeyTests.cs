using Microsoft.Extensions.Primitives;
using Notifications.Events;

namespace Notifications.Tests.Events;

public class IdempotencyKeyTests
{
    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("  abc ", "abc")]
    [InlineData("\"abc\"", "abc")]
    [InlineData("\"a b\"", "a b")]
    [InlineData("\"a\\\"b\\\\c\"", "a\"b\\c")]
    [InlineData("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("a\"b", "a\"b")]
    public void Both_forms_are_read(string header, string expected)
    {
        Assert.True(IdempotencyKey.TryRead(header, out var key, out _));
        Assert.Equal(expected, key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"\"")]
    [InlineData("\"abc")]
    [InlineData("\"")]
    [InlineData("\"a\"b\"")]
    [InlineData("\"a\\x\"")]
    [InlineData("\"a\\\"")]
    [InlineData("\"a\";p=1")]
    [InlineData("a\u0001b")]
    public void Others_are_refused(string header) => AssertRefused(header);

    [Fact]
    public void It_has_the_limits_of_an_id() => AssertRefused(new string('k', EventLimits.MaxId + 1));

    [Fact]
    public void It_is_Unicode() => AssertRefused("a\ud800");

    [Fact]
    public void It_is_given_once() => AssertRefused(new StringValues(["a", "a"]));

    [Fact]
    public void It_may_be_left_out()
    {
        Assert.True(IdempotencyKey.TryRead(StringValues.Empty, out var key, out _));
        Assert.Null(key);
    }

    private static void AssertRefused(StringValues header)
    {
        Assert.False(IdempotencyKey.TryRead(header, out _, out var fault));
        Assert.False(string.IsNullOrWhiteSpace(fault));
    }
}
