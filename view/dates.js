// Days ("2026-10-05") in words, and the scale of a time axis, in days since 1970.
export const LOCALES = { fi: "fi-FI", sv: "sv-FI", en: "en-GB" }
const DAY = 86_400_000
const FURTHEST = 15 * 366
const formats = {}

const number = (day) => Date.parse(day) / DAY

export function inWords(day, lang) {
  formats[lang] ??= new Intl.DateTimeFormat(LOCALES[lang], { dateStyle: "medium", timeZone: "UTC" })
  return day ? formats[lang].format(Date.parse(day)) : ""
}

// The day of a moment, or of now, in Helsinki's calendar.
export const dayOf = (instant) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Helsinki" }).format(instant ? new Date(instant) : new Date())

export function span(start, end, lang) {
  if (start && start === end) return inWords(start, lang)
  return start || end ? `${inWords(start, lang)} – ${inWords(end, lang)}`.trim() : ""
}

// From the first to the last day; what is more than fifteen years off ends at the edge.
export function scaleOf(days, today) {
  const now = number(today)
  const near = [now - 45, now + 45, ...days.filter(Boolean).map(number)].filter((each) => Math.abs(each - now) < FURTHEST)
  const from = month(Math.min(...near), 0)
  const to = month(Math.max(...near), 1)
  const at = (day) => Math.min(100, Math.max(0, ((number(day) - from) / (to - from)) * 100))
  return { at, today: at(today), ticks: ticks(from, to) }
}

// The first day of this or a later month.
function month(day, later) {
  const date = new Date(day * DAY)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later) / DAY
}

// Beginnings of quarters, half-years or years, as many as can be read.
function ticks(from, to) {
  const step = [3, 6, 12, 24].find((each) => (to - from) / 30.44 / each <= 14) ?? 36
  const found = []
  for (let day = from; day < to; day = month(day, 1)) {
    const date = new Date(day * DAY)
    const [year, count] = [date.getUTCFullYear(), date.getUTCMonth()]
    const months = year * 12 + count
    if (months % step) continue
    found.push({ left: ((day - from) / (to - from)) * 100, text: count ? `${count + 1}/${year % 100}` : year, isMain: months % Math.max(12, step * 2) === 0 })
  }
  return found
}
