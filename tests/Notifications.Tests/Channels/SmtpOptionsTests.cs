using Notifications.Channels.Email;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Channels;

public sealed class SmtpOptionsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("localhost", null, null, SmtpSecurity.None, 25)]
    [InlineData("127.0.0.1", null, null, SmtpSecurity.None, 25)]
    [InlineData("::1", null, 2525, SmtpSecurity.None, 2525)]
    [InlineData("mail.example.com", null, null, SmtpSecurity.StartTls, 587)]
    [InlineData("10.0.0.5", null, null, SmtpSecurity.StartTls, 587)]
    [InlineData("mail.example.com", SmtpSecurity.None, null, SmtpSecurity.None, 25)]
    [InlineData("mail.example.com", SmtpSecurity.Tls, null, SmtpSecurity.Tls, 465)]
    [InlineData("localhost", SmtpSecurity.StartTls, 25, SmtpSecurity.StartTls, 25)]
    public void What_is_not_set_follows_from_what_is(string host, SmtpSecurity? security, int? port, SmtpSecurity expected, int expectedPort)
    {
        var options = new SmtpOptions { Host = host, From = "a@example.com", Security = security, Port = port };
        Assert.Empty(options.Validate());
        Assert.Equal((expected, expectedPort), (options.Server().Security, options.Server().Port));
    }

    [Fact]
    public void Nothing_set_is_no_email() => Assert.Empty(new SmtpOptions().Validate());

    [Fact]
    public async Task A_password_can_stand_in_a_file()
    {
        var file = Path.Combine(_folder.Info.FullName, "password");
        await File.WriteAllTextAsync(file, "s3cret \n");
        var options = new SmtpOptions { Host = "localhost", From = "a@example.com", User = "service", PasswordFile = file };
        Assert.Empty(options.Validate());
        Assert.Equal(("service", "s3cret"), (options.Server().Login!.UserName, options.Server().Login!.Password));
        options.Password = "another";
        Assert.Contains("Notifications:Smtp:PasswordFile", Assert.Single(options.Validate()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_that_knows_tls_may_be_asked_for_it()
    {
        (string, string)[] settings = [("Notifications:Smtp:Host", "localhost"), ("Notifications:Smtp:From", "a@example.com"), ("Notifications:Smtp:Security", "tls")];
        await using var host = await TestHost.StartAsync(
            _folder.Info, settings: settings,
            replace: services => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(
                services, new MailTransportChoice(ImplicitTls: true, (server, time) => new BaseMailTransport(server, time))));
        Assert.Equal(SmtpSecurity.Tls, host.Get<Microsoft.Extensions.Options.IOptions<SmtpOptions>>().Value.Security);
    }
}
