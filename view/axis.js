// The plans of all providers on one time axis.
import { dayOf, inWords, scaleOf, span } from "./dates.js"
import { demonstration, isAtWorkplace, named, period, unitName } from "./parts.js"
import { cut, el, facts, free, opening } from "./render.js"
import { nameIn } from "./texts.js"

const OVER = ["GRADUATED", "DISCONTINUED", "CONSIDERED_DISCONTINUED", "REVOKED", "ANNULLED"]

export function axis(student, context) {
  const lanes = lanesOf(student)
  const scale = scaleOf(lanes.flatMap(daysOf), context.today)
  const track = (name, some) => el(`div.${name}`, { "aria-hidden": "true" }, el("div.track", {}, some))
  const labels = scale.ticks.filter(({ left }) => left < 96).map(({ left, text, isMain }) => mark(isMain ? "tick.year" : "tick", left, text))
  return el(
    "section",
    {},
    el("h3", {}, context.t("axis")),
    context.providers.legend(),
    el(
      "div.chart",
      {},
      track("scale", [labels, mark("now", scale.today, context.t("today"))]),
      track("lines", [scale.ticks.map(({ left }) => mark("line", left)), mark("now", scale.today)]),
      lanes.map((lane) => drawn(lane, scale, context)),
    ),
  )
}

// One lane for each study right, or for each plan where rights are not shown.
function lanesOf({ studyRights, hoksit, combinedUnits }) {
  const lanes = new Map()
  const of = ({ studyRightOid, oid = studyRightOid, provider }) => {
    const key = oid ?? provider?.oid ?? ""
    return lanes.get(key) ?? lanes.set(key, { provider, units: [] }).get(key)
  }
  for (const right of studyRights ?? []) of(right).right = right
  for (const plan of hoksit ?? []) of(plan).plan = plan
  for (const { occurrences, ...unit } of combinedUnits ?? []) {
    for (const each of occurrences ?? []) of(each).units.push({ ...unit, ...each, name: each.name ?? unit.name })
  }
  const first = (unit) => daysOfUnit(unit)[0] ?? "9"
  for (const { units } of lanes.values()) units.sort((one, other) => (first(one) < first(other) ? -1 : 1))
  return [...lanes.values()]
}

const ends = (some) => (some ?? []).flatMap(({ startDate, endDate }) => [startDate, endDate])
const daysOfUnit = (unit) =>
  [...ends([unit]), ...ends(unit.acquisitions), ...ends(unit.demonstrations), unit.demonstratedOn, unit.sentForAssessmentOn].filter(Boolean).sort()
const supportOf = (plan) => [...(plan?.learningSupport ?? []), ...(plan?.studiesSupportingStudySkills ?? [])]
const daysOf = ({ right, plan, units }) =>
  [right?.estimatedEndDate, plan?.firstApprovedOn, ...ends([right ?? {}]), ...ends(right?.periods), ...ends(supportOf(plan)), ...units.flatMap(daysOfUnit)]

const mark = (kind, left, text) => el(`span.${kind}`, { style: { left: `${left}%` } }, text)

function bar(kind, start, end, { at }, last) {
  const from = at(start ?? end)
  const to = end ?? last
  return el(`span.bar.${kind}`, { style: { left: `${from}%`, width: `${(to ? at(to) : 100) - from}%` } })
}

function drawn({ provider, right, plan, units }, scale, context) {
  const { t, lang, providers } = context
  const studied = right?.qualifications?.[0]?.code
  const title = studied && nameIn(lang, studied.name, studied.uri)
  return el(
    `section.lane.${providers.look(provider)}`,
    {},
    el("h4", {}, providers.chip(provider), title && named(title)),
    right?.startDate && row({ text: t("SR") }, [right.state && t(right.state), span(right.startDate, lastOf(right), lang)], drawnRight(right, plan, scale), () => states(right, plan, context)),
    units.map((unit) => {
      const days = daysOfUnit(unit)
      const name = unitName(unit, context)
      const told = [unit.stage && t(unit.stage), span(days[0], days.at(-1), lang) || t("noDays")]
      return row(name, told, drawnUnit(unit, scale), () => inside(unit, name, context))
    }),
    supportOf(plan).map(({ name, supportType, description, startDate, endDate }) => {
      const shown = unitName({ unit: supportType, name }, context)
      const bars = (startDate || endDate) && bar("support", startDate, endDate, scale)
      return row(shown, [t("D9"), span(startDate, endDate, lang) || t("noDays")], bars, () => [shown.text, description].map((each) => el("p", {}, free(each))))
    }),
  )
}

function row(name, told, bars, within) {
  const what = el("span.what", {}, named(name), el("small", {}, told.filter(Boolean).join(" · ")))
  return opening("details.row", el("summary", {}, what, el("span.track", { "aria-hidden": "true" }, bars)), () => el("div.inside", {}, within()))
}

function drawnUnit({ acquisitions, demonstrations, standing, startDate, endDate, sentForAssessmentOn, demonstratedOn }, scale) {
  const dated = (acquisitions ?? []).filter((each) => each.startDate || each.endDate)
  const held = (demonstrations ?? []).map((each) => each.endDate ?? each.startDate).filter(Boolean)
  if (!held.length && standing === "PRIOR") held.push(demonstratedOn ?? sentForAssessmentOn)
  return [
    !dated.length && (startDate || endDate) && bar("learning", startDate, endDate, scale),
    dated.map((each) => [
      bar(isAtWorkplace(each) ? "workplace" : "learning", each.startDate, each.endDate, scale),
      (each.interruptions ?? []).map((gap) => bar("interruption", gap.startDate, gap.endDate, scale, each.endDate)),
    ]),
    held.filter(Boolean).map((day) => mark("point.demonstration", scale.at(day))),
  ]
}

const inside = (unit, name, context) => [
  cut(name.text) !== name.text && free(name.text),
  unit.competencePoints != null && el("p", {}, context.t("points", unit.competencePoints)),
  (unit.acquisitions ?? []).map((told) => period(told, context)),
  (unit.demonstrations ?? []).map((told) => demonstration(told, context)),
]

const lastOf = ({ endDate, estimatedEndDate }) => endDate ?? estimatedEndDate

function drawnRight(right, plan, scale) {
  const states = right.periods ?? []
  const approved = [plan?.firstApprovedOn, plan?.approvedAt && dayOf(plan.approvedAt)].filter(Boolean)
  return [
    states.map(({ startDate, state }, place) => {
      if (OVER.includes(state)) return mark("point.end", scale.at(startDate))
      return bar(state === "PRESENT" ? "state" : "state.paused", startDate, states[place + 1]?.startDate ?? lastOf(right), scale)
    }),
    right.estimatedEndDate && mark("point.estimated", scale.at(right.estimatedEndDate)),
    approved.map((day) => mark("point.approved", scale.at(day))),
  ]
}

const states = (right, plan, { t, lang, withheld }) =>
  facts([
    ...(right.periods ?? []).map(({ startDate, state }) => [t(state), inWords(startDate, lang)]),
    [t("estimated"), inWords(right.estimatedEndDate, lang)],
    [t("approved"), plan && withheld.or(inWords(plan.firstApprovedOn, lang), "Hoks.firstApprovedOn")],
    [t("updated"), plan?.updatedAt && inWords(dayOf(plan.updatedAt), lang)],
  ])
