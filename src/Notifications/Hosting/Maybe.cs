using System.Text.Json;
using System.Text.Json.Serialization;

namespace Notifications;

/// <summary>A member that may be left out of a JSON object, which is not the same as null.</summary>
/// <param name="Value">The value; meaningless where <paramref name="IsSet"/> is false.</param>
/// <param name="IsSet">Whether the member was there.</param>
[JsonConverter(typeof(MaybeConverterFactory))]
public readonly record struct Maybe<T>(T Value, bool IsSet = true);

/// <summary>Reads <see cref="Maybe{T}"/>: the converter runs only for a member that is there.</summary>
public sealed class MaybeConverterFactory : JsonConverterFactory
{
    /// <inheritdoc/>
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Maybe<>);

    /// <inheritdoc/>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(MaybeConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class MaybeConverter<T> : JsonConverter<Maybe<T>>
    {
        public override bool HandleNull => true;

        public override Maybe<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(JsonSerializer.Deserialize<T>(ref reader, options)!);

        public override void Write(Utf8JsonWriter writer, Maybe<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.Value, options);
    }
}
