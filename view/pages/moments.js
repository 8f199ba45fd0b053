// A moment in words, as clocks show it in Finland.
import { LOCALES } from "../dates.js"

export const moment = (instant, lang) =>
  new Intl.DateTimeFormat(LOCALES[lang], { dateStyle: "medium", timeStyle: "short", timeZone: "Europe/Helsinki" }).format(new Date(instant))
