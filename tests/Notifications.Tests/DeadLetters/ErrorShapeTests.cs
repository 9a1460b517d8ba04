using Notifications.DeadLetters;
using Notifications.Events;

namespace Notifications.Tests.DeadLetters;

public sealed class ErrorShapeTests
{
    [Theory]
    [InlineData("The receiver answered 500.", "The receiver answered #.")]
    [InlineData("Timeout after 10.5 s on attempt 3", "Timeout after #.# s on attempt #")]
    [InlineData("No delivery dlv_0199f0c52f7b7c3e8a4d5b6c7d8e9f01 here", "No delivery # here")]
    [InlineData("key 0199f0c5-2f7b-7c3e-8a4d-5b6c7d8e9f01", "key #")]
    [InlineData("550 <ann.b+c@mail.example.com> unknown", "# <#> unknown")]
    [InlineData("internationalization of nothing", "internationalization of nothing")]
    [InlineData("", "")]
    public void Ids_numbers_and_addresses_do_not_matter(string error, string shape) => Assert.Equal(shape, ErrorShape.Of(error));

    [Fact]
    public void A_long_error_is_cut() => Assert.Equal(200, ErrorShape.Of(new string('x', 1_000_000)).Length);

    [Theory]
    [InlineData("""{"type":"t","priority":"critical"}""", Priority.Critical)]
    [InlineData("""{"data":{"priority":"critical"},"priority":"low"}""", Priority.Low)]
    [InlineData("""{"type":"t"}""", Priority.Normal)]
    [InlineData("""{"priority":null}""", Priority.Normal)]
    public void The_priority_of_an_event_is_in_its_content(string content, Priority priority) =>
        Assert.Equal(priority, DeadLetterReplay.PriorityOf(System.Text.Encoding.UTF8.GetBytes(content)));
}
