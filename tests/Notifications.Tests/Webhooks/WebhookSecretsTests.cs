using Notifications.Webhooks;

namespace Notifications.Tests.Webhooks;

public sealed class WebhookSecretsTests
{
    /// <summary>The example of the libraries of Standard Webhooks.</summary>
    [Fact]
    public void A_signature_is_that_of_the_standards_example()
    {
        var secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSecrets.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, """{"test": 2432232314}"""u8));
        Assert.Equal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", WebhookSecrets.Show(secret));
    }

    [Fact]
    public void A_new_secret_is_long_enough_and_another_each_time()
    {
        Assert.InRange(WebhookSecrets.New().Length, 24, 64); // What the standard asks for.
        Assert.NotEqual(WebhookSecrets.New(), WebhookSecrets.New());
    }
}
