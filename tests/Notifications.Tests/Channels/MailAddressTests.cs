using Notifications.Channels.Email;

namespace Notifications.Tests.Channels;

public sealed class MailAddressTests
{
    [Theory]
    [InlineData("ann@example.com", "ann@example.com")]
    [InlineData("Ann.Lee+news@Example.COM", "Ann.Lee+news@example.com")]
    [InlineData("o'neil!#$%&*/=?^_`{|}~-@example.com", "o'neil!#$%&*/=?^_`{|}~-@example.com")]
    [InlineData("root@localhost", "root@localhost")]
    [InlineData("ann@bücher.example", "ann@xn--bcher-kva.example")]
    [InlineData("ann@BÜCHER.example", "ann@xn--bcher-kva.example")]
    [InlineData("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example")]
    [InlineData("ann@почта.рф", "ann@xn--80a1acny.xn--p1ai")]
    public void An_address_is_taken_and_goes_out_in_ASCII(string address, string wire)
    {
        Assert.True(MailAddressRules.IsAddress(address));
        Assert.Equal(wire, MailAddressRules.Wire(address));
        Assert.Equal(wire[(wire.IndexOf('@', StringComparison.Ordinal) + 1)..], MailAddressRules.Domain(address));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("ann")]
    [InlineData("ann@")]
    [InlineData("@example.com")]
    [InlineData("ann@lee@example.com")]
    [InlineData(" ann@example.com")]
    [InlineData("ann@example.com ")]
    [InlineData("ann lee@example.com")]
    [InlineData("ann@exa mple.com")]
    [InlineData("ann@example.com\r\nBcc: eve@example.com")]
    [InlineData("ann@example.com\n")]
    [InlineData("ann\r@example.com")]
    [InlineData("ann\0@example.com")]
    [InlineData("ann@example.com\0")]
    [InlineData("ann@example\u0085.com")]
    [InlineData("ann@example\u2028.com")]
    [InlineData("ann@example\u202e.com")]
    [InlineData("ann,eve@example.com")]
    [InlineData("ann@example.com,eve@example.com")]
    [InlineData("ann@example.com;eve@example.com")]
    [InlineData("<ann@example.com>")]
    [InlineData("Ann <ann@example.com>")]
    [InlineData("\"ann lee\"@example.com")]
    [InlineData("ann(comment)@example.com")]
    [InlineData("ann@[127.0.0.1]")]
    [InlineData("ann@exam_ple.com")]
    [InlineData("ann@-example.com")]
    [InlineData("ann@example-.com")]
    [InlineData("ann@example..com")]
    [InlineData("ann@.example.com")]
    [InlineData("ann@example.com.")]
    [InlineData(".ann@example.com")]
    [InlineData("ann.@example.com")]
    [InlineData("an..n@example.com")]
    [InlineData("jörg@example.com")]
    [InlineData("ann@example\u3002com")]
    [InlineData("ann@exam\uff0fple.com")]
    public void Anything_else_is_not(string? text)
    {
        Assert.False(MailAddressRules.IsAddress(text));
        Assert.Equal("", MailAddressRules.Domain(text ?? ""));
    }

    [Fact]
    public void Lengths_are_bounded()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 30), 6)) + ".example";
        Assert.True(MailAddressRules.IsAddress(new string('l', 254 - domain.Length - 1 > 64 ? 64 : 254 - domain.Length - 1) + "@" + domain));
        Assert.False(MailAddressRules.IsAddress(new string('l', 65) + "@example.com"));
        Assert.False(MailAddressRules.IsAddress("l@" + new string('d', 64) + ".example"));
        Assert.False(MailAddressRules.IsAddress("l@" + string.Join('.', Enumerable.Repeat(new string('d', 60), 5))));
        Assert.False(MailAddressRules.IsAddress("l@" + string.Concat(Enumerable.Repeat("ü.", 100)) + "example")); // Too long once it is ASCII.
        Assert.False(MailAddressRules.IsAddress(new string('@', 100_000)));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData(null, "")]
    [InlineData("  a \t b\r\nBcc: eve@example.com\r\n\r\nbody ", "a b Bcc: eve@example.com body")]
    [InlineData("a\0b\u0007c\u007fd\u0085e\u2028f\u2029g", "a b c d e f g")]
    [InlineData("cod.exe\u202e gnp", "cod.exe gnp")]
    [InlineData("👩\u200d🚀 ok", "👩\u200d🚀 ok")]
    public void A_header_has_one_line(string? text, string header) => Assert.Equal(header, MailAddressRules.HeaderText(text, 100));

    [Fact]
    public void Half_a_character_is_none()
    {
        Assert.False(MailAddressRules.IsAddress("ann@\ud800.com"));
        Assert.Equal("a\ufffdb", MailAddressRules.HeaderText("a\ud800b", 100));
    }

    [Theory]
    [InlineData("0123456789", "0123456789")]
    [InlineData("0123456789a", "012345678…")]
    [InlineData("01234567 9a", "01234567…")]
    [InlineData("01234567🎉x", "01234567…")]
    [InlineData("012345678🎉", "012345678…")]
    public void What_is_too_long_is_cut_between_characters(string text, string header) => Assert.Equal(header, MailAddressRules.HeaderText(text, 10));
}
