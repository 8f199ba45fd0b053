// Units side by side: one line for each unit, in each plan its state, days and points.
import { span } from "../dates.js"
import { named, unitName } from "../parts.js"
import { el } from "../render.js"

const SIGNS = { UNDER_WAY: "◐", DEMONSTRATED: "◆", RECOGNISED: "✓", BEING_RECOGNISED: "…", PRIOR: "✓", ACQUIRED_ELSEWHERE: "⇄" }

const state = (code, t) => el(`span.stage.${code}`, {}, el("span", { "aria-hidden": "true" }, SIGNS[code] ?? "○"), t(code))

export function units({ combinedUnits }, context) {
  const { t, lang, providers, withheld } = context
  if (!combinedUnits?.length) return withheld.mark("Student.combinedUnits")
  return el(
    "section.units",
    {},
    el("h3", {}, t("units")),
    el("ul", {}, combinedUnits.map((unit) => {
      const name = unitName(unit, context)
      const elsewhere = unit.hints?.some(({ kind }) => kind === "ACQUIRED_ELSEWHERE")
      return el(
        "li",
        {},
        el("div.what", {}, named(name), unit.competencePoints != null && el("small", {}, t("points", unit.competencePoints)), elsewhere && state("ACQUIRED_ELSEWHERE", t)),
        el("div", {}, (unit.occurrences ?? []).map((each) => el(
          `div.where.${providers.look(each.provider)}`,
          {},
          providers.chip(each.provider),
          state(each.stage ?? each.standing ?? "UNKNOWN", t),
          el("small", {}, span(each.startDate ?? each.demonstratedOn, each.endDate ?? each.demonstratedOn, lang)),
        ))),
      )
    })),
  )
}
