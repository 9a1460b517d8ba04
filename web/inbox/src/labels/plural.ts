/** A function that picks the form of a count: `forms(n, { one: "# day", other: "# days" })`, where `#` becomes the count. */
export function plural(language: string): (count: number, forms: { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>) => string {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("#", numbers.format(count));
}

/** "order_updates" as people read it: "Order updates". */
export function humanize(key: string): string {
  const words = key.replace(/[._:/-]+/g, " ").trim();
  return words === "" ? key : words.charAt(0).toUpperCase() + words.slice(1);
}
