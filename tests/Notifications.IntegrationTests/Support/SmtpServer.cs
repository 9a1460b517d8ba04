using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a mail server is started.</summary>
public sealed record SmtpSettings
{
    /// <summary><c>none</c>, <c>starttls</c> (which it then insists on) or <c>implicit</c>.</summary>
    public string Tls { get; init; } = "none";

    /// <summary>Whom it lets in; everybody where it is null.</summary>
    public (string User, string Password)? Login { get; init; }

    /// <summary>Whether its certificate is signed by <see cref="SmtpServer.Authority"/>; by nobody else.</summary>
    public bool Trusted { get; init; } = true;
}

/// <summary>A mail server of its own (tests/js/smtp.js), which keeps what it is given and misbehaves when it is told to.</summary>
public sealed partial class SmtpServer : IAsyncDisposable
{
    private static readonly Lazy<X509Certificate2> LazyAuthority = new(() => Certificate("CN=Test authority", null));
    private static readonly string Script = Path.Combine(Repository.Root, "tests", "js", "smtp.js");

    private readonly TempFolder _folder = new();
    private readonly OutputLog _log = new();
    private readonly HttpClient _control;
    private readonly int _controlPort = Ports.Free();
    private readonly SmtpSettings _settings;
    private ChildProcess? _process;

    private SmtpServer(SmtpSettings settings)
    {
        _settings = settings;
        _control = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_controlPort}")),
            Timeout = Until.Limit,
        };
    }

    /// <summary>Why tests that need a mail server cannot run here, or null where they can.</summary>
    public static string? Missing { get; } = Executables.Find("node") is null
        ? "Node.js is not installed (Debian: apt-get install nodejs npm)."
        : !Directory.Exists(Path.Combine(Repository.Root, "tests", "js", "node_modules", "smtp-server")) ? "The packages of tests/js are not installed (npm --prefix tests/js ci)."
        : null;

    /// <summary>Who signs the certificates of trusted servers.</summary>
    public static X509Certificate2 Authority => LazyAuthority.Value;

    /// <summary>Where it listens; stays the same over restarts.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<SmtpServer> StartAsync(SmtpSettings? settings = null)
    {
        var server = new SmtpServer(settings ?? new SmtpSettings());
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it (again) on the same port, without the messages it had, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        var (key, certificate) = _settings.Tls == "none" ? (null, null) : WriteCertificate();
        var options = JsonSerializer.Serialize(new
        {
            port = Port,
            control = _controlPort,
            tls = _settings.Tls,
            key,
            cert = certificate,
            login = _settings.Login is { } login ? new { user = login.User, password = login.Password } : null,
        });
        _process = ChildProcess.Start([Executables.Find("node") ?? throw new InvalidOperationException(Missing), Script, options], _log);
        var started = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Until.Limit)
            {
                throw new InvalidOperationException($"The mail server did not start.\n{_log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Ends it without a warning.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Send(Signal.Kill);
            await process.WaitAsync(Until.Limit);
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Says how to treat what comes next: see tests/js/smtp.js.</summary>
    public async Task BehaveAsync(object behaviour) => (await _control.PostAsJsonAsync("/behave", behaviour)).EnsureSuccessStatusCode().Dispose();

    /// <summary>Closes all connections, as servers do with idle ones.</summary>
    public async Task CloseConnectionsAsync()
    {
        (await _control.PostAsync("/close", null)).EnsureSuccessStatusCode().Dispose();
        await Until.ValueAsync("the connections to be closed", StateAsync, state => state.Open == 0);
    }

    /// <summary>What it was given, and by how many connections.</summary>
    public async Task<SmtpState> StateAsync()
    {
        var json = await _control.GetFromJsonAsync<JsonElement>("/");
        return new SmtpState(
            [.. json.GetProperty("messages").EnumerateArray().Select(ReceivedMail.Read)], json.GetProperty("connections").GetInt32(), json.GetProperty("open").GetInt32());
    }

    /// <summary>How many messages it has, of how many bytes, and how long it took from the first to the last; quick, where there are many.</summary>
    public async Task<(int Messages, long Bytes, TimeSpan Took)> CountAsync()
    {
        var json = await _control.GetFromJsonAsync<JsonElement>("/count");
        return (json.GetProperty("count").GetInt32(), json.GetProperty("bytes").GetInt64(), TimeSpan.FromMilliseconds(json.GetProperty("milliseconds").GetDouble()));
    }

    /// <summary>Waits until it has this many messages, and returns them.</summary>
    public async Task<IReadOnlyList<ReceivedMail>> MessagesAsync(int count) =>
        (await Until.ValueAsync($"{count} messages", StateAsync, state => state.Messages.Count >= count)).Messages;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _control.Dispose();
        _folder.Dispose();
    }

    private static X509Certificate2 Certificate(string name, X509Certificate2? issuer)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var from = TimeProvider.System.GetUtcNow().AddDays(-1);
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, from.AddDays(30));
        }

        using var signed = request.Create(issuer, from, from.AddDays(29), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    private (string Key, string Certificate) WriteCertificate()
    {
        using var certificate = Certificate("CN=localhost", _settings.Trusted ? Authority : null);
        var (key, cert) = (Path.Combine(_folder.Path, "key.pem"), Path.Combine(_folder.Path, "cert.pem"));
        File.WriteAllText(key, certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(cert, certificate.ExportCertificatePem());
        return (key, cert);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await StateAsync();
            using var probe = new System.Net.Sockets.TcpClient();
            await probe.ConnectAsync(System.Net.IPAddress.Loopback, Port);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}

/// <summary>What a mail server was given.</summary>
/// <param name="Messages">Oldest first.</param>
/// <param name="Connections">How many were made to it, the one that found out whether it runs included.</param>
/// <param name="Open">How many there are now.</param>
public sealed record SmtpState(IReadOnlyList<ReceivedMail> Messages, int Connections, int Open);

/// <summary>A message as a mail server got it.</summary>
public sealed partial record ReceivedMail(string From, IReadOnlyList<string> To, bool Secure, string? User, string Connection, string Raw)
{
    /// <summary>The part in plain text.</summary>
    public string Text => Part("text/plain");

    /// <summary>The part in HTML.</summary>
    public string Html => Part("text/html");

    /// <summary>Its subject, decoded.</summary>
    public string Subject => Header("Subject") ?? "";

    private string Head => Raw[..Raw.IndexOf("\r\n\r\n", StringComparison.Ordinal)];

    /// <summary>Reads it.</summary>
    public static ReceivedMail Read(JsonElement json) => new(
        json.GetProperty("from").GetString()!, [.. json.GetProperty("to").EnumerateArray().Select(to => to.GetString()!)], json.GetProperty("secure").GetBoolean(),
        json.GetProperty("user").GetString(), json.GetProperty("connection").GetString()!, Encoding.UTF8.GetString(json.GetProperty("raw").GetBytesFromBase64()));

    /// <summary>A header's value, unfolded and decoded (RFC 2047); null where there is none.</summary>
    /// <exception cref="InvalidOperationException">It is there twice.</exception>
    public string? Header(string name) => Headers(Head).Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(header => Decode(header.Value)).SingleOrDefault();

    /// <summary>The names of all headers.</summary>
    public IReadOnlyList<string> HeaderNames => [.. Headers(Head).Select(header => header.Name)];

    private static IEnumerable<(string Name, string Value)> Headers(string head) => Fold().Replace(head, " ").Split("\r\n")
        .Select(line => (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()));

    private static string Decode(string value) => EncodedWord().Replace(BetweenWords().Replace(value, "$1"), word =>
    {
        var text = word.Groups[2].Value;
        var bytes = word.Groups[1].Value is "B" or "b"
            ? Convert.FromBase64String(text)
            : [.. Escape().Replace(text.Replace('_', ' '), e => ((char)Convert.ToByte(e.Groups[1].Value, 16)).ToString()).Select(c => (byte)c)];
        return Encoding.UTF8.GetString(bytes);
    });

    private string Part(string mediaType)
    {
        var boundary = Boundary().Match(Headers(Head).Single(h => h.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value).Groups[1].Value;
        var part = Raw.Split("--" + boundary).Single(p => p.Contains(mediaType, StringComparison.OrdinalIgnoreCase) && p.StartsWith("\r\n", StringComparison.Ordinal));
        var body = part.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (!part[..body].Contains("base64", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"Not in base64: {part}");
        }

        return Encoding.UTF8.GetString(Convert.FromBase64String(part[body..].Trim()));
    }

    [GeneratedRegex(@"\r\n[ \t]+")]
    private static partial Regex Fold();

    [GeneratedRegex(@"=\?utf-8\?([BbQq])\?([^?]*)\?=", RegexOptions.IgnoreCase)]
    private static partial Regex EncodedWord();

    [GeneratedRegex(@"(=\?[^?]+\?[BbQq]\?[^?]*\?=)\s+(?==\?)")]
    private static partial Regex BetweenWords();

    [GeneratedRegex("=([0-9A-Fa-f]{2})")]
    private static partial Regex Escape();

    [GeneratedRegex("boundary=\"?([^\";]+)")]
    private static partial Regex Boundary();
}
