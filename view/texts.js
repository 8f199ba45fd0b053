// Words in the reader's language, and names as sources give them.
export const LANGUAGES = ["fi", "sv", "en"]

// The language of a tag such as "sv-FI"; Finnish where it is none of ours.
export const languageOf = (tag) => LANGUAGES.find((each) => String(tag).slice(0, 2).toLowerCase() === each) ?? "fi"

// `t("points", 15)` in one language; a code that is not known stands for itself.
export async function words(lang, more) {
  const texts = { ...(await import(`./texts/${lang}.js`)).default, ...more }
  return (key, ...told) =>
    (Object.hasOwn(texts, key) ? texts[key] : String(key)).replace(/\{(\d)\}/g, (_, number) => told[number] ?? "")
}

// A name in the reader's language or else another, which is then said; of a code without a name its end.
export function nameIn(lang, name, uri) {
  const found = [lang, "fi", "sv", "en"].find((each) => name?.[each])
  if (found) return { text: name[found], lang: found === lang ? null : found }
  return uri ? { text: String(uri).split("_").at(-1), lang: null } : null
}
