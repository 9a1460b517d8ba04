using System.Text.Json;
using System.Text.Json.Serialization;

namespace Notifications.Templates;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TemplateDocument))]
internal sealed partial class StoredTemplateJson : JsonSerializerContext;

/// <summary>Documents as they are stored.</summary>
internal static class TemplateJson
{
    public static TemplateDocument Read(byte[] json) => JsonSerializer.Deserialize(json, StoredTemplateJson.Default.TemplateDocument)!;

    public static byte[] Write(TemplateDocument document) => JsonSerializer.SerializeToUtf8Bytes(document, StoredTemplateJson.Default.TemplateDocument);
}
