using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Notifications.Events;

/// <summary>
/// What the API's description says of these endpoints. The request bodies are described by hand, not with <c>Accepts</c>: that would
/// also let routing answer 415 without problem details, and before the caller is known.
/// </summary>
public static partial class EventsApi
{
    // Null is the same as leaving it out.
    private static readonly string?[] Priorities = ["low", "normal", "high", "critical", null];

    private const string EventExample = """
        {
          "id": "shipment-4711",
          "type": "order.shipped",
          "to": ["user:ada"],
          "title": "Your order is on its way",
          "body": "It arrives tomorrow between 9 and 12.",
          "url": "https://shop.example/orders/4711",
          "data": { "orderId": 4711 },
          "actions": [{ "id": "track", "label": "Track it", "url": "https://shop.example/orders/4711/track", "primary": true }],
          "category": "orders"
        }
        """;

    private const string CloudEventExample = """
        {
          "specversion": "1.0",
          "id": "shipment-4711",
          "source": "https://shop.example/orders",
          "type": "order.shipped",
          "recipients": "user:ada,topic:warehouse",
          "datacontenttype": "application/json",
          "data": { "title": "Your order is on its way", "orderId": 4711 }
        }
        """;

    private static void DescribePost(RouteHandlerBuilder endpoint) => Describe(endpoint)
        .WithName("PostEvent")
        .WithSummary("Post an event")
        .WithDescription(
            "Takes one event: a native one, or a CloudEvent 1.0 in structured or binary mode. A CloudEvents batch is answered as one of " +
            "/v1/events/batch. 202 means that the event is durable.")
        .Produces<EventReceipt>(StatusCodes.Status202Accepted)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
        .AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = IdempotencyKey.Header,
                In = ParameterLocation.Header,
                Description = "Another place for the event's id, in quotes or without. If both are given they must be equal.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = EventLimits.MaxId },
            });
            var native = await NativeSchemaAsync(context, cancellationToken);
            var cloud = await CloudSchemaAsync(context, cancellationToken);
            operation.RequestBody = Body(
                (MediaType.Json, native, EventExample),
                (MediaType.CloudEvent, cloud, CloudEventExample),
                (MediaType.CloudEventBatch, ArrayOf(cloud), $"[{CloudEventExample}]"));
        });

    private static void DescribePostBatch(RouteHandlerBuilder endpoint) => Describe(endpoint)
        .WithName("PostEvents")
        .WithSummary("Post a batch of events")
        .WithDescription(
            $"Takes up to {EventLimits.MaxBatchItems} events and {EventLimits.MaxBatchBytes >> 20} MiB, as a JSON array or one event per line. " +
            "One bad event never costs the good ones: the answer is 202 with a result for each, also when every one of them is bad.")
        .Produces<BatchReceipt>(StatusCodes.Status202Accepted)
        .AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            var native = await NativeSchemaAsync(context, cancellationToken);
            operation.RequestBody = Body(
                (MediaType.Json, ArrayOf(native), $"[{EventExample}]"),
                (MediaType.JsonLines, native, EventExample));
        });

    /// <summary>Describes an endpoint whose body is one native event.</summary>
    internal static RouteHandlerBuilder WithEventBody(this RouteHandlerBuilder endpoint) => endpoint.AddOpenApiOperationTransformer(
        async (operation, context, cancellationToken) =>
            operation.RequestBody = Body((MediaType.Json, await NativeSchemaAsync(context, cancellationToken), EventExample)));

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder endpoint) => endpoint
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status401Unauthorized)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<OpenApiSchema> NativeSchemaAsync(OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(EventRequest), null, cancellationToken);
        schema.AdditionalPropertiesAllowed = false;
        Enumerate(schema, "priority", Priorities);
        return schema;
    }

    private static async Task<OpenApiSchema> CloudSchemaAsync(OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(CloudEventRequest), null, cancellationToken);
        Enumerate(schema, "specversion", ["1.0"]);
        Enumerate(schema.Properties?["data"], "priority", Priorities);
        return schema;
    }

    private static void Enumerate(IOpenApiSchema? schema, string property, params IEnumerable<string?> values)
    {
        if (schema?.Properties?[property] is OpenApiSchema found)
        {
            found.Enum = [.. values.Select(v => JsonValue.Create(v) as JsonNode ?? JsonNullSentinel.JsonNull)];
        }
    }

    private static OpenApiSchema ArrayOf(OpenApiSchema item) =>
        new() { Type = JsonSchemaType.Array, Items = item, MinItems = 1, MaxItems = EventLimits.MaxBatchItems };

    private static OpenApiRequestBody Body(params (string ContentType, OpenApiSchema Schema, string Example)[] contents) => new()
    {
        Required = true,
        Content = contents.ToDictionary(
            c => c.ContentType, c => new OpenApiMediaType { Schema = c.Schema, Example = JsonNode.Parse(c.Example) }),
    };
}
