/** The form of a language's plural for a count, with the count in place of `#`. */
export function n(language: string, count: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }): string {
  const form = forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
  return form.replace("#", count.toLocaleString(language));
}
