using System.Net;
using System.Net.Sockets;
using Notifications.Hosting;

namespace Notifications.Channels.Email;

/// <summary>How the connection to the mail server is protected.</summary>
public enum SmtpSecurity : byte
{
    /// <summary>Not at all; for a server on this machine.</summary>
    None,

    /// <summary>Begun in clear and turned into TLS before anything is said (RFC 3207); refused where the server cannot.</summary>
    StartTls,

    /// <summary>TLS from the first byte on (RFC 8314, section 3.3).</summary>
    Tls,
}

/// <summary>Settings under <c>Notifications:Smtp</c>: the mail server that this service hands its mail to.</summary>
public sealed class SmtpOptions
{
    private const string Section = "Notifications:Smtp:";

    /// <summary>The mail server. Default: none, and there is no email.</summary>
    public string? Host { get; set; }

    /// <summary>Its port. Default: 25, with <c>starttls</c> 587, with <c>tls</c> 465.</summary>
    public int? Port { get; set; }

    /// <summary>The address that mail is from, unless a tenant has its own; needed with <see cref="Host"/>.</summary>
    public string? From { get; set; }

    /// <summary>The name beside <see cref="From"/>, up to 100 characters. Default: none.</summary>
    public string? FromName { get; set; }

    /// <summary>Who logs in. Default: nobody.</summary>
    public string? User { get; set; }

    /// <summary>The password of <see cref="User"/>.</summary>
    public string? Password { get; set; }

    /// <summary>A file that holds <see cref="Password"/>; read at start.</summary>
    public string? PasswordFile { get; set; }

    /// <summary><c>none</c>, <c>starttls</c> or <c>tls</c>. Default: <c>starttls</c>, and <c>none</c> for a server on this machine.</summary>
    public SmtpSecurity? Security { get; set; }

    /// <summary>Connections kept to the server, each for one message at a time; 1 to 100. Default: 4.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>Seconds that sending one message may take, 1 to 600. Default: 30.</summary>
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Messages to one domain at the same time, 1 to 100; the rest of them wait, other domains do not. Default: 2.</summary>
    public int PerDomain { get; set; } = 2;

    /// <summary>Whether there is email at all.</summary>
    internal bool IsConfigured => !string.IsNullOrEmpty(Host);

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        !IsConfigured && !string.IsNullOrEmpty(From) ? $"{Section}From is set without {Section}Host; set both, or neither for no email." : null,
        IsConfigured && Uri.CheckHostName(Host) == UriHostNameType.Unknown ? $"{Section}Host is \"{Host}\"; it must be a host name or IP address, without port." : null,
        IsConfigured && !MailAddressRules.IsAddress(From) ? $"{Section}From is \"{From}\"; it must be the address that mail is from, such as notifications@example.com." : null,
        FromName is { } name && (name.Length > 100 || name.Any(char.IsControl)) ? $"{Section}FromName must have at most 100 characters and no control characters." : null,
        Port is { } port ? Bounds.Check(Section + "Port", port, 1, 65535) : null,
        Security is { } security && !Enum.IsDefined(security) ? $"{Section}Security must be none, starttls or tls." : null,
        Password is not null && PasswordFile is not null ? $"{Section}Password and {Section}PasswordFile are both set; set one." : null,
        string.IsNullOrEmpty(User) && (Password ?? PasswordFile) is not null ? $"{Section}Password is set without {Section}User." : null,
        !string.IsNullOrEmpty(User) && (Password ?? PasswordFile) is null ? $"{Section}User is set without {Section}Password or {Section}PasswordFile." : null,
        UnreadableFile(),
        Bounds.Check(Section + "Connections", Connections, 1, 100),
        Bounds.Check(Section + "TimeoutSeconds", TimeoutSeconds, 1, 600),
        Bounds.Check(Section + "PerDomain", PerDomain, 1, 100),
    }.OfType<string>();

    /// <summary>The settings with every default put in; only where <see cref="IsConfigured"/>.</summary>
    /// <exception cref="StartupException">The password's file cannot be read.</exception>
    internal MailServer Server()
    {
        var security = Security ?? (IsLoopback(Host!) ? SmtpSecurity.None : SmtpSecurity.StartTls);
        var port = Port ?? security switch
        {
            SmtpSecurity.None => 25,
            SmtpSecurity.StartTls => 587,
            _ => 465,
        };
        var login = string.IsNullOrEmpty(User)
            ? null
            : new NetworkCredential(User, PasswordFile is { } file ? SecretFile.Read(Section + nameof(PasswordFile), file) : Password);
        return new MailServer(Host!, port, security, login, Connections, TimeSpan.FromSeconds(TimeoutSeconds));
    }

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            && IPAddress.IsLoopback(address));

    private string? UnreadableFile()
    {
        try
        {
            return PasswordFile is { } file && SecretFile.Read(Section + nameof(PasswordFile), file) is null ? "" : null;
        }
        catch (StartupException e)
        {
            return e.Message;
        }
    }
}

/// <summary>The mail server, as a transport needs to know it.</summary>
/// <param name="Host">Where.</param>
/// <param name="Port">Which port.</param>
/// <param name="Security">How the connection is protected.</param>
/// <param name="Login">Who logs in, or null.</param>
/// <param name="Connections">How many at most.</param>
/// <param name="Timeout">For one message, connecting included.</param>
public sealed record MailServer(string Host, int Port, SmtpSecurity Security, NetworkCredential? Login, int Connections, TimeSpan Timeout)
{
    /// <summary>For error messages.</summary>
    public override string ToString() => FormattableString.Invariant($"{Host}:{Port}");
}
